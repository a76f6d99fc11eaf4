/**
 * The second digests of a package, by SM3 (GB/T 32905), where the installation makes them: of bodies of log entries and of
 * files that snapshots name. SHA-256 proves the same bytes; these are for who must rest on the national algorithm. The
 * machine's OpenSSL makes them; where there is none, as in a browser, they are not compared and the report says so.
 */
import { bodyPath, type PackageManifest } from './package-form.ts';
import type { EntryCheck } from './package-records.ts';
import type { Finding } from './package-report.ts';
import type { PackageBytes } from './package-container.ts';

export interface Sm3Digester {
  update(bytes: Uint8Array): void;
  /** Hexadecimal. */
  done(): string;
}

interface Named {
  readonly digest: string;
  readonly path: string;
  readonly entry: number;
}

const PIECE_BYTES = 1024 * 1024;

/** Every SM3 digest that a package bears of something that is in it. */
export function sm3Digests(manifest: PackageManifest, entries: EntryCheck): Named[] {
  const paths = new Map(manifest.files.map(({ sha256, path }) => [sha256, path]));
  const ofBodies = [...entries.bodySm3].map(([entry, digest]) => ({ digest, path: bodyPath(entry), entry }));
  const ofFiles = entries.snapshots.flatMap(({ record, index }) =>
    [record.stream.file, ...record.pictures.map(({ file }) => file)].flatMap((file) => {
      const path = paths.get(file?.sha256 ?? '');
      return file?.sm3 !== undefined && path !== undefined ? [{ digest: file.sm3, path, entry: index }] : [];
    }),
  );
  return [...ofBodies, ...ofFiles];
}

/** @param placeOf where a file's bytes lie in the package; undefined: it is damaged, which is found elsewhere */
export async function checkSm3(
  digests: readonly Named[],
  newDigester: () => Sm3Digester,
  file: PackageBytes,
  placeOf: (path: string) => { readonly dataAt: number; readonly bytes: number } | undefined,
): Promise<Finding[]> {
  const made = new Map<string, string>();
  const findings: Finding[] = [];
  for (const { digest, path, entry } of digests) {
    const place = placeOf(path);
    if (!place) continue;
    const found = made.get(path) ?? (await digestOf(file, place, newDigester()));
    made.set(path, found);
    if (found !== digest) findings.push({ code: 'sm3_other', where: { path, entry } });
  }
  return findings;
}

async function digestOf(
  file: PackageBytes,
  { dataAt, bytes }: { readonly dataAt: number; readonly bytes: number },
  digester: Sm3Digester,
): Promise<string> {
  for (let done = 0; done < bytes;) {
    const piece = await file.read(dataAt + done, Math.min(PIECE_BYTES, bytes - done));
    if (piece.length === 0) break;
    digester.update(piece);
    done += piece.length;
  }
  return digester.done();
}
