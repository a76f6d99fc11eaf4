import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import sharp from 'sharp';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { systemClock } from '../../../src/base/clock.ts';
import { openAuthority, requestTimestamp } from '../../../src/drivers/timestamp/timestamp.ts';
import { writeHead, writeStamp } from '../../../src/evidence/head-store.ts';
import { checkFile } from '../../../src/evidence/package-file.ts';
import { STAMP_PATHS, type PackageManifest } from '../../../src/evidence/package-form.ts';
import { checkStamp } from '../../../src/evidence/package-stamp.ts';
import { headStatement } from '../../../src/evidence/tree-head.ts';
import { OPENSSL_COMMANDS, OPENSSL_STAMP_COMMAND } from '../../../src/evidence/package-readme.ts';
import { PackageBench } from '../../support/built-package.ts';
import { startTimeAuthority } from '../../support/time-authority.ts';

const run = promisify(execFile);

let bench: PackageBench;
beforeAll(async () => {
  bench = await PackageBench.open(3);
}, 120_000);
afterAll(() => bench.close());

async function unpack(file: string): Promise<string> {
  const dir = `${file}.unpacked`;
  await mkdir(dir);
  await run('unzip', ['-q', file, '-d', dir]);
  return dir;
}

async function manifestOf(dir: string): Promise<PackageManifest> {
  return JSON.parse(await readFile(path.join(dir, 'manifest.json'), 'utf8')) as PackageManifest;
}

it('makes a package that verifies, whole', async () => {
  const [file = ''] = await bench.build();
  const report = await checkFile(file, { keyId: bench.signer.key.id });
  expect(report.findings).toEqual([]);
  const { stamp, sm3, ...claims } = report.claims;
  expect(new Set(Object.values(claims))).toEqual(new Set(['proven']));
  expect([stamp, sm3]).toEqual(['open', 'open']);
  expect(report.ok).toBe(true);
  expect(report.facts.units).toBe(15);
  expect(report.facts.snapshots.map(({ id }) => id)).toEqual(bench.sealed.map(({ record }) => record.id));
  // Without a fingerprint to compare with, that is left open and said.
  const open = await checkFile(file);
  expect(open.ok).toBe(true);
  expect(open.claims.key).toBe('open');
  expect(open.remarks).toContain('key_holder');
});

it('holds the camera’s own bytes untouched, and a copy that players open', async () => {
  const [file = ''] = await bench.build();
  const dir = await unpack(file);
  const { files } = await manifestOf(dir);
  for (const { record } of bench.sealed.filter(({ record: { stream } }) => stream.file !== null)) {
    const { sha256 } = record.stream.file!;
    const original = files.find((one) => one.sha256 === sha256)!;
    expect(await readFile(path.join(dir, original.path))).toEqual(await bench.blobs.get(sha256));
    const playable = files.find((one) => one.role === 'playable' && one.derivedFrom === sha256)!;
    const { stdout } = await run('ffprobe', [
      ...['-v', 'error', '-count_frames', '-show_entries', 'stream=codec_name,width,height,nb_read_frames'],
      ...['-of', 'csv=p=0', path.join(dir, playable.path)],
    ]);
    expect(stdout.trim()).toBe('h264,320,180,5');
  }
});

it('prints a statement with its own letters, in Chinese and English', async () => {
  const [file = ''] = await bench.build({ recipient: '崇川区综合执法局' });
  const dir = await unpack(file);
  const pdf = path.join(dir, 'statement.pdf');
  const { stdout: text } = await run('pdftotext', ['-layout', pdf, '-']);
  for (const words of [
    '电子证据说明',
    '证明对象',
    '制作方法',
    '制作时间',
    '制作人',
    'Method',
    '1号楼 30层屋面',
    '赵刚',
    '崇川区综合执法局',
    '+0.740 s',
    'NT-0101-001',
    '31.980123°, 120.894130°',
    '21.5 m',
    '朝向 heading 135°',
    '存证时未记载',
  ]) {
    expect(text).toContain(words);
  }
  const { stdout: fonts } = await run('pdffonts', [pdf]);
  for (const line of fonts.trim().split('\n').slice(2)) expect(line).toMatch(/NotoSansSC.* yes yes yes /);
  const { stdout: images } = await run('pdfimages', ['-list', pdf]);
  expect(images.split('\n').filter((line) => line.includes('jpeg')).length).toBeGreaterThanOrEqual(9);
});

it(
  'checks with nothing but OpenSSL and a shell, by the commands that lie in the package',
  { timeout: 300_000 },
  async () => {
    const snapshotIds = bench.sealed.slice(0, 2).map(({ record }) => record.id);
    const [file = ''] = await bench.build({ snapshotIds });
    const dir = await unpack(file);
    expect(await readFile(path.join(dir, 'README.txt'), 'utf8')).toContain(OPENSSL_COMMANDS);
    const check = async (): Promise<string[]> => {
      const { stdout } = await run('bash', ['-c', OPENSSL_COMMANDS], { cwd: dir });
      return stdout.trim().split('\n');
    };
    const lines = await check();
    expect(lines[0]).toBe(`KEY     ${bench.signer.key.id}`);
    expect(lines.slice(1).filter((line) => !line.startsWith('OK'))).toEqual([]);
    expect(lines.length).toBeGreaterThan(30);

    const damaged = async (name: string, change: (bytes: Buffer) => Buffer): Promise<string[]> => {
      const where = path.join(dir, name);
      const before = await readFile(where);
      await writeFile(where, change(before));
      const wrong = (await check()).filter((line) => line.startsWith('WRONG'));
      await writeFile(where, before);
      return wrong;
    };
    const flip = (bytes: Buffer): Buffer => {
      const changed = Buffer.from(bytes);
      changed[bytes.length >> 1]! ^= 1;
      return changed;
    };
    const { files } = await manifestOf(dir);
    for (const name of ['seal/head.txt', 'seal/head.sig', 'seal/package-entry.json', 'manifest.json', 'SHA256SUMS']) {
      expect(await damaged(name, flip), name).not.toEqual([]);
    }
    for (const { path: name, role } of files.filter(
      (one, at) => files.findIndex((other) => other.role === one.role) === at,
    )) {
      expect((await damaged(name, flip)).join(), `${role} ${name}`).toContain(name);
    }
    await writeFile(path.join(dir, 'extra.txt'), 'x');
    expect((await check()).at(-1)).toBe('WRONG   no file too many, none too few');
  },
);

it('says which access unit is damaged', async () => {
  const [file = ''] = await bench.build();
  const bytes = await readFile(file);
  const { record } = bench.sealed[1]!;
  const stream = await bench.blobs.get(record.stream.file!.sha256);
  const at = bytes.indexOf(stream);
  const third = record.stream.units.slice(0, 3).reduce((sum, unit) => sum + unit.bytes, 0);
  bytes[at + third + 10]! ^= 0x10;
  await writeFile(`${file}.damaged`, bytes);
  const report = await checkFile(`${file}.damaged`);
  expect(report.ok).toBe(false);
  expect(report.findings).toContainEqual({
    code: 'unit_altered',
    where: expect.objectContaining({ path: 'snapshots/0002/original.h264', unit: 3, snapshot: record.id }),
  });
});

it('divides a package into parts that each verify by themselves, under one entry of the log', async () => {
  const files = await bench.build({ partBytes: 5 * 1024 * 1024 });
  expect(files.length).toBeGreaterThan(1);
  const entries = new Set<number | null>();
  const ids: string[] = [];
  for (const [index, file] of files.entries()) {
    const report = await checkFile(file, { keyId: bench.signer.key.id });
    expect(report.findings).toEqual([]);
    expect(report.facts.manifest).toMatchObject({ part: index + 1, parts: files.length });
    expect(report.remarks).toContain('other_parts');
    entries.add(report.facts.packageEntry);
    ids.push(...report.facts.snapshots.map(({ id }) => id));
  }
  expect(entries.size).toBe(1);
  expect(ids).toEqual(bench.sealed.map(({ record }) => record.id));
  await expect(bench.build({ partBytes: 1024 })).rejects.toMatchObject({ code: 'package.part_too_small' });
});

it('draws only on copies: frames, words, blurred areas and the recipient’s name', async () => {
  const { record } = bench.sealed[0]!;
  const after = record.pictures.find(({ role }) => role === 'after')!.file.sha256;
  const [file = ''] = await bench.build({
    snapshotIds: [record.id],
    recipient: '崇川区综合执法局',
    marks: [
      {
        ...{ snapshotId: record.id, role: 'after', blurred: [[0.1, 0.6, 0.2, 0.3]] },
        frames: [{ box: [0.5, 0.2, 0.3, 0.3], text: '彩钢板房' }],
        words: [{ at: [0.1, 0.2], text: '3月新建' }],
      },
    ],
  });
  const dir = await unpack(file);
  const { files } = await manifestOf(dir);
  const original = files.find(({ sha256 }) => sha256 === after)!;
  expect(await readFile(path.join(dir, original.path))).toEqual(await bench.blobs.get(after));
  const marked = files.filter(({ role }) => role === 'marked');
  expect(marked.map(({ derivedFrom }) => derivedFrom)).toContain(after);
  expect(marked).toHaveLength(3);

  const mine = marked.find(({ derivedFrom }) => derivedFrom === after)!;
  const pixels = async (source: Buffer): Promise<{ data: Buffer; width: number }> => {
    const { data, info } = await sharp(source).raw().toBuffer({ resolveWithObject: true });
    return { data, width: info.width };
  };
  const drawn = await pixels(await readFile(path.join(dir, mine.path)));
  // The frame is red where it was drawn.
  const [x, y] = [Math.round(0.65 * 640), Math.round(0.2 * 360)];
  const at = (y * drawn.width + x) * 3;
  expect(drawn.data[at]! - drawn.data[at + 1]!).toBeGreaterThan(100);
});

it('shows nothing but marked copies where that is asked for, and says what is left out', async () => {
  const [file = ''] = await bench.build({ contents: 'marked', recipient: '某部门' });
  const report = await checkFile(file, { keyId: bench.signer.key.id });
  expect(report.findings).toEqual([]);
  const { files, absent } = report.facts.manifest!;
  expect(files.filter(({ role }) => role === 'original' || role === 'picture' || role === 'playable')).toEqual([]);
  expect(files.filter(({ role }) => role === 'marked')).toHaveLength(12);
  expect(absent).toHaveLength(15);
  expect(report.remarks).toContain('absent');
});

it('names a file that the store has lost, and makes the package without it', async () => {
  const lost = bench.sealed[1]!.record.stream.file!.sha256;
  bench.blobs.lost.add(lost);
  try {
    const [file = ''] = await bench.build();
    const report = await checkFile(file);
    expect(report.findings).toEqual([]);
    expect(report.facts.manifest?.absent).toEqual([{ sha256: lost, why: 'unreadable' }]);
  } finally {
    bench.blobs.lost.clear();
  }
});

it('compares SM3 digests where the records bear them, and makes no package where one does not fit', async () => {
  const sm3 = (bytes: Buffer): string => createHash('sm3').update(bytes).digest('hex');
  const own = await PackageBench.open(1, sm3);
  try {
    const [file = ''] = await own.build();
    const report = await checkFile(file, { keyId: own.signer.key.id });
    expect(report.facts.sm3Digests).toBe(3);
    expect([report.claims.sm3, report.ok]).toEqual(['proven', true]);
    // A machine without SM3 says that it was not compared.
    const without = await checkFile(file, { newSm3: undefined });
    expect([without.claims.sm3, without.ok]).toEqual(['open', true]);
  } finally {
    await own.close();
  }
  // SHA-256 holds, and what was digested was something else.
  const wrong = await PackageBench.open(1, (bytes) => sm3(bytes[0] === 0 ? bytes.subarray(1) : bytes));
  try {
    await expect(wrong.build()).rejects.toThrow('sm3_other');
  } finally {
    await wrong.close();
  }
});

it('brings the time stamp of an outside authority, which OpenSSL checks', async () => {
  const { db } = bench.database;
  const authority = await startTimeAuthority();
  try {
    const trusted = await openAuthority(authority.url, authority.caFile);
    const { signed } = await bench.signer.signHead();
    const { id } = await writeHead(db, signed);
    const statement = headStatement(signed.head);
    const { token, genTimeMs } = await requestTimestamp(trusted, statement, systemClock);
    await writeStamp(db, { headId: id, authority: 'localhost', genTime: new Date(genTimeMs), token });

    const [file = ''] = await bench.build();
    const report = await checkFile(file);
    expect(report.findings).toEqual([]);
    expect(report.claims.stamp).toBe('proven');
    expect(report.facts.stampedSize).toBe(signed.head.size);
    const dir = await unpack(file);
    const command = OPENSSL_STAMP_COMMAND.replace('authority-root.pem', authority.caFile);
    const { stdout, stderr } = await run('bash', ['-c', command], { cwd: dir });
    expect(stdout + stderr).toContain('Verification: OK');

    // A stamp over something else, or over a head of another log, is none.
    const read = (path: string): Promise<Uint8Array> => readFile(`${dir}/${path}`);
    const { logId } = signed.head;
    const { entries } = report.facts;
    expect((await checkStamp(logId, entries, read)).findings).toEqual([]);
    const other = await requestTimestamp(trusted, Buffer.from('something else'), systemClock);
    const swapped = await checkStamp(logId, entries, async (path) =>
      path === STAMP_PATHS.token ? other.token : read(path),
    );
    expect(swapped.findings).toEqual([{ code: 'stamp_altered', where: { path: STAMP_PATHS.token } }]);
    expect((await checkStamp('another log', entries, read)).findings).not.toEqual([]);
    const unproven = await checkStamp(logId, entries, async (path) =>
      path === STAMP_PATHS.proofs ? Buffer.from('2\n') : read(path),
    );
    expect(unproven.findings).toEqual([{ code: 'stamp_altered', where: { path: STAMP_PATHS.proofs } }]);
  } finally {
    await authority.close();
  }
});

it('tells in the log of each package that was made, and in the next package of the one before', async () => {
  await bench.build({ packageId: '11111111-2222-4333-8444-555566667777', purpose: '首次移交' });
  const [file = ''] = await bench.build();
  const { facts } = await checkFile(file);
  const made = facts.entries.filter(({ kind }) => kind === 'package.made');
  expect(made.map(({ body }) => (body as { purpose: string }).purpose)).toContain('首次移交');
});
