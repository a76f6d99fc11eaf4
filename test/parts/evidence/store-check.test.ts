/** A check of the stored files finds what is missing, cut or altered, says of what, and mends it from a second store. */
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest';
import { systemClock } from '../../../src/base/clock.ts';
import { openBlobs, type BlobStore } from '../../../src/drivers/blobs/blobs.ts';
import { entriesAbout } from '../../../src/evidence/log.ts';
import {
  checkStore,
  type CheckLevel,
  type CheckProgress,
  type StoreCheckResult,
} from '../../../src/evidence/store-check.ts';
import { ensureFirstAdmin } from '../../../src/web/web.ts';
import { freshDatabase, type FreshDatabase } from '../../support/postgres.ts';
import { runProgram } from '../../support/program.ts';
import { startS3 } from '../../support/s3-server.ts';
import { fillSample, MemoryPictures } from '../../support/sample-estate.ts';
import { sealSample } from '../../support/sample-snapshot.ts';

const root = mkdtempSync(join(tmpdir(), 'sentinel-check-'));
afterAll(() => rmSync(root, { recursive: true }));

let fresh: FreshDatabase;
let dir: string;
let blobs: BlobStore;
let second: BlobStore;
const fileOf = (sha256: string): string => join(dir, sha256.slice(0, 2), sha256.slice(2, 4), sha256);

/** 40 snapshots, each with a stream of its own and one picture that all share. */
let streams: string[];
let picture: string;
let ids: string[];
beforeEach(async () => {
  fresh = await freshDatabase();
  dir = mkdtempSync(join(root, 'first-'));
  blobs = await openBlobs({ dir, clock: systemClock });
  second = await openBlobs({ dir: mkdtempSync(join(root, 'second-')), clock: systemClock });
  await ensureFirstAdmin(fresh.db, 'a password for samples');
  const pictures = new MemoryPictures();
  await fillSample(fresh.db, pictures, Date.now(), 4);
  for (const bytes of pictures.all()) await blobs.put(bytes);
  await fresh.db.updateTable('evidence_stream').set({ blob_sha256: null }).execute();
  picture = await blobs.put(randomBytes(20_000));
  streams = [];
  ids = [];
  for (let n = 0; n < 40; n++) {
    const stream = await blobs.put(randomBytes(48_211));
    streams.push(stream);
    const sealed = await sealSample(fresh.db, {
      ...{ viewId: 1, sealedAt: new Date(), streamSha256: stream },
      pictures: [{ role: 'look', sha256: picture }],
    });
    ids.push(sealed.id);
  }
});
afterEach(() => fresh.close());

const check = (level: CheckLevel, more: Partial<Parameters<typeof checkStore>[0]> = {}): Promise<StoreCheckResult> =>
  checkStore({ db: fresh.db, blobs, clock: systemClock, level, repair: false, mirror: false, ...more });
const NO_FAULTS = { missing: 0, size: 0, damaged: 0, unreadable: 0 };

describe('a sound store', () => {
  test.each<CheckLevel>(['presence', 'size', 'hash'])(
    'is found sound at the level %s, each file once',
    async (level) => {
      const steps: CheckProgress[] = [];
      const result = await check(level, { onProgress: (one) => steps.push(one) });
      expect(result).toMatchObject({ isWhole: true, faults: NO_FAULTS, findings: [] });
      expect(result.files.evidence).toBe(41);
      expect(result.files.pictures).toBeGreaterThan(10);
      expect(steps.filter(({ step }) => step === 'evidence').at(-1)).toMatchObject({ done: 41, all: 41 });
    },
  );
});

describe('what is wrong', () => {
  const [gone, cut, altered] = [3, 17, 31];
  beforeEach(() => {
    rmSync(fileOf(streams[gone]!));
    truncateSync(fileOf(streams[cut]!), 1000);
    const bytes = readFileSync(fileOf(streams[altered]!));
    bytes[40_000]! ^= 1;
    writeFileSync(fileOf(streams[altered]!), bytes);
  });

  test.each<[CheckLevel, string[]]>([
    ['presence', ['missing']],
    ['size', ['missing', 'size']],
    ['hash', ['missing', 'size', 'damaged']],
  ])('at the level %s: %s, and of which snapshot', async (level, faults) => {
    const { findings } = await check(level);
    const expected = [gone, cut, altered].slice(0, faults.length).map((n, at) => ({
      ...{ sha256: streams[n], of: `snapshot ${ids[n]}`, fault: faults[at], isEvidence: true, isMended: false },
    }));
    const bySha = (a: { sha256: string | undefined }, b: { sha256: string | undefined }): number =>
      a.sha256! < b.sha256! ? -1 : 1;
    expect([...findings].sort(bySha)).toMatchObject(expected.sort(bySha));
  });

  test('is in the log, whole or broken off', async () => {
    await check('hash');
    const ended = new AbortController();
    const broken = await check('hash', {
      signal: ended.signal,
      onProgress: ({ done }) => {
        if (done >= 10) ended.abort();
      },
    });
    expect(broken.isWhole).toBe(false);
    const told = await entriesAbout(fresh.db, 'store', { afterSeq: -1, most: 10 });
    expect(told.map(({ kind }) => kind)).toEqual(['store.checked', 'store.checked']);
    expect(told.map(({ body }) => JSON.parse(body))).toMatchObject([
      { isWhole: true, level: 'hash', faults: { missing: 1, size: 1, damaged: 1, unreadable: 0 }, mended: 0 },
      { isWhole: false },
    ]);
    expect(JSON.parse(told[0]!.body).findings).toHaveLength(3);
  });

  test('is mended from a second store that was filled before, and only what that has', async () => {
    for (const n of [gone, altered]) rmSync(fileOf(streams[n]!), { force: true });
    await expect(check('hash', { second, repair: true })).resolves.toMatchObject({ mended: 0, faults: { missing: 2 } });
    const bytes = randomBytes(48_211);
    // What the second store holds is believed only if it bears its digest.
    await second.put(bytes);
    // A copy is only made of what is whole: copying finds what the level alone would not.
    const mirrored = await check('presence', { second, mirror: true });
    expect(mirrored).toMatchObject({ mirrored: 38, faults: { missing: 2, damaged: 1 } });
    expect((await check('presence', { second, mirror: true })).mirrored).toBe(0);
    for (const n of [0, 1]) rmSync(fileOf(streams[n]!));
    writeFileSync(fileOf(streams[2]!), randomBytes(48_211));
    const mended = await check('hash', { second, repair: true });
    const states = new Map(mended.findings.map(({ sha256, isMended }) => [sha256, isMended]));
    expect([0, 1, 2, gone, altered].map((n) => states.get(streams[n]!))).toEqual([true, true, true, false, false]);
    expect(mended).toMatchObject({ mended: 3 });
    expect((await check('hash')).findings.map(({ sha256 }) => sha256).sort()).toEqual(
      [streams[gone]!, streams[altered]!, streams[cut]!].sort(),
    );
  });

  test('of a picture of a look or a baseline is told apart from evidence', async () => {
    const { picture_sha256: baseline } = await fresh.db
      .selectFrom('baseline')
      .select('picture_sha256')
      .limit(1)
      .executeTakeFirstOrThrow();
    rmSync(fileOf(baseline));
    const found = (await check('presence')).findings.find(({ sha256 }) => sha256 === baseline);
    expect(found).toMatchObject({
      isEvidence: false,
      fault: 'missing',
      of: expect.stringMatching(/baseline|candidate|look/),
    });
  });
});

test('a store that fails over a file is not called damaged', async () => {
  const failing = Object.assign(Object.create(blobs) as BlobStore, {
    find: (sha256: string) => (sha256 === picture ? Promise.reject(new Error('no answer')) : blobs.find(sha256)),
    get: (sha256: string) => blobs.get(sha256),
  });
  const { faults, findings } = await check('hash', { blobs: failing, second, repair: true });
  expect(faults).toEqual({ ...NO_FAULTS, unreadable: 1 });
  expect(findings).toMatchObject([{ sha256: picture, fault: 'unreadable', detail: 'no answer', isMended: false }]);
});

test('files of snapshots that went by rule are not missed', async () => {
  const id = ids[5]!;
  rmSync(fileOf(streams[5]!));
  await fresh.db
    .insertInto('snapshot_pruned')
    .values({ snapshot_id: id, pruned_at: new Date(), rule: 'pulled' })
    .execute();
  expect((await check('hash')).findings).toEqual([]);
});

describe('sentinel check', () => {
  test('says what it found, mends from a bucket, and ends with a code for each outcome', async () => {
    const s3 = await startS3(mkdtempSync(join(root, 's3-')));
    const { endpoint, bucket, accessKeyId, secretAccessKey } = s3.target;
    const run = async (...args: string[]) => {
      const program = runProgram(['check', ...args], {
        ...{ DATABASE_URL: fresh.url, SENTINEL_BLOBS_DIR: dir, SENTINEL_VAR_DIR: join(root, 'var') },
        ...{ SENTINEL_SECOND_BLOBS_S3_ENDPOINT: endpoint, SENTINEL_SECOND_BLOBS_S3_BUCKET: bucket },
        SENTINEL_SECOND_BLOBS_S3_ACCESS_KEY_ID: accessKeyId,
        SENTINEL_SECOND_BLOBS_S3_SECRET_ACCESS_KEY: secretAccessKey,
        AWS_ACCESS_KEY_ID: '',
        AWS_SECRET_ACCESS_KEY: '',
      });
      const { code } = await program.ended();
      return { code, output: program.output() };
    };
    const sound = await run('--mirror');
    expect([sound.code, sound.output]).toEqual([0, expect.stringMatching(/all sound; 41 copied to the second store/)]);
    rmSync(fileOf(streams[0]!));
    const wrong = await run('--json');
    expect(wrong.code).toBe(3);
    expect(
      wrong.output
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as unknown),
    ).toMatchObject([
      { finding: { sha256: streams[0], fault: 'missing', of: `snapshot ${ids[0]}` } },
      { result: { isWhole: true, faults: { missing: 1 } } },
    ]);
    const mended = await run('--repair', '--level', 'hash');
    expect([mended.code, mended.output]).toEqual([4, expect.stringMatching(/1 at fault, 1 of them mended/)]);
    expect((await run('--level', 'hash')).code).toBe(0);
    expect(await run('--level', 'deep')).toMatchObject({
      code: 2,
      output: expect.stringMatching(/usage: sentinel check/),
    });
    await s3.close();
  }, 120_000);
});
