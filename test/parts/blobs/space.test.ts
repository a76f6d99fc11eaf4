/** A disk that fills up rings long before, stops the pictures of looks next, and evidence last. */
import { execFile, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { LIMITS } from '../../../src/base/limits.ts';
import { silentLogger } from '../../../src/base/log.ts';
import { openBlobs, SpaceWatch, type BlobSpace, type SpaceState } from '../../../src/drivers/blobs/blobs.ts';
import { spaceState } from '../../../src/drivers/blobs/space-watch.ts';
import { ManualClock } from '../../support/clock.ts';

const root = mkdtempSync(join(tmpdir(), 'sentinel-space-'));
afterAll(() => rmSync(root, { recursive: true }));

const RULES = { alarmBelowBytes: 1000, picturesStopBelowBytes: 100 };
const free = (freeBytes: number): BlobSpace => ({ freeBytes, totalBytes: 10_000 });

describe('the state of the room', () => {
  test.each<[SpaceState, number, SpaceState]>([
    ['untold', 1000, 'ample'],
    ['ample', 999, 'low'],
    ['ample', 99, 'out'],
    ['low', 1000, 'low'],
    ['low', 1100, 'ample'],
    ['out', 105, 'out'],
    ['out', 110, 'low'],
    ['out', 2000, 'ample'],
  ])('from %s with %i bytes free: %s', (before, freeBytes, after) => {
    expect(spaceState(before, free(freeBytes), RULES)).toBe(after);
  });

  test('is never out above the mark with its margin, nor ample below the first', () => {
    const states = fc.constantFrom<SpaceState>('ample', 'low', 'out', 'untold');
    fc.assert(
      fc.property(states, fc.nat(3000), (before, freeBytes) => {
        const state = spaceState(before, free(freeBytes), RULES);
        if (freeBytes < 100) expect(state).toBe('out');
        if (freeBytes >= 110) expect(state).not.toBe('out');
        if (freeBytes < 1000) expect(state).not.toBe('ample');
        if (freeBytes >= 1100) expect(state).toBe('ample');
        // Asked again with the same answer it stays: it does not swing.
        expect(spaceState(state, free(freeBytes), RULES)).toBe(state);
      }),
    );
  });

  test('of a store that does not tell is untold, and keeps nothing out', () => {
    expect(spaceState('out', undefined, RULES)).toBe('untold');
  });
});

describe('the watch', () => {
  test('asks by itself, tells each change once, and refuses pictures but not evidence', async () => {
    const clock = new ManualClock(Date.now());
    const store = await openBlobs({ dir: join(root, 'watched'), clock });
    let space: BlobSpace | undefined = free(5000);
    const told: string[] = [];
    const watch = new SpaceWatch({
      ...{ clock, log: silentLogger, rules: RULES },
      blobs: Object.assign(Object.create(store) as typeof store, {
        space: async () => space,
        put: (bytes: Uint8Array) => store.put(bytes),
      }),
      onChange: async (state) => void told.push(state),
    });
    await watch.start();
    const next = async (now: BlobSpace | undefined): Promise<void> => {
      space = now;
      await clock.advance(LIMITS.spaceAskedEveryMs);
    };
    for (const freeBytes of [900, 800, 50]) await next(free(freeBytes));
    expect(watch.detail.en).toMatch(/not kept/);
    expect(watch.detail.zh).toMatch(/停止保存/);
    const refused = watch.pictures.put(Buffer.from('look'));
    await expect(refused).rejects.toMatchObject({ code: 'blob.pictures_stopped', status: 507 });
    expect(await store.put(Buffer.from('evidence'))).toHaveLength(64);
    for (const freeBytes of [60, 500, 5000]) await next(free(freeBytes));
    expect(await watch.pictures.put(Buffer.from('look'))).toHaveLength(64);
    await next(undefined);
    expect(told).toEqual(['ample', 'low', 'out', 'low', 'ample', 'untold']);
    await watch.close();
  });
});

const smallDisk = (inside: string): string[] => [
  ...['--user', '--map-root-user', '--mount', 'sh', '-c'],
  `mount -t tmpfs -o size=10m tmpfs "$0" && ${inside}`,
];
const canMount = spawnSync('unshare', smallDisk('true').concat(root)).status === 0;
if (!canMount) console.warn('no user namespaces on this machine: a disk that fills up is not tested');

test.runIf(canMount)('on a real disk evidence is still stored when pictures no longer are', async () => {
  const dir = mkdtempSync(join(root, 'disk-'));
  const inside = 'exec "$1" test/support/run-ts.mjs test/support/fill-disk.ts "$0"';
  const { stdout } = await promisify(execFile)('unshare', [...smallDisk(inside), dir, process.execPath]);
  const said = JSON.parse(stdout) as Record<'pictures' | 'evidence', { stored: number; code: string }> & {
    states: string[];
  };
  expect(said.states).toEqual(['ample', 'low', 'out']);
  expect(said.pictures.code).toBe('blob.pictures_stopped');
  expect(said.pictures.stored).toBeGreaterThan(80);
  expect(said.evidence.code).toBe('blob.disk_full');
  expect(said.evidence.stored).toBeGreaterThan(30);
});
