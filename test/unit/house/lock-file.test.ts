/** The lock file: what `npm ci` needs of it on any machine, and what may not be in it. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';

interface LockedPackage {
  readonly version?: string;
  readonly resolved?: string;
  readonly optionalDependencies?: Record<string, string>;
}

const lockFile = path.resolve(import.meta.dirname, '../../../package-lock.json');
const { packages } = JSON.parse(await readFile(lockFile, 'utf8')) as { packages: Record<string, LockedPackage> };

/** As Node looks for it: beside the package, then in each folder above. */
function isLocked(from: string, name: string): boolean {
  let folder = from;
  for (;;) {
    if (`${folder}${folder && '/'}node_modules/${name}` in packages) return true;
    if (folder === '') return false;
    folder = folder.includes('/node_modules/') ? folder.slice(0, folder.lastIndexOf('/node_modules/')) : '';
  }
}

test('names the parts of every platform, or `npm ci` refuses it', () => {
  const missing = Object.entries(packages).flatMap(([where, { optionalDependencies = {} }]) =>
    Object.keys(optionalDependencies)
      .filter((name) => !isLocked(where, name))
      .map((name) => `${where} wants ${name}`),
  );
  expect(missing).toEqual([]);
});

test('names no host to fetch from', () => {
  expect(Object.entries(packages).filter(([, { resolved }]) => resolved !== undefined)).toEqual([]);
});
