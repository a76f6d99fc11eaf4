/** The lock file: what `npm ci` needs of it on any machine, and what may not be in it. */
import { expect, test } from 'vitest';
import { placeOf, readLockFile } from '../../support/lock-file.ts';

const packages = await readLockFile();

test('names the parts of every platform, or `npm ci` refuses it', () => {
  const missing = Object.entries(packages).flatMap(([where, { optionalDependencies = {} }]) =>
    Object.keys(optionalDependencies)
      .filter((name) => placeOf(packages, where, name) === undefined)
      .map((name) => `${where} wants ${name}`),
  );
  expect(missing).toEqual([]);
});

test('names no host to fetch from', () => {
  expect(Object.entries(packages).filter(([, { resolved }]) => resolved !== undefined)).toEqual([]);
});
