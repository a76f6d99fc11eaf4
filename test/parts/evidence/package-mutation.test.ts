/**
 * A whole package, changed in ten thousand ways and more: bytes flipped, dropped, added and moved, and records dropped,
 * added, moved and rewritten behind a container that was made good again. Every change must be found, and said where.
 */
import { ed25519 } from '@noble/curves/ed25519.js';
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { canonicalText } from '../../../src/evidence/canonical.ts';
import { checkPackage, type CheckReport } from '../../../src/evidence/package-check.ts';
import { newDigester } from '../../../src/evidence/package-file.ts';
import { pemOf, SEAL_PATHS, type PackageManifest } from '../../../src/evidence/package-form.ts';
import { headStatement, publicKeyOf, type SignedHead } from '../../../src/evidence/tree-head.ts';
import { crc32, directoryOf, localHeaderOf, type ZipEntry } from '../../../src/evidence/zip-form.ts';
import { PackageBench } from '../../support/built-package.ts';

interface Entry {
  name: string;
  data: Buffer;
}

let bench: PackageBench;
let whole: Buffer;
let entries: Entry[];
let time: string;
/** Where each entry begins in the file, the directory last. */
let starts: { name: string; at: number }[];

beforeAll(async () => {
  bench = await PackageBench.open(1);
  const [file = ''] = await bench.build();
  whole = await readFile(file);
  entries = [];
  starts = [];
  for (let at = 0; whole.readUInt32LE(at) === 0x04034b50;) {
    const nameBytes = whole.readUInt16LE(at + 26);
    const name = whole.subarray(at + 30, at + 30 + nameBytes).toString('utf8');
    const from = at + 30 + nameBytes;
    const bytes = whole.readUInt32LE(at + 18);
    entries.push({ name, data: whole.subarray(from, from + bytes) });
    starts.push({ name, at });
    at = from + bytes;
    if (whole.readUInt32LE(at) !== 0x04034b50) starts.push({ name: '', at });
  }
  time = (JSON.parse(dataOf(SEAL_PATHS.manifest).toString()) as PackageManifest).madeAtLocal;
}, 120_000);

afterAll(() => bench.close());

function check(bytes: Buffer, keyId?: string): Promise<CheckReport> {
  const file = {
    size: bytes.length,
    read: async (offset: number, length: number) =>
      offset < 0 ? new Uint8Array() : bytes.subarray(offset, offset + length),
  };
  return checkPackage(file, { newDigester, ...(keyId !== undefined && { keyId }) });
}

function dataOf(name: string): Buffer {
  return entries.find((entry) => entry.name === name)!.data;
}

/** The same sequence in every run. */
function sequence(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x9e3779b9) | 0;
    let value = Math.imul(state ^ (state >>> 12), 0x297a2d39);
    value = (value ^ (value >>> 15)) >>> 0;
    return value % below;
  };
}

/** Where to change something: half of the time anywhere, else in what is small and holds the rest together. */
function somewhere(next: (below: number) => number): number {
  const small = starts.findIndex(({ name }) => name.startsWith('snapshots/'));
  const lists = starts[small]?.at ?? whole.length;
  const directory = starts.at(-1)!.at;
  return [
    () => next(whole.length),
    () => next(whole.length),
    () => next(lists),
    () => (next(2) === 0 ? directory + next(whole.length - directory) : starts[next(starts.length)]!.at + next(40)),
  ][next(4)]!();
}

/** Index of the entry that a byte of the whole package belongs to; that after the last is the directory. */
function indexAt(offset: number): number {
  return starts.findLastIndex(({ at }) => at <= offset);
}

/** A finding names the entry that was changed, one beside it, or the very place. */
function saysWhere(report: CheckReport, from: number, until: number): boolean {
  const [first, last] = [indexAt(from), indexAt(Math.min(until, whole.length - 1))];
  const near = new Set(starts.slice(Math.max(0, first - 1), last + 2).map(({ name }) => name));
  return report.findings.some(
    ({ where }) =>
      (where.path !== undefined && near.has(where.path)) ||
      (where.offset !== undefined && where.offset >= from - 128 && where.offset <= until + 128),
  );
}

async function expectFound(bytes: Buffer, from: number, until: number, what: string): Promise<void> {
  const report = await check(bytes);
  if (report.ok || report.findings.length === 0) throw new Error(`not found: ${what}`);
  if (report.findings.some(({ code }) => code === 'check_failed')) {
    throw new Error(`the check itself failed: ${what}: ${JSON.stringify(report.findings)}`);
  }
  if (!saysWhere(report, from, until)) throw new Error(`not said where: ${what}: ${JSON.stringify(report.findings)}`);
}

it('finds nothing wrong with the package as it was made', async () => {
  const report = await check(whole, bench.signer.key.id);
  expect(report).toMatchObject({ ok: true, findings: [] });
  expect(entries.length).toBeGreaterThan(20);
});

it('finds every flipped bit: 5,000 of them', { timeout: 600_000 }, async () => {
  const next = sequence(1);
  for (let n = 0; n < 5_000; n++) {
    const at = somewhere(next);
    const bit = next(8);
    const bytes = Buffer.from(whole);
    bytes[at]! ^= 1 << bit;
    const report = await check(bytes);
    if (report.ok || report.findings.length === 0) throw new Error(`not found: bit ${bit} of byte ${at}`);
    const name = starts[indexAt(at)]!.name;
    const isSaid = report.findings.some(({ where }) => (name === '' ? where.offset === at : where.path === name));
    if (!isSaid)
      throw new Error(`not said where: bit ${bit} of byte ${at} in ${name}: ${JSON.stringify(report.findings)}`);
  }
});

it('finds whatever is dropped: 2,000 times', { timeout: 600_000 }, async () => {
  const next = sequence(2);
  for (let n = 0; n < 2_000; n++) {
    const at = somewhere(next);
    const count = Math.min(1 + (next(3) === 0 ? next(5_000) : next(8)), whole.length - at);
    const bytes = Buffer.concat([whole.subarray(0, at), whole.subarray(at + count)]);
    await expectFound(bytes, at, at + count, `${count} bytes dropped at ${at}`);
  }
});

it('finds whatever is added: 2,000 times', { timeout: 600_000 }, async () => {
  const next = sequence(3);
  for (let n = 0; n < 2_000; n++) {
    const at = n % 50 === 0 ? whole.length : n % 50 === 1 ? 0 : somewhere(next);
    const added = Buffer.from(Array.from({ length: 1 + next(40) }, () => (next(2) === 0 ? 0 : next(256))));
    const bytes = Buffer.concat([whole.subarray(0, at), added, whole.subarray(at)]);
    await expectFound(bytes, at, at + added.length, `${added.length} bytes added at ${at}`);
  }
});

it('finds whatever is moved: 1,000 times', { timeout: 600_000 }, async () => {
  const next = sequence(4);
  for (let n = 0; n < 1_000;) {
    const length = 1 + next(200);
    const [a, b] = [somewhere(next), somewhere(next)].sort((x, y) => x - y) as [number, number];
    if (b - a < length || b + length > whole.length) continue;
    const [first, second] = [whole.subarray(a, a + length), whole.subarray(b, b + length)];
    if (first.equals(second)) continue;
    n++;
    const bytes = Buffer.from(whole);
    bytes.set(second, a);
    bytes.set(first, b);
    const report = await check(bytes);
    if (report.ok) throw new Error(`not found: ${length} bytes of ${a} and ${b} changed places`);
    if (!saysWhere(report, a, a + length) && !saysWhere(report, b, b + length)) {
      throw new Error(`not said where: ${a}, ${b}: ${JSON.stringify(report.findings)}`);
    }
  }
});

/** A container without a flaw around whatever entries. */
function rebuilt(changed: readonly Entry[]): Buffer {
  const pieces: Uint8Array[] = [];
  const listed: ZipEntry[] = [];
  const offsets: number[] = [];
  let at = 0;
  for (const { name, data } of changed) {
    const entry = { name, bytes: data.length, crc32: crc32(data) };
    const header = localHeaderOf(entry, time);
    listed.push(entry);
    offsets.push(at);
    pieces.push(header, data);
    at += header.length + data.length;
  }
  return Buffer.concat([...pieces, directoryOf(listed, offsets, time)]);
}

async function expectRecordFound(changed: readonly Entry[], names: readonly string[], what: string): Promise<void> {
  const report = await check(rebuilt(changed));
  if (report.ok) throw new Error(`not found: ${what}`);
  const isSaid = report.findings.some(({ where }) => where.path !== undefined && names.includes(where.path));
  if (!isSaid) throw new Error(`not said where: ${what}: ${JSON.stringify(report.findings)}`);
}

it('makes again what it takes apart', () => {
  expect(rebuilt(entries).equals(whole)).toBe(true);
});

it('finds every file that is dropped, doubled, or has changed places', { timeout: 600_000 }, async () => {
  for (const [index, { name }] of entries.entries()) {
    const without = entries.filter((_, at) => at !== index);
    const beside = entries[index + 1] ?? entries[index - 1]!;
    await expectRecordFound(without, [name, beside.name], `${name} dropped`);
    const doubled = entries.toSpliced(index, 0, entries[index]!);
    await expectRecordFound(doubled, [name, beside.name, entries[index - 1]?.name ?? ''], `${name} doubled`);
    for (const [other, { name: otherName }] of entries.entries()) {
      if (other <= index) continue;
      const swapped = entries.with(index, entries[other]!).with(other, entries[index]!);
      await expectRecordFound(swapped, [name, otherName], `${name} and ${otherName} swapped`);
      if (other > index + 3) continue;
      const exchanged = entries
        .with(index, { name, data: entries[other]!.data })
        .with(other, { name: otherName, data: entries[index]!.data });
      await expectRecordFound(exchanged, [name, otherName], `contents of ${name} and ${otherName} exchanged`);
    }
  }
});

it('finds every line of a text that is dropped, doubled or swapped', { timeout: 600_000 }, async () => {
  for (const name of ['SHA256SUMS', 'README.txt', SEAL_PATHS.proofs]) {
    const index = entries.findIndex((entry) => entry.name === name);
    const lines = entries[index]!.data.toString('utf8').split('\n');
    for (const [at, line] of lines.entries()) {
      const next = lines[at + 1];
      const variants = [lines.toSpliced(at, 1), lines.toSpliced(at, 0, line)];
      if (next !== undefined && next !== line) variants.push(lines.with(at, next).with(at + 1, line));
      for (const variant of variants) {
        const data = Buffer.from(variant.join('\n'));
        if (!data.equals(entries[index]!.data)) {
          await expectRecordFound(entries.with(index, { name, data }), [name], `line ${at} of ${name}`);
        }
      }
    }
  }
});

it('finds every value of a record that was rewritten, however well', { timeout: 600_000 }, async () => {
  for (const [index, { name, data }] of entries.entries()) {
    if (!name.endsWith('.json')) continue;
    const value: unknown = JSON.parse(data.toString('utf8'));
    for (const variant of rewritten(value)) {
      const text = canonicalText(variant);
      const names = [name, name.replace('-body', '-entry'), name.replace('-entry', '-body')];
      await expectRecordFound(
        entries.with(index, { name, data: Buffer.from(text) }),
        names,
        `${name}: ${text.slice(0, 200)}`,
      );
    }
  }
});

/** The same value with one thing in it changed, left out or moved, for each thing in it. */
function* rewritten(value: unknown): Generator {
  if (Array.isArray(value)) {
    for (const [at, item] of value.entries()) {
      yield value.toSpliced(at, 1);
      if (at > 0 && canonicalText(item) !== canonicalText(value[at - 1])) {
        yield value.with(at, value[at - 1]).with(at - 1, item);
      }
      for (const variant of rewritten(item)) yield value.with(at, variant);
    }
  } else if (typeof value === 'object' && value !== null) {
    for (const [key, item] of Object.entries(value)) {
      const { [key]: _, ...rest } = value as Record<string, unknown>;
      yield rest;
      for (const variant of rewritten(item)) yield { ...value, [key]: variant };
    }
  } else if (typeof value === 'string')
    yield value === '' ? 'x' : value.slice(0, -1) + (value.endsWith('a') ? 'b' : 'a');
  else if (typeof value === 'number') yield value + 1;
  else yield value === true ? false : value === false ? true : 'x';
}

it('finds a package that somebody else has signed anew', async () => {
  const secret = ed25519.utils.randomSecretKey();
  const key = publicKeyOf(ed25519.getPublicKey(secret));
  const { head } = JSON.parse(dataOf(SEAL_PATHS.head).toString()) as SignedHead;
  const own = { ...head, keyId: key.id };
  const signature = Buffer.from(ed25519.sign(headStatement(own), secret));
  const forged = entries.map((entry): Entry => {
    if (entry.name === SEAL_PATHS.key) return { ...entry, data: Buffer.from(pemOf(key.spki)) };
    if (entry.name === SEAL_PATHS.statement) return { ...entry, data: Buffer.from(headStatement(own)) };
    if (entry.name === SEAL_PATHS.signature) return { ...entry, data: signature };
    if (entry.name !== SEAL_PATHS.head) return entry;
    return { ...entry, data: Buffer.from(canonicalText({ head: own, signature: signature.toString('base64') })) };
  });
  // The head itself is in order; that the log never accepted this key is not.
  const report = await check(rebuilt(forged));
  expect(report.claims).toMatchObject({ head: 'proven', keys: 'failed' });
  expect(report.ok).toBe(false);
  // And whoever knows the estate's fingerprint sees it at once.
  const compared = await check(rebuilt(forged), bench.signer.key.id);
  expect(compared.findings[0]).toMatchObject({ code: 'key_other', where: { path: SEAL_PATHS.key } });
  expect(createHash('sha256').update(Buffer.from(key.spki, 'base64')).digest('hex')).toBe(key.id);
});

it('ends with a report whatever it is given', async () => {
  const next = sequence(5);
  for (const bytes of [
    Buffer.alloc(0),
    Buffer.from('PK'),
    Buffer.alloc(100_000),
    whole.subarray(0, whole.length / 2),
  ]) {
    expect((await check(bytes)).ok).toBe(false);
  }
  for (let n = 0; n < 200; n++) {
    const bytes = Buffer.from(Array.from({ length: next(3_000) }, () => next(256)));
    expect((await check(bytes)).findings.length).toBeGreaterThan(0);
  }
});
