/** package-lock.json, as the tests of the house read it. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';

export interface LockedPackage {
  readonly version?: string;
  readonly resolved?: string;
  readonly license?: string;
  readonly dev?: boolean;
  readonly dependencies?: Record<string, string>;
  readonly optionalDependencies?: Record<string, string>;
}

export type LockedPackages = Readonly<Record<string, LockedPackage>>;

/** @returns the packages by their place, e.g. `node_modules/a/node_modules/b`; the project itself is `''` */
export async function readLockFile(): Promise<LockedPackages> {
  const text = await readFile(path.resolve(import.meta.dirname, '../../package-lock.json'), 'utf8');
  return (JSON.parse(text) as { packages: LockedPackages }).packages;
}

/** Finds a dependency as Node does: beside the package that wants it, then in each folder above. */
export function placeOf(packages: LockedPackages, from: string, name: string): string | undefined {
  let folder = from;
  for (;;) {
    const place = `${folder}${folder && '/'}node_modules/${name}`;
    if (place in packages) return place;
    if (folder === '') return undefined;
    folder = folder.includes('/node_modules/') ? folder.slice(0, folder.lastIndexOf('/node_modules/')) : '';
  }
}
