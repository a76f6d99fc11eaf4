/**
 * The time stamp in a package: that the head it is over is one of this log, signed by a key of it, and that the snapshots
 * stand under it. The authority's own signature is not checked here: that wants its certificates, which whoever checks must
 * have from elsewhere, and OpenSSL does it. Runs anywhere.
 */
import { sha256 } from '@noble/hashes/sha2.js';
import { entryPath, readProofs, STAMP_PATHS } from './package-form.ts';
import { isInLog, readCanonical } from './package-records.ts';
import type { CheckFacts, Finding } from './package-report.ts';
import { headStatement, verifyHead, type KeyAccepted, type SignedHead } from './tree-head.ts';

/**
 * @param entries of the package, checked
 * @param bytesOf a file of the package; undefined where it is not there or not whole
 */
export async function checkStamp(
  logId: string,
  entries: CheckFacts['entries'],
  bytesOf: (path: string) => Promise<Uint8Array | undefined>,
): Promise<{ findings: Finding[]; size: number | null }> {
  const altered = (path: string): Finding => ({ code: 'stamp_altered', where: { path } });
  const readText = async (path: string): Promise<string> => new TextDecoder().decode(await bytesOf(path));
  const signed = readCanonical<SignedHead>(await readText(STAMP_PATHS.head));
  const keys = entries.filter(({ kind }) => kind === 'key.accepted').map(({ body }) => (body as KeyAccepted).key);
  const key = keys.find(({ id }) => id === signed?.head.keyId);
  if (!signed || !key || signed.head.logId !== logId || !verifyHead(signed, key)) {
    return { findings: [altered(STAMP_PATHS.head)], size: null };
  }
  const findings: Finding[] = [];
  const statement = headStatement(signed.head);
  if (!isSame(statement, await bytesOf(STAMP_PATHS.statement))) findings.push(altered(STAMP_PATHS.statement));
  if (!holds(await bytesOf(STAMP_PATHS.token), sha256(statement))) findings.push(altered(STAMP_PATHS.token));
  const proofs = readProofs(await readText(STAMP_PATHS.proofs)) ?? [];
  let areUnder = proofs.length > 0;
  for (const line of proofs) areUnder &&= isInLog(await readText(entryPath(line.index)), line, signed.head);
  if (!areUnder) findings.push(altered(STAMP_PATHS.proofs));
  return { findings, size: signed.head.size };
}

/** Whether a token holds this digest as an OCTET STRING, as its message imprint does (RFC 3161, 2.4.1). */
function holds(token: Uint8Array | undefined, digest: Uint8Array): boolean {
  if (!token) return false;
  for (let at = token.indexOf(0x04); at >= 0; at = token.indexOf(0x04, at + 1)) {
    if (token[at + 1] === digest.length && isSame(token.subarray(at + 2, at + 2 + digest.length), digest)) return true;
  }
  return false;
}

function isSame(a: Uint8Array, b: Uint8Array | undefined): boolean {
  return a.length === b?.length && a.every((byte, at) => byte === b[at]);
}
