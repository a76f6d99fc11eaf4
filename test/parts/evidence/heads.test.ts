/** Keys, signed heads, where they are published, and what they show of a log that was cut. */
import { execFileSync } from 'node:child_process';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { appendFile, chmod, copyFile, mkdtemp, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { sql } from 'kysely';
import jsQR from 'jsqr';
import sharp from 'sharp';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createLogger } from '../../../src/base/log.ts';
import { openAuthority, requestTimestamp, verifyTimestamp } from '../../../src/drivers/timestamp/timestamp.ts';
import { dailySheet, sheetCode } from '../../../src/evidence/daily-sheet.ts';
import { HeadPublisher, type PublisherParts, type PublishRules } from '../../../src/evidence/head-publisher.ts';
import { openSigner, rotateKey, type HeadSigner } from '../../../src/evidence/head-signer.ts';
import { readAcceptedKeys } from '../../../src/evidence/head-store.ts';
import { checkLog, checkPublished, tellOfCut } from '../../../src/evidence/log-check.ts';
import { appendEntry, logSize, proveConsistency, readEntries, rootAt } from '../../../src/evidence/log.ts';
import { hashOfHex, hexOf, verifyConsistency } from '../../../src/evidence/merkle.ts';
import { readPublishedDay } from '../../../src/evidence/published-heads.ts';
import { headStatement, verifyEndorsement, verifyHead } from '../../../src/evidence/tree-head.ts';
import { systemClock } from '../../../src/base/clock.ts';
import { ManualClock } from '../../support/clock.ts';
import { runProgram } from '../../support/program.ts';
import { freshDatabase, type FreshDatabase } from '../../support/postgres.ts';
import { startTimeAuthority } from '../../support/time-authority.ts';

let fresh: FreshDatabase;
let dir: string;
let keyFile: string;
let clock: ManualClock;
beforeEach(async () => {
  fresh = await freshDatabase();
  dir = await mkdtemp(path.join(tmpdir(), 'sentinel-heads-'));
  keyFile = path.join(dir, 'var', 'evidence.key');
  // 15:00 in Shanghai.
  clock = new ManualClock(Date.UTC(2026, 5, 1, 7));
});
afterEach(async () => {
  await fresh.close();
  await rm(dir, { recursive: true, force: true });
});

const heads = (): string => path.join(dir, 'heads');
const open = (): Promise<HeadSigner> => openSigner({ db: fresh.db, clock, keyFile });
const append = (n = 0): Promise<number> =>
  fresh.db
    .transaction()
    .execute((trx) => appendEntry(trx, { kind: 'snapshot.sealed', atMs: clock.nowMs(), body: { n }, about: [] }));

/** What somebody with the server's password could do. */
async function cutTail(fromSeq: number): Promise<void> {
  await sql`alter table log_entry disable trigger log_entry_keep`.execute(fresh.db);
  await sql`delete from log_entry where seq >= ${fromSeq}`.execute(fresh.db);
  await sql`alter table log_entry enable always trigger log_entry_keep`.execute(fresh.db);
}

describe('the key', () => {
  test('is made at the first start for its owner alone, named by the log, and found again', async () => {
    const signer = await open();
    expect((await stat(keyFile)).mode & 0o777).toBe(0o600);
    expect(await readFile(keyFile, 'utf8')).toMatch(/^-----BEGIN PRIVATE KEY-----/);
    expect(await readAcceptedKeys(fresh.db)).toMatchObject([{ key: signer.key, replaces: null, endorsement: null }]);
    expect((await open()).key).toEqual(signer.key);
    expect(await readAcceptedKeys(fresh.db)).toHaveLength(1);
    // OpenSSL calls it by the same name.
    const der = execFileSync('openssl', ['pkey', '-in', keyFile, '-pubout', '-outform', 'DER']);
    expect(der.toString('base64')).toBe(signer.key.spki);
  });

  test('of processes that start together is one', async () => {
    const signers = await Promise.all(Array.from({ length: 8 }, open));
    expect(new Set(signers.map(({ key }) => key.id)).size).toBe(1);
    expect(await readAcceptedKeys(fresh.db)).toHaveLength(1);
  });

  test.each([0o640, 0o604, 0o644, 0o660])('in a file of mode %o is refused', async (mode) => {
    await open();
    await chmod(keyFile, mode);
    await expect(open()).rejects.toMatchObject({ code: 'evidence.key_unusable' });
    await expect(open()).rejects.toThrow(`others than its owner can get at it (mode ${mode.toString(8)})`);
  });

  test('that is gone, or not the one the log names, signs nothing, and no other is made in silence', async () => {
    const { key } = await open();
    await rename(keyFile, `${keyFile}.away`);
    await expect(open()).rejects.toMatchObject({ code: 'evidence.key_missing', details: { named: key.id } });
    await expect(stat(keyFile)).rejects.toThrow();
    const other = execFileSync('openssl', ['genpkey', '-algorithm', 'ed25519']);
    await writeFile(keyFile, other, { mode: 0o600 });
    await expect(open()).rejects.toMatchObject({ code: 'evidence.key_unknown', details: { named: key.id } });
    await writeFile(keyFile, execFileSync('openssl', ['genpkey', '-algorithm', 'x25519']));
    await expect(open()).rejects.toThrow(/its key is x25519, not Ed25519/);
    await writeFile(keyFile, 'nothing');
    await expect(open()).rejects.toThrow(/it holds no private key in PEM/);
    await rename(`${keyFile}.away`, keyFile);
    expect((await open()).key).toEqual(key);
  });

  test('is followed by the next, which it endorses, in the log; running signers go over to it', async () => {
    const signer = await open();
    const first = signer.key;
    const before = await signer.current();
    const next = await rotateKey({ db: fresh.db, clock, keyFile }, '每年更换', { isLost: false });
    const accepted = await readAcceptedKeys(fresh.db);
    expect(accepted[1]).toMatchObject({ key: next, replaces: first.id, reason: '每年更换' });
    expect(verifyEndorsement(accepted[1]!, first)).toBe(true);
    const after = await signer.current();
    expect(after.signed.head.keyId).toBe(next.id);
    expect(verifyHead(after.signed, next)).toBe(true);
    expect(verifyHead(before.signed, first)).toBe(true);
    expect((await readdir(path.dirname(keyFile))).sort()).toEqual(['evidence.key']);
    expect((await stat(keyFile)).mode & 0o777).toBe(0o600);
  });

  test('that is lost is followed by one without endorsement, which the log says for ever', async () => {
    const first = (await open()).key;
    await rm(keyFile);
    const parts = { db: fresh.db, clock, keyFile };
    await expect(rotateKey(parts, 'x', { isLost: false })).rejects.toMatchObject({ code: 'evidence.key_missing' });
    const next = await rotateKey(parts, '硬盘损坏', { isLost: true });
    expect((await readAcceptedKeys(fresh.db))[1]).toMatchObject({
      ...{ key: next, replaces: first.id, endorsement: null, reason: '硬盘损坏' },
    });
    expect((await open()).key).toEqual(next);
  });

  test('changed by a process that dies between log and file is in place at the next start', async () => {
    await open();
    await writeFile(`${keyFile}.old`, await readFile(keyFile), { mode: 0o600 });
    const next = await rotateKey({ db: fresh.db, clock, keyFile }, '', { isLost: false });
    // As it stood before the last step.
    await rename(keyFile, `${keyFile}.next`);
    await rename(`${keyFile}.old`, keyFile);
    expect((await open()).key).toEqual(next);
    expect((await readdir(path.dirname(keyFile))).sort()).toEqual(['evidence.key']);
  });
});

describe('heads', () => {
  test('are over all there is, are not signed twice for nothing, and lead on from each other', async () => {
    const signer = await open();
    const first = await signer.current();
    expect(first.signed.head).toMatchObject({ size: 2, at: '2026-06-01T07:00:00.000Z' });
    expect((await signer.current()).id).toBe(first.id);
    expect((await signer.current({ anew: true })).id).toBe(first.id + 1);
    for (let n = 0; n < 5; n++) await append(n);
    const second = await signer.current();
    expect(second.signed.head.size).toBe(7);
    const proof = await proveConsistency(fresh.db, 2, 7);
    const roots = [first, second].map(({ signed }) => hashOfHex(signed.head.root)!);
    expect(verifyConsistency(proof, roots[0]!, roots[1]!)).toBe(true);
  });

  test('can be checked with OpenSSL alone', async () => {
    const signer = await open();
    const { signed } = await signer.current();
    const at = (name: string): string => path.join(dir, name);
    await writeFile(at('head.txt'), headStatement(signed.head));
    await writeFile(at('head.sig'), Buffer.from(signed.signature, 'base64'));
    await writeFile(at('key.pem'), `-----BEGIN PUBLIC KEY-----\n${signer.key.spki}\n-----END PUBLIC KEY-----\n`);
    const verify = (): string =>
      execFileSync(
        'openssl',
        [
          'pkeyutl',
          '-verify',
          '-pubin',
          '-inkey',
          at('key.pem'),
          '-rawin',
          '-in',
          at('head.txt'),
          '-sigfile',
          at('head.sig'),
        ],
        { stdio: ['ignore', 'pipe', 'ignore'] },
      ).toString();
    expect(verify()).toMatch(/Signature Verified Successfully/);
    await appendFile(at('head.txt'), ' ');
    expect(verify).toThrow();
  });
});

async function publisher(more: { rules?: Partial<PublishRules>; parts?: Partial<PublisherParts> } = {}) {
  const signer = await open();
  const lines: string[] = [];
  const log = createLogger({ level: 'info', destination: { write: (line) => void lines.push(line) } });
  const made = new HeadPublisher(
    { everyS: 600, dir: heads(), webhookUrl: null, stampEveryS: 86_400, ...more.rules },
    {
      db: fresh.db,
      clock,
      log,
      signer,
      estate: { name: '滨江花园', timeZone: 'Asia/Shanghai' },
      stamp: null,
      ...more.parts,
    },
  );
  return { made, signer, lines };
}

describe('publishing', () => {
  test('writes a line a head, a key, and after midnight the sheet of the day', async () => {
    const { made, signer } = await publisher();
    await made.publish();
    await made.publish();
    await append();
    await made.publish();
    const read = await readPublishedDay(heads(), '2026-06-01');
    expect(read.unreadable).toEqual([]);
    expect(read.heads.map(({ signed }) => signed.head.size)).toEqual([2, 3]);
    expect(read.heads.every(({ signed, key }) => verifyHead(signed, key))).toBe(true);
    const key = `key-${signer.key.id.slice(0, 16)}.pem`;
    expect((await readdir(heads())).sort()).toEqual(['heads-2026-06-01.jsonl', key]);
    const pem = execFileSync('openssl', ['pkey', '-pubin', '-in', path.join(heads(), key), '-outform', 'DER']);
    expect(pem.toString('base64')).toBe(signer.key.spki);

    // Past midnight in Shanghai, still the first of June in UTC; nothing was sealed, and that is told too.
    clock.stepWallClock(9.5 * 3_600_000);
    await made.publish();
    expect((await readdir(heads())).sort()).toEqual([
      ...['heads-2026-06-01.jsonl', 'heads-2026-06-02.jsonl', key, 'sheet-2026-06-01.html'],
    ]);
    const [next] = (await readPublishedDay(heads(), '2026-06-02')).heads;
    expect(next!.signed.head).toMatchObject({ size: 3, at: '2026-06-01T16:30:00.000Z' });
    const sheet = await readFile(path.join(heads(), 'sheet-2026-06-01.html'), 'utf8');
    expect(sheet).toContain('滨江花园');
    expect(sheet).toContain('2026-06-01 15:00:00 (Asia/Shanghai)');
    expect(await decoded(sheet)).toBe(sheetCode(read.heads[1]!.signed));
  });

  test('can be checked by hand with the commands that are written down', async () => {
    const real = await startTimeAuthority();
    try {
      const authority = await openAuthority(real.url, real.caFile);
      const of = (message: Uint8Array) => requestTimestamp(authority, message, systemClock);
      const { made } = await publisher({ parts: { stamp: { host: 'tsa', of } } });
      await made.publish();
      await copyFile(real.caFile, path.join(heads(), 'authority.pem'));
      const text = await readFile(path.resolve('docs/evidence-log.md'), 'utf8');
      const commands = /## By hand\n\n```sh\n([\s\S]*?)```/.exec(text)![1]!;
      const run = (): string =>
        execFileSync('bash', ['-ec', commands], { cwd: heads(), encoding: 'utf8', stdio: 'pipe' });
      expect(run()).toMatch(/Signature Verified Successfully/);
      const file = path.join(heads(), 'heads-2026-06-01.jsonl');
      await writeFile(file, (await readFile(file, 'utf8')).replace('"size":2', '"size":3'));
      expect(run).toThrow();
    } finally {
      await real.close();
    }
  });

  test('goes on after a line that a crash cut off', async () => {
    const { made } = await publisher();
    await made.publish();
    await appendFile(path.join(heads(), 'heads-2026-06-01.jsonl'), '{"head":{"at":"2026');
    await append();
    await made.publish();
    const read = await readPublishedDay(heads(), '2026-06-01');
    expect(read.heads.map(({ signed }) => signed.head.size)).toEqual([2, 3]);
    expect(read.unreadable).toEqual(['heads-2026-06-01.jsonl:2']);
  });

  test('tells a webhook, says once that it cannot and never where its path leads, and goes on when it can', async () => {
    const bodies: string[] = [];
    let status = 500;
    const server = createServer((request: IncomingMessage, response) => {
      let body = '';
      request.on('data', (chunk: Buffer) => (body += chunk.toString()));
      request.on('end', () => {
        if (status === 200) bodies.push(body);
        response.writeHead(status).end();
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    try {
      const webhookUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook?key=s3cret-of-the-robot`;
      const { made, lines } = await publisher({ rules: { webhookUrl } });
      await made.publish();
      await made.publish();
      expect(made.troubles).toHaveLength(1);
      const said = lines.filter((line) => line.includes('webhook'));
      expect(said).toHaveLength(1);
      expect(said[0]).toContain('it answered 500');
      expect(lines.join('')).not.toContain('s3cret');
      status = 200;
      await made.publish();
      await made.publish();
      expect(made.troubles).toEqual([]);
      expect(bodies).toHaveLength(1);
      const { heads: published } = await readPublishedDay(heads(), '2026-06-01');
      expect(JSON.parse(bodies[0]!)).toEqual({ ...published[0]!.signed, key: published[0]!.key });
    } finally {
      server.close();
    }
  });

  test('where it cannot write is said, and made good', async () => {
    await writeFile(heads(), 'a file where the directory should be');
    const { made, lines } = await publisher();
    await made.publish();
    expect(lines.join('')).toContain(heads());
    expect(made.troubles.length).toBeGreaterThan(0);
    await rm(heads());
    await made.publish();
    expect(made.troubles).toEqual([]);
    expect((await readPublishedDay(heads(), '2026-06-01')).heads).toHaveLength(1);
  });

  test('publishes at its interval, and once more at the end', async () => {
    const { made } = await publisher({ rules: { everyS: 60 } });
    made.start();
    const sizes = async (): Promise<number[]> =>
      (await readPublishedDay(heads(), '2026-06-01').catch(() => ({ heads: [] }))).heads.map(
        ({ signed }) => signed.head.size,
      );
    await expect.poll(sizes).toEqual([2]);
    await append();
    await clock.advance(61_000);
    await expect.poll(sizes).toEqual([2, 3]);
    await append();
    await made.close();
    expect(await sizes()).toEqual([2, 3, 4]);
  });

  test('has heads stamped by an outside authority when it is time', async () => {
    const real = await startTimeAuthority();
    try {
      const authority = await openAuthority(real.url, real.caFile);
      const stamp = {
        host: new URL(real.url).host,
        of: (message: Uint8Array) => requestTimestamp(authority, message, systemClock),
      };
      const { made } = await publisher({ parts: { stamp, clock: systemClock } });
      await made.publish();
      await append();
      await made.publish();
      const stamps = await fresh.db.selectFrom('log_timestamp').selectAll().execute();
      expect(stamps).toHaveLength(1);
      const head = await fresh.db
        .selectFrom('log_tree_head')
        .selectAll()
        .where('id', '=', stamps[0]!.head_id)
        .executeTakeFirstOrThrow();
      const message = headStatement(JSON.parse(head.head));
      expect(await real.verify(stamps[0]!.token, message)).toBe(true);
      const { genTimeMs } = await verifyTimestamp(stamps[0]!.token, message, authority.trusted);
      expect(stamps[0]!.gen_time.getTime()).toBe(genTimeMs);
      expect((await readdir(heads())).filter((name) => name.endsWith('.tst'))).toHaveLength(1);
    } finally {
      await real.close();
    }
  });
});

describe('a log is held against what was published', () => {
  async function published() {
    const { made, signer } = await publisher();
    for (let n = 0; n < 4; n++) {
      for (let more = 0; more < 3; more++) await append(n);
      await made.publish();
    }
    return { made, signer };
  }

  test('and stands', async () => {
    await published();
    const checked = await checkPublished(fresh.db, heads());
    // Each head lies in the file and in the database.
    expect(checked).toMatchObject({ heads: 8, findings: [], size: 14 });
    expect(await tellOfCut(fresh.db, clock, checked)).toBe(false);
    expect(await checkPublished(fresh.db, heads(), { most: 1 })).toMatchObject({ heads: 2, findings: [] });
  });

  test('where its end was cut off, that shows, is told in the log once, and shows for ever', async () => {
    await published();
    await cutTail(9);
    const checked = await checkPublished(fresh.db, heads());
    expect(checked.findings.filter(({ where }) => where.endsWith('jsonl:3'))).toMatchObject([
      { finding: 'cut', head: { size: 11 } },
    ]);
    expect(checked.findings.map(({ finding, head }) => `${finding} ${head!.size}`).sort()).toEqual([
      ...['cut 11', 'cut 11', 'cut 14', 'cut 14'],
    ]);
    expect(await tellOfCut(fresh.db, clock, checked)).toBe(true);
    expect(await tellOfCut(fresh.db, clock, checked)).toBe(false);
    const [told] = await readEntries(fresh.db, [9]);
    expect(told!.kind).toBe('log.cut_found');
    expect(JSON.parse(told!.body)).toMatchObject({ finding: 'cut', published: { size: 14 }, found: { size: 9 } });
    // Grown beyond the published heads again, it is another log than the one they are over.
    for (let n = 0; n < 8; n++) await append(100 + n);
    const later = await checkPublished(fresh.db, heads());
    expect(later.findings.map(({ finding, head }) => `${finding} ${head!.size}`).sort()).toEqual([
      ...['forked 11', 'forked 11', 'forked 14', 'forked 14'],
    ]);
  });

  test('where its end was cut off down to before its key, that shows too', async () => {
    await published();
    await cutTail(1);
    const { findings } = await checkPublished(fresh.db, heads());
    expect(findings).toHaveLength(8);
    expect(new Set(findings.map(({ finding }) => finding))).toEqual(new Set(['cut']));
  });

  test('a head that somebody wrote, changed, or brought from elsewhere is called that', async () => {
    const { signer } = await published();
    const file = path.join(heads(), 'heads-2026-06-01.jsonl');
    const lines = (await readFile(file, 'utf8')).trim().split('\n');
    const changed = lines[1]!.replace(/"size":\d+/, '"size":9');
    const elsewhere = lines[1]!.replace(/"logId":"[^"]+"/, '"logId":"other"');
    const unknown = lines[1]!.replaceAll(signer.key.id, 'ab'.repeat(32));
    await writeFile(file, [...lines, changed, elsewhere, unknown, 'nonsense', ''].join('\n'));
    const { findings } = await checkPublished(fresh.db, heads());
    expect(findings.map(({ finding, where }) => `${where.split(':')[1]} ${finding}`).sort()).toEqual([
      ...['5 forged', '6 foreign', '7 forged', '8 unreadable'],
    ]);
  });
});

test(
  '`sentinel check` says that the log was cut, and `evidence rotate-key` changes its key',
  { timeout: 120_000 },
  async () => {
    const { made } = await publisher();
    for (let n = 0; n < 4; n++) await append(n);
    await made.publish();
    const run = async (...args: string[]) => {
      const program = runProgram(args, {
        DATABASE_URL: fresh.url,
        SENTINEL_VAR_DIR: path.join(dir, 'var'),
        SENTINEL_EVIDENCE_PUBLISH_DIR: heads(),
      });
      const { code } = await program.ended();
      return { code, output: program.output() };
    };
    expect(await run('evidence', 'rotate-key')).toMatchObject({
      code: 2,
      output: expect.stringMatching(/--reason TEXT/),
    });
    const rotated = await run('evidence', 'rotate-key', '--reason', '每年更换');
    expect(rotated).toMatchObject({ code: 0, output: expect.stringMatching(/signed by key [0-9a-f]{64} from now on/) });
    expect(await readAcceptedKeys(fresh.db)).toHaveLength(2);
    const sound = await run('check', '--level', 'hash');
    expect(sound).toMatchObject({
      code: 0,
      output: expect.stringMatching(/log of 7 entries read and held against 2 heads: all sound/),
    });
    await cutTail(3);
    const cut = await run('check', '--json');
    expect(cut.code).toBe(3);
    expect(cut.output).toContain('{"logFinding":{"fault":"cut","where":"heads-2026-06-01.jsonl:1"}}');
  },
);

describe('a log is checked from its first entry to its last', () => {
  test('and stands', async () => {
    await open();
    for (let n = 0; n < 40; n++) await append(n);
    const size = await logSize(fresh.db);
    const progress: number[] = [];
    expect(await checkLog(fresh.db, { onProgress: (done) => progress.push(done) })).toEqual({
      ...{ entries: size, root: hexOf(await rootAt(fresh.db, size)), faults: [] },
    });
    expect(progress.at(-1)).toBe(size);
  });

  test.each([
    ['an entry', `update log_entry set entry = replace(entry, '.000Z', '.001Z') where seq = 9`, [[9, 'tree']]],
    ['a body', `update log_entry set body = '{"n":1}' where seq = 9`, [[9, 'body']]],
    ['a hash', `update log_entry set nodes = set_byte(nodes, 40, 0) where seq = 15`, [[15, 'tree']]],
    ['a row taken out', 'delete from log_entry where seq = 9', [[9, 'missing']]],
  ])('and %s that was changed shows', async (_, forge, expected) => {
    await open();
    for (let n = 0; n < 30; n++) await append(n);
    await sql`alter table log_entry disable trigger log_entry_keep`.execute(fresh.db);
    await sql.raw(forge).execute(fresh.db);
    const { faults } = await checkLog(fresh.db);
    expect(faults[0]).toEqual({ seq: expected[0]![0], fault: expected[0]![1] });
    // What is built upon it shows as well, nothing else does.
    expect(faults.slice(1).every(({ seq, fault }) => fault === 'tree' && seq > 9)).toBe(true);
  });
});

test('the sheet’s code reads as what it stands for, whatever the estate is called', async () => {
  const signer = await open();
  const { signed } = await signer.current();
  const sheet = dailySheet({
    ...{ estate: '<script>"A&B"</script>', timeZone: 'Asia/Shanghai', day: '2026-06-01', signed, key: signer.key },
  });
  expect(sheet).not.toContain('<script>');
  expect(JSON.parse(await decoded(sheet))).toEqual(signed);
  // It needs nothing from elsewhere.
  expect(sheet).not.toMatch(/https?:\/\/(?!www\.w3\.org\/2000\/svg)/);
});

/** Reads the code off the sheet as a telephone would. */
async function decoded(sheet: string): Promise<string> {
  const svg = /<svg[\s\S]*<\/svg>/.exec(sheet)![0];
  const { data, info } = await sharp(Buffer.from(svg))
    .resize(700, 700)
    .flatten({ background: '#fff' })
    .ensureAlpha()
    .raw()
    .toBuffer({ resolveWithObject: true });
  const read = jsQR.default(new Uint8ClampedArray(data), info.width, info.height);
  return read?.data ?? '';
}
