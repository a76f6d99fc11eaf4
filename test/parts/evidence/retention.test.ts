/** Nothing goes that somebody holds; what goes goes by rule, is told in the log, and is gone from the store. */
import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sql } from 'kysely';
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest';
import { LIMITS } from '../../../src/base/limits.ts';
import { openBlobs, type BlobStore } from '../../../src/drivers/blobs/blobs.ts';
import { BLOB_COLUMNS, unreferenced } from '../../../src/evidence/blob-references.ts';
import { Custody, type Visit } from '../../../src/evidence/custody.ts';
import { entriesAbout } from '../../../src/evidence/log.ts';
import { prune, pruneEvidence, type RetentionRules } from '../../../src/evidence/retention.ts';
import { sweepBlobs, takeSweepTurn } from '../../../src/evidence/sweep.ts';
import { ManualClock } from '../../support/clock.ts';
import { freshDatabase, type FreshDatabase } from '../../support/postgres.ts';
import { fillSample, insertCandidate, MemoryPictures } from '../../support/sample-estate.ts';
import { sealSample } from '../../support/sample-snapshot.ts';
import type { VerdictKind } from '../../../src/drivers/postgres/schema.ts';
import { ensureFirstAdmin } from '../../../src/web/web.ts';

const DAY_MS = 86_400_000;
const RULES: RetentionRules = {
  ...{ looksDays: 30, picturesHours: 72, eventsDays: 30, auditDays: 1095 },
  ...{ violationDays: 3650, dismissedDays: 365, pulledDays: 1095 },
};
const root = mkdtempSync(join(tmpdir(), 'sentinel-retention-'));
afterAll(() => rmSync(root, { recursive: true }));

let fresh: FreshDatabase;
let clock: ManualClock;
let blobs: BlobStore;
let custody: Custody;
let visit: Visit;
beforeEach(async () => {
  fresh = await freshDatabase();
  clock = new ManualClock();
  blobs = await openBlobs({ dir: mkdtempSync(join(root, 'case-')), clock });
  await ensureFirstAdmin(fresh.db, 'a password for samples');
  await fillSample(fresh.db, new MemoryPictures(), clock.nowMs(), 0);
  custody = new Custody({ db: fresh.db, clock });
  visit = {
    person: { userId: 1, name: 'admin', displayName: '', role: 'admin', unit: null },
    ...{ reason: '复议', purpose: '行政复议', from: null },
  };
});
afterEach(() => fresh.close());

const put = (): Promise<string> => blobs.put(randomBytes(100));
const kept = async (...digests: string[]): Promise<boolean[]> => Promise.all(digests.map((one) => blobs.has(one)));
const pruneAll = (): Promise<number> => pruneEvidence(fresh.db, blobs, RULES, clock);

/** An item with one snapshot that names a picture and a stream of its own. */
async function item(verdict: VerdictKind | undefined) {
  const [after, stream] = [await put(), await put()];
  const scene = {
    ...{ before: after, after, overlay: after, box: [0, 0, 1, 1] as [number, number, number, number] },
    polygon: [
      [0, 0],
      [1, 0],
      [1, 1],
    ] as [number, number][],
  };
  const candidateId = await insertCandidate(fresh.db, {
    ...{ viewId: 1, scene, raisedAt: new Date(clock.nowMs()), verdict, decidedBy: 1 },
  });
  await fresh.db
    .updateTable('evidence_stream')
    .set({ blob_sha256: stream })
    .where('candidate_id', '=', candidateId)
    .execute();
  const sealed = await sealSample(fresh.db, {
    ...{ viewId: 1, sealedAt: new Date(clock.nowMs()), candidateId, streamSha256: stream },
    pictures: [{ role: 'after', sha256: after }],
  });
  return { candidateId, after, stream, ...sealed };
}

describe('evidence goes by rule', () => {
  test('each verdict after its own time, an open item never', async () => {
    const items = {
      open: await item(undefined),
      violation: await item('violation'),
      dismissed: await item('permitted'),
    };
    const pulled = { stream: await put() };
    await sealSample(fresh.db, {
      ...{ viewId: 1, sealedAt: new Date(clock.nowMs()), cause: 'pulled', streamSha256: pulled.stream },
    });
    const standing = () => kept(items.open.stream, items.violation.stream, items.dismissed.stream, pulled.stream);
    expect(await pruneAll()).toBe(0);
    await clock.advance(364 * DAY_MS);
    expect(await pruneAll()).toBe(0);
    await clock.advance(2 * DAY_MS);
    expect(await pruneAll()).toBe(1);
    expect(await standing()).toEqual([true, true, false, true]);
    await clock.advance(731 * DAY_MS);
    expect(await pruneAll()).toBe(1);
    expect(await standing()).toEqual([true, true, false, false]);
    await clock.advance(2600 * DAY_MS);
    expect(await pruneAll()).toBe(1);
    expect(await standing()).toEqual([true, false, false, false]);
    await clock.advance(36_500 * DAY_MS);
    expect(await pruneAll()).toBe(0);
  });

  test('the log says what went and by which rule, and items name what is gone no longer', async () => {
    const { id, after, stream, candidateId } = await item('false_alarm');
    await clock.advance(400 * DAY_MS);
    await pruneAll();
    const told = (await entriesAbout(fresh.db, `snapshot:${id}`, { afterSeq: -1, most: 10 })).at(-1);
    expect(told?.kind).toBe('snapshot.pruned');
    expect(JSON.parse(told?.body ?? '')).toEqual({
      ...{ format: 'sentinel-pruned/1', rule: 'dismissed', days: 365, snapshots: [id] },
      files: [after, stream].sort(),
    });
    const row = await fresh.db
      .selectFrom('candidate')
      .selectAll()
      .where('id', '=', candidateId)
      .executeTakeFirstOrThrow();
    expect([row.before_sha256, row.after_sha256, row.overlay_sha256]).toEqual([null, null, null]);
    expect((await unreferenced(fresh.db, [after, stream])).sort()).toEqual([after, stream].sort());
  });

  test('a file that something else needs stays', async () => {
    const { after, stream } = await item('false_alarm');
    await fresh.db.updateTable('baseline').set({ picture_sha256: after }).where('id', '=', 1).execute();
    await clock.advance(400 * DAY_MS);
    expect(await pruneAll()).toBe(1);
    expect(await kept(after, stream)).toEqual([true, false]);
  });

  test('a stream that is still being fetched is waited for', async () => {
    const { id, candidateId } = await item('false_alarm');
    await fresh.db
      .insertInto('evidence_stream')
      .values({ candidate_id: candidateId, snapshot_id: id, view_id: 1, state: 'wanted' })
      .execute();
    await clock.advance(400 * DAY_MS);
    expect(await pruneAll()).toBe(0);
  });
});

describe('a hold', () => {
  test('on a snapshot keeps its files until it is released', async () => {
    const { id, stream } = await item('false_alarm');
    const hold = await custody.hold(visit, { snapshotIds: [id], candidateId: null });
    const second = await custody.hold(visit, { snapshotIds: [id], candidateId: null });
    await clock.advance(40_000 * DAY_MS);
    expect(await pruneAll()).toBe(0);
    await custody.release(visit, hold);
    expect(await pruneAll()).toBe(0);
    await custody.release(visit, second);
    expect(await pruneAll()).toBe(1);
    expect(await kept(stream)).toEqual([false]);
  });

  test('on an item keeps snapshots sealed later too', async () => {
    const { candidateId } = await item('false_alarm');
    const hold = await custody.hold(visit, { snapshotIds: [], candidateId });
    const later = await put();
    await sealSample(fresh.db, {
      ...{ viewId: 1, sealedAt: new Date(clock.nowMs()), candidateId, streamSha256: later },
    });
    await clock.advance(40_000 * DAY_MS);
    expect(await pruneAll()).toBe(0);
    await custody.release(visit, hold);
    expect(await pruneAll()).toBe(2);
    expect(await kept(later)).toEqual([false]);
  });

  test('comes too late for what has gone, and says so', async () => {
    const { id } = await item('false_alarm');
    await clock.advance(400 * DAY_MS);
    await pruneAll();
    const placed = custody.hold(visit, { snapshotIds: [id], candidateId: null });
    await expect(placed).rejects.toMatchObject({ code: 'evidence.pruned', details: { snapshotId: id } });
  });

  test('and pruning at the same moment: either it is held or it has gone, never both', async () => {
    const items = await Promise.all(Array.from({ length: 12 }, () => item('false_alarm')));
    await clock.advance(400 * DAY_MS);
    const [pruned, ...holds] = await Promise.all([
      pruneAll(),
      ...items.map(({ id }) =>
        custody.hold(visit, { snapshotIds: [id], candidateId: null }).then(
          () => true,
          () => false,
        ),
      ),
    ]);
    const standing = await kept(...items.map(({ stream }) => stream));
    expect(standing).toEqual(holds);
    expect(pruned).toBe(holds.filter((held) => !held).length);
  });

  test('of nothing, of what is not there, twice released, or by another unit is refused', async () => {
    await expect(custody.hold(visit, { snapshotIds: [], candidateId: null })).rejects.toMatchObject({
      code: 'evidence.hold_empty',
    });
    const nowhere = '00000000-0000-4000-8000-000000000000';
    await expect(custody.hold(visit, { snapshotIds: [nowhere], candidateId: null })).rejects.toMatchObject({
      code: 'web.missing',
    });
    await expect(custody.hold(visit, { snapshotIds: [], candidateId: 99 })).rejects.toMatchObject({
      code: 'web.missing',
    });
    const { id } = await item('violation');
    const hold = await custody.hold(visit, { snapshotIds: [id], candidateId: null });
    const other = { ...visit, person: { ...visit.person, userId: 2, role: 'enforcement', unit: '二队' } };
    await expect(custody.release(other, hold)).rejects.toMatchObject({ code: 'evidence.hold_of_others' });
    await custody.release(visit, hold);
    await expect(custody.release(visit, hold)).rejects.toMatchObject({ code: 'evidence.hold_released' });
  });
});

describe('pictures of looks', () => {
  test('go after their time, but for those that a snapshot names', async () => {
    const [plain, sealed] = [await put(), await put()];
    const at = new Date(clock.nowMs());
    for (const picture_sha256 of [plain, sealed]) {
      await fresh.db
        .insertInto('look')
        .values({ view_id: 1, captured_at: at, result: 'changed', stage: 'network', picture_sha256 })
        .execute();
    }
    await sealSample(fresh.db, { viewId: 1, sealedAt: at, pictures: [{ role: 'look', sha256: sealed }] });
    await clock.advance(4 * DAY_MS);
    await prune(fresh.db, blobs, RULES, clock);
    expect(await kept(plain, sealed)).toEqual([false, true]);
  });
});

describe('the sweep', () => {
  test('deletes what nothing refers to, and only what is not young', async () => {
    const { after, stream } = await item('violation');
    const loose = await Promise.all(Array.from({ length: 5 }, put));
    expect(await sweepBlobs(fresh.db, blobs)).toMatchObject({ seen: 7, deleted: 0 });
    await clock.advance(LIMITS.blobYoungMs + 1000);
    const young = await put();
    expect(await sweepBlobs(fresh.db, blobs)).toEqual({ seen: 8, deleted: 5, deletedBytes: 500 });
    expect(await kept(after, stream, young, ...loose)).toEqual([true, true, true, false, false, false, false, false]);
  });

  test('is one process’s turn, once in its time', async () => {
    const nowMs = clock.nowMs();
    const turns = await Promise.all([1, 2, 3].map(() => takeSweepTurn(fresh.db, DAY_MS, nowMs)));
    expect(turns.filter(Boolean)).toHaveLength(1);
    expect(await takeSweepTurn(fresh.db, DAY_MS, nowMs + DAY_MS - 1)).toBe(false);
    expect(await takeSweepTurn(fresh.db, DAY_MS, nowMs + DAY_MS)).toBe(true);
  });
});

/** Digests of something else than a stored file. */
const NOT_FILES = ['look.model_sha256'];

test('every column of a digest is known to refer to a file, or not to', async () => {
  const found = await sql<{ name: string }>`
    select table_name || '.' || column_name as name from information_schema.columns
    where table_schema = 'public' and data_type = 'text' and column_name like '%sha256' order by 1`.execute(fresh.db);
  const known = [...BLOB_COLUMNS.map(([table, column]) => `${table}.${column}`), ...NOT_FILES];
  expect(found.rows.map(({ name }) => name)).toEqual(known.sort());
});

test('digests that are nowhere are unreferenced, in any number', async () => {
  const digests = Array.from({ length: 3000 }, (_, n) => createHash('sha256').update(String(n)).digest('hex'));
  expect(await unreferenced(fresh.db, digests)).toHaveLength(3000);
  expect(await unreferenced(fresh.db, [])).toEqual([]);
});
