import { execFile, spawnSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import {
  chmodSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { systemClock, type Clock } from '../../../src/base/clock.ts';
import { LIMITS } from '../../../src/base/limits.ts';
import { openBlobs, type BlobPlace, type BlobStore } from '../../../src/drivers/blobs/blobs.ts';
import { startS3, type TestS3 } from '../../support/s3-server.ts';

const root = mkdtempSync(join(tmpdir(), 'sentinel-blobs-'));
afterAll(() => rmSync(root, { recursive: true }));

const sha256Of = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
const NOTHING = sha256Of(Buffer.from('never put'));

/** Wall time that can be moved on, with timers of the system: what waits for a server waits in real time. */
class ShiftedClock implements Clock {
  readonly monotonicMs = systemClock.monotonicMs;
  readonly after = systemClock.after;
  readonly every = systemClock.every;
  readonly sleep = systemClock.sleep;
  #shiftMs = 0;
  nowMs(): number {
    return systemClock.nowMs() + this.#shiftMs;
  }
  advance(byMs: number): void {
    this.#shiftMs += byMs;
  }
}

let s3: TestS3;
beforeAll(async () => {
  s3 = await startS3(join(root, 's3'));
});
afterAll(() => s3.close());

let dir: string;
let place: BlobPlace;
let clock: ShiftedClock;
let blobs: BlobStore;
const all = async (): Promise<string[]> => {
  const found: string[] = [];
  for await (const blob of blobs.list()) found.push(blob.sha256);
  return found;
};

const PLACES = {
  'a directory': {
    make: (): BlobPlace => ({ dir: join(mkdtempSync(join(root, 'case-')), 'blobs') }),
    fileOf: (sha256: string): string => join(dir, sha256.slice(0, 2), sha256.slice(2, 4), sha256),
  },
  'a bucket': {
    make: (): BlobPlace => ({ s3: { ...s3.target, prefix: `${randomBytes(4).toString('hex')}/blobs/` } }),
    fileOf: (sha256: string): string => s3.fileOf('s3' in place ? `${place.s3.prefix}${sha256}` : ''),
  },
};

async function begin(made: BlobPlace): Promise<void> {
  place = made;
  if ('dir' in place) ({ dir } = place);
  clock = new ShiftedClock();
  blobs = await openBlobs({ ...place, clock });
}

describe.each(Object.entries(PLACES))('blobs in %s', (_name, { make, fileOf }) => {
  beforeEach(() => begin(make()));

  test('what is put comes back, under its SHA-256, whatever the bytes', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 3000 }), async (bytes) => {
        const sha256 = await blobs.put(bytes);
        expect(sha256).toBe(sha256Of(bytes));
        expect(await blobs.has(sha256)).toBe(true);
        expect(Buffer.compare(await blobs.get(sha256), bytes)).toBe(0);
      }),
      { numRuns: 40 },
    );
  });

  test('another process sees it at once', async () => {
    const sha256 = await blobs.put(Buffer.from('seen'));
    expect((await (await openBlobs({ ...place, clock })).get(sha256)).toString()).toBe('seen');
  });

  test('the same bytes are kept once, also when many put them at a time', async () => {
    const bytes = randomBytes(200_000);
    const digests = await Promise.all(Array.from({ length: 20 }, () => blobs.put(bytes)));
    expect(new Set(digests).size).toBe(1);
    expect(await all()).toEqual([sha256Of(bytes)]);
    expect(await blobs.usage()).toMatchObject({ count: 1, bytes: 200_000 });
  });

  test('it is listed and counted', async () => {
    const digests = await Promise.all([1, 2, 3].map((size) => blobs.put(Buffer.alloc(size))));
    expect(await all()).toEqual(digests.sort());
    expect(await blobs.usage()).toEqual({ count: 3, bytes: 6 });
  });

  test('what is not there is missing', async () => {
    await expect(blobs.get(NOTHING)).rejects.toMatchObject({ code: 'blob.missing', details: { sha256: NOTHING } });
    expect(await blobs.has(NOTHING)).toBe(false);
    expect(await blobs.delete(NOTHING)).toBe(false);
  });

  test.each(['', '../../etc/passwd', NOTHING.toUpperCase(), `${NOTHING}\n`, '/etc/passwd'])(
    '%j is no digest and reaches no file',
    async (name) => {
      await expect(blobs.get(name)).rejects.toMatchObject({ code: 'blob.missing' });
      await expect(blobs.delete(name)).rejects.toMatchObject({ code: 'blob.missing' });
      expect(await blobs.has(name)).toBe(false);
    },
  );

  test('bytes that were changed, cut or replaced are damaged, and putting them again heals a cut', async () => {
    const bytes = randomBytes(5000);
    const sha256 = await blobs.put(bytes);
    writeFileSync(fileOf(sha256), randomBytes(5000));
    await expect(blobs.get(sha256)).rejects.toMatchObject({ code: 'blob.damaged' });
    truncateSync(fileOf(sha256), 100);
    await expect(blobs.get(sha256)).rejects.toMatchObject({ code: 'blob.damaged' });
    await blobs.put(bytes);
    expect(Buffer.compare(await blobs.get(sha256), bytes)).toBe(0);
  });

  test('what is damaged at its full length is mended by putting it anew', async () => {
    const bytes = randomBytes(5000);
    const sha256 = await blobs.put(bytes);
    writeFileSync(fileOf(sha256), randomBytes(5000));
    await blobs.put(bytes);
    await expect(blobs.get(sha256)).rejects.toMatchObject({ code: 'blob.damaged' });
    await blobs.put(bytes, { anew: true });
    expect(Buffer.compare(await blobs.get(sha256), bytes)).toBe(0);
  });

  test('its size and age are told without reading it', async () => {
    const sha256 = await blobs.put(Buffer.alloc(123));
    expect(await blobs.find(sha256)).toMatchObject({ sha256, bytes: 123 });
    expect(Math.abs((await blobs.find(sha256))!.putAtMs - clock.nowMs())).toBeLessThan(5_000);
    expect(await blobs.find(NOTHING)).toBeUndefined();
    expect(await blobs.find('../x')).toBeUndefined();
  });

  test('too much is refused before anything is written', async () => {
    const bytes = Buffer.alloc(LIMITS.blobBytes + 1);
    await expect(blobs.put(bytes)).rejects.toMatchObject({ code: 'blob.too_large' });
    expect(await all()).toEqual([]);
    expect(await blobs.put(bytes.subarray(1))).toHaveLength(64);
  });

  test('the young are spared, and putting again makes young', async () => {
    const bytes = Buffer.from('again');
    const sha256 = await blobs.put(bytes);
    expect(await blobs.delete(sha256)).toBe(false);
    clock.advance(LIMITS.blobYoungMs + 1_000);
    await blobs.put(bytes);
    expect(await blobs.delete(sha256)).toBe(false);
    expect(await blobs.has(sha256)).toBe(true);
    clock.advance(LIMITS.blobYoungMs + 1_000);
    expect(await blobs.delete(sha256)).toBe(true);
    expect(await blobs.has(sha256)).toBe(false);
    expect(await blobs.delete(sha256)).toBe(false);
  });
});

describe('blobs in a directory', () => {
  const { make, fileOf } = PLACES['a directory'];
  beforeEach(() => begin(make()));

  test('half-written files do not stay when many put the same', async () => {
    await Promise.all(Array.from({ length: 20 }, () => blobs.put(Buffer.alloc(100_000))));
    expect(readdirSync(join(dir, 'incoming'))).toEqual([]);
  });

  test('what is left of the disk is told', async () => {
    const space = await blobs.space();
    expect(space?.freeBytes).toBeGreaterThan(0);
    expect(space?.totalBytes).toBeGreaterThan(space?.freeBytes ?? 0);
  });

  test('others on the machine cannot read it', async () => {
    const sha256 = await blobs.put(Buffer.from('private'));
    expect(statSync(fileOf(sha256)).mode & 0o007).toBe(0);
    expect(statSync(dir).mode & 0o002).toBe(0);
  });

  test('what a killed process left half-written goes, what another is writing stays', async () => {
    const [old, fresh] = [join(dir, 'incoming', 'old'), join(dir, 'incoming', 'fresh')];
    writeFileSync(old, 'x');
    writeFileSync(fresh, 'x');
    const before = new Date(clock.nowMs() - LIMITS.blobLeftOverMs - 1_000);
    utimesSync(old, before, before);
    await openBlobs({ dir, clock });
    expect(readdirSync(join(dir, 'incoming'))).toEqual(['fresh']);
    expect(await all()).toEqual([]);
  });

  test('a place where nothing can be stored says so', async () => {
    const file = join(dir, 'file');
    writeFileSync(file, '');
    await expect(openBlobs({ dir: join(file, 'blobs'), clock })).rejects.toMatchObject({ code: 'blob.unwritable' });
  });

  test.skipIf(process.getuid?.() === 0)('a directory without leave to write says so', async () => {
    chmodSync(join(dir, 'incoming'), 0o500);
    await expect(blobs.put(Buffer.from('x'))).rejects.toMatchObject({ code: 'blob.unwritable' });
    chmodSync(join(dir, 'incoming'), 0o700);
  });
});

describe('blobs in a bucket', () => {
  const { make } = PLACES['a bucket'];
  beforeEach(() => begin(make()));

  test('what another program keeps there is not ours', async () => {
    const other = await openBlobs({ s3: { ...s3.target, prefix: 's3' in place ? `${place.s3.prefix}x/` : '' }, clock });
    await other.put(Buffer.from('other'));
    expect(await all()).toEqual([]);
  });

  test('a list longer than one answer is whole', async () => {
    const digests = await Promise.all(Array.from({ length: 1005 }, (_, n) => blobs.put(Buffer.from(`blob ${n}`))));
    expect(await all()).toEqual(digests.sort());
  }, 60_000);

  test('a busy or failing server is asked again', async () => {
    s3.misbehaviours.push({ status: 503, code: 'SlowDown' }, 'cut', { status: 500 });
    const sha256 = await blobs.put(Buffer.from('patience'));
    s3.misbehaviours.push('cut', { status: 429 });
    expect((await blobs.get(sha256)).toString()).toBe('patience');
    expect(s3.misbehaviours).toEqual([]);
  });

  test('a server that goes on failing, or is not there, is named', async () => {
    s3.misbehaviours.push(...Array.from({ length: LIMITS.s3Attempts }, () => 'cut' as const));
    await expect(blobs.put(Buffer.from('x'))).rejects.toMatchObject({ code: 'blob.unreachable' });
    const gone = { ...s3.target, endpoint: 'http://127.0.0.1:9' };
    await expect(openBlobs({ s3: gone, clock })).rejects.toThrow(/s3:\/\/sentinel\/ at 127\.0\.0\.1:9/);
  });

  test('a wrong secret, an unknown key and a bucket that is not there are refused with what to look at', async () => {
    const open = (change: object): Promise<BlobStore> => openBlobs({ s3: { ...s3.target, ...change }, clock });
    const wrong = open({ secretAccessKey: 'not the secret' });
    await expect(wrong).rejects.toThrow(/SignatureDoesNotMatch.*secret_access_key/);
    await expect(wrong).rejects.not.toThrow(/not the secret/);
    await expect(open({ accessKeyId: 'nobody' })).rejects.toThrow(/check the access key/);
    await expect(open({ bucket: 'elsewhere' })).rejects.toThrow(/bucket does not exist/);
  });

  test('a server without room says so as a disk does', async () => {
    for (const answer of [
      { status: 507 },
      { status: 403, code: 'QuotaExceeded' },
      { status: 400, code: 'XMinioStorageFull' },
    ]) {
      s3.misbehaviours.push({ status: 404 }, answer);
      await expect(blobs.put(Buffer.from('x'))).rejects.toMatchObject({ code: 'blob.disk_full' });
    }
  });

  test('a clock that the server refuses is put right by the server’s, once', async () => {
    clock.advance(3_600_000);
    const before = s3.requests.length;
    const sha256 = await blobs.put(Buffer.from('late'));
    await blobs.get(sha256);
    expect(s3.requests.slice(before).map(({ method, status }) => `${method} ${status}`)).toEqual([
      'HEAD 403',
      'HEAD 404',
      'PUT 200',
      'GET 200',
    ]);
  });

  test('many at once go through in their turn', async () => {
    const digests = await Promise.all(Array.from({ length: 200 }, (_, n) => blobs.put(Buffer.from(`at once ${n}`))));
    expect(new Set(digests).size).toBe(200);
  });
});

const smallDisk = (inside: string): string[] => [
  '--user',
  '--map-root-user',
  '--mount',
  'sh',
  '-c',
  `mount -t tmpfs -o size=1m tmpfs "$0" && ${inside}`,
];
const canMount = spawnSync('unshare', smallDisk('true').concat(root)).status === 0;
if (!canMount) console.warn('no user namespaces on this machine: a full disk is not tested');

describe.runIf(canMount)('on a full disk', () => {
  test('putting fails with a clear error and what was put before is whole', async () => {
    const inside = 'exec "$1" test/support/run-ts.mjs test/support/put-blobs.ts "$0"';
    const { stdout } = await promisify(execFile)('unshare', [...smallDisk(inside), dir, process.execPath]);
    const said = JSON.parse(stdout) as { code: string; message: string; kept: number };
    expect(said.code).toBe('blob.disk_full');
    expect(said.message).toContain(dir);
    expect(said.kept).toBeGreaterThan(5);
  });
});
