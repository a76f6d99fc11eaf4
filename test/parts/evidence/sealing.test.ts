/** What is sealed, when, and that nothing but the whole or nothing ever is. */
import { spawn } from 'node:child_process';
import { createHash, randomBytes, randomInt } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { SentinelError } from '../../../src/base/errors.ts';
import { LIMITS } from '../../../src/base/limits.ts';
import { silentLogger } from '../../../src/base/log.ts';
import { burnIn } from '../../../src/comparison/comparison.ts';
import { openBlobs, type BlobStore } from '../../../src/drivers/blobs/blobs.ts';
import { KeyFrameDecoder, readPicture } from '../../../src/drivers/codec/codec.ts';
import type { AccessUnit } from '../../../src/drivers/rtsp/rtsp.ts';
import { StreamKeeper, type DeviceFacts } from '../../../src/evidence/evidence.ts';
import { sha256OfText } from '../../../src/evidence/canonical.ts';
import { logSize, proveInclusion, readEntries, rootAt } from '../../../src/evidence/log.ts';
import { leafHash, verifyInclusion } from '../../../src/evidence/merkle.ts';
import type { SnapshotRecord } from '../../../src/evidence/snapshot.ts';
import { readSnapshot, snapshotAfter, snapshotsOfCandidate } from '../../../src/evidence/snapshot-store.ts';
import { Review } from '../../../src/review/review.ts';
import { ManualClock } from '../../support/clock.ts';
import { encodeKeyFrame, syntheticPicture } from '../../support/coded.ts';
import { square } from '../../support/places.ts';
import { freshDatabase, type FreshDatabase } from '../../support/postgres.ts';
import { insertItem, insertReviewSample, type ReviewSample } from '../../support/review.ts';
import { snapshotDesk, TEST_SOFTWARE } from '../../support/snapshots.ts';

let fresh: FreshDatabase;
let dir: string;
let blobs: BlobStore;
let clock: ManualClock;
let sample: ReviewSample;
let decoder: KeyFrameDecoder;
let keyUnit: Buffer;
beforeAll(async () => {
  fresh = await freshDatabase();
  dir = await mkdtemp(path.join(tmpdir(), 'sentinel-sealing-'));
  clock = new ManualClock(Date.UTC(2026, 5, 1, 8));
  blobs = await openBlobs({ dir, clock });
  sample = await insertReviewSample(fresh.db, clock.nowMs());
  decoder = new KeyFrameDecoder();
  keyUnit = await encodeKeyFrame(syntheticPicture(320, 180), 'h264');
});
afterAll(async () => {
  await decoder.close();
  await fresh.close();
  await rm(dir, { recursive: true, force: true });
});

const codedUnits = (): AccessUnit[] =>
  [0, 1, 2].map((n) => ({
    ...{ codec: 'h264', isKey: n === 0, followsLoss: false, rtpTimestamp: 4_294_967_000 + n * 100 },
    ...{ bytes: n === 0 ? keyUnit : randomBytes(120), arrivedAtMs: clock.nowMs() + n * 40 },
  }));

function keeper(record: (url: string) => Promise<AccessUnit[]>, facts: DeviceFacts | null = null): StreamKeeper {
  return new StreamKeeper({
    ...{ db: fresh.db, blobs, clock, log: silentLogger, decoder, blacken: burnIn },
    snapshots: snapshotDesk(blobs, clock),
    cameras: { forCapture: async ([id = 0]) => [{ id } as never] },
    aim: async (_camera, stream) => ({ target: { url: `rtsp://127.0.0.1/${stream}` } }),
    record: ({ url }) => record(url),
    identify: async () => facts,
  });
}

/** An item with pictures that are in the store, sealed as it is raised. */
async function raise(x = 0.1, pictures = { before: true }) {
  const { db } = fresh;
  const [before, after, overlay] = await Promise.all([0, 1, 2].map(() => blobs.put(randomBytes(300))));
  const { id: lookId } = await db
    .insertInto('look')
    .values({
      ...{ view_id: sample.viewId, captured_at: new Date(clock.nowMs() - 500), result: 'changed', stage: 'network' },
      ...{ picture_sha256: after!, pose_dx_px: 1.5, pose_dy_px: -0.5, pose_residual_px: 0.25 },
    })
    .returning('id')
    .executeTakeFirstOrThrow();
  const { id: baselineId } = await db
    .insertInto('baseline')
    .values({
      ...{ view_id: sample.viewId, picture_sha256: before!, thumbnail: Buffer.alloc(576), lighting: 'day' },
      ...{ captured_at: new Date(clock.nowMs() - 86_400_000), state: 'accepted', origin: 'learning' },
    })
    .returning('id')
    .executeTakeFirstOrThrow();
  const id = await insertItem(db, sample.viewId, square(x, 0.1, 0.1), clock.nowMs(), { after: after! });
  const result = { modelSha256: 'f'.repeat(64), maxScore: 0.875, baselineIds: [baselineId] };
  await db
    .updateTable('candidate')
    .set({
      ...{ machine_result: JSON.stringify(result), overlay_sha256: overlay!, raised_by_look_id: lookId },
      before_sha256: pictures.before ? before! : null,
    })
    .where('id', '=', id)
    .execute();
  await db.transaction().execute((trx) => snapshotDesk(blobs, clock).sealRaised(trx, id));
  return { id, before: before!, after: after!, overlay: overlay!, lookId, baselineId, result };
}

async function recordsOf(candidateId: number): Promise<SnapshotRecord[]> {
  const ids = await snapshotsOfCandidate(fresh.db, candidateId);
  return Promise.all(ids.map(async (id) => (await readSnapshot(fresh.db, id))!.record));
}

const filesOf = async (id: string): Promise<string[]> => {
  const rows = await fresh.db.selectFrom('snapshot_file').selectAll().where('snapshot_id', '=', id).execute();
  return rows.map(({ role, sha256 }) => `${role} ${sha256}`).sort();
};

describe('an item that is raised', () => {
  test('is sealed with all that is known, and its stream follows by a second record', async () => {
    await fresh.db
      .insertInto('camera_health')
      .values({
        ...{ camera_id: sample.cameraId, state: 'online', since: new Date(clock.nowMs() - 60_000), errors: 2 },
        ...{ clock_offset_ms: -1250, clock_measured_at: new Date(clock.nowMs() - 90_000) },
      })
      .execute();
    const raised = await raise();
    const [record, ...none] = await recordsOf(raised.id);
    expect(none).toEqual([]);
    expect(record).toMatchObject({
      format: 'sentinel-snapshot/1',
      sealedAt: '2026-06-01T08:00:00.000Z',
      cause: { kind: 'raised', by: null },
      follows: null,
      estate: { name: '滨江花园', timeZone: 'Asia/Shanghai', simulated: false },
      camera: {
        ...{ key: 'roof', kind: 'fixed', mainUrl: 'rtsp://127.0.0.1/roof', device: null },
        location: { code: null, coordinates: null, mountingHeightM: null, plan: null },
      },
      view: {
        ...{ id: sample.viewId, preset: null },
        registration: { dxPx: 1.5, dyPx: -0.5, residualPx: 0.25, lookId: raised.lookId },
      },
      clock: { camera: { offsetMs: -1250, measuredAt: '2026-06-01T07:58:30.000Z', ageS: 90 }, server: null },
      software: { ...TEST_SOFTWARE, modelSha256: 'f'.repeat(64) },
      health: { state: 'online', errors: 2 },
      stream: { state: 'wanted', file: null, units: [] },
      machineResult: raised.result,
      candidate: { id: raised.id, polygon: square(0.1, 0.1, 0.1) },
      decision: null,
    });
    expect(record!.pictures.map(({ role, file, derivedFrom }) => [role, file.sha256, file.bytes, derivedFrom])).toEqual(
      [
        ['after', raised.after, 300, { sha256: null, unit: null, how: 'looked' }],
        ['before', raised.before, 300, { sha256: null, unit: null, how: 'looked' }],
        ['overlay', raised.overlay, 300, { sha256: raised.after, unit: null, how: 'marked' }],
        ['baseline', raised.before, 300, { sha256: null, unit: null, how: 'looked' }],
      ],
    );
    expect(await filesOf(record!.id)).toHaveLength(4);

    const units = codedUnits();
    const asked: string[] = [];
    await keeper(async (url) => {
      asked.push(url);
      return units;
    }).work();
    expect(asked).toEqual(['rtsp://127.0.0.1/evidence']);
    const [, second] = await recordsOf(raised.id);
    expect(await snapshotAfter(fresh.db, record!.id)).toBe(second!.id);
    expect(second).toMatchObject({
      cause: { kind: 'stream', by: null },
      follows: { id: record!.id },
      stream: { state: 'kept', stream: 'main', codec: 'h264', problem: null, file: { mediaType: 'video/h264' } },
    });
    const bytes = await blobs.get(second!.stream.file!.sha256);
    expect(bytes).toEqual(Buffer.concat(units.map((unit) => unit.bytes)));
    expect(second!.stream.units).toEqual(
      units.map((unit, n) => ({
        ...{ sha256: createHash('sha256').update(unit.bytes).digest('hex'), bytes: unit.bytes.length, isKey: n === 0 },
        ...{ rtpTimestamp: 4_294_967_000 + n * 100, arrivedAt: `2026-06-01T08:00:00.0${n * 4}0Z` },
      })),
    );
    // The picture of the key unit is linked to the stream it was made of.
    const still = second!.pictures[0]!;
    expect(still).toMatchObject({
      ...{ role: 'still', takenAt: '2026-06-01T08:00:00.000Z' },
      derivedFrom: { sha256: second!.stream.file!.sha256, unit: 0, how: 'decoded' },
    });
    expect((await readPicture(await blobs.get(still.file.sha256))).widthPx).toBeGreaterThan(16);
  });

  test('says where the camera hangs, by its register and on the first plan it is placed on', async () => {
    const { db } = fresh;
    const camera = db.updateTable('camera').where('id', '=', sample.cameraId);
    const hangs = { location_code: 'NT-0101-003', latitude_deg: 31.980123, longitude_deg: 120.89413 };
    await camera.set({ ...hangs, mounting_height_m: 21.5 }).execute();
    const { estate_id: estateId } = await db.selectFrom('camera').select('estate_id').executeTakeFirstOrThrow();
    const plans = await db
      .insertInto('plan')
      .values(
        ['地下车库', '总平面图'].map((name, n) => ({
          ...{ estate_id: estateId, name, position: 1 - n, picture_sha256: String(n).repeat(64) },
          ...{ width_px: 800, height_px: 600, changed_at: new Date(clock.nowMs()) },
        })),
      )
      .returning('id')
      .execute();
    const at = { x: 0.25, y: 0.5, heading_deg: 135, spread_deg: 60, reach: 0.2 };
    await db
      .insertInto('plan_camera')
      .values(plans.map(({ id }) => ({ plan_id: id, camera_id: sample.cameraId, ...at })))
      .execute();
    const raised = await raise(0.7);
    await camera
      .set({ location_code: null, latitude_deg: null, longitude_deg: null, mounting_height_m: null })
      .execute();
    await db.deleteFrom('plan').execute();
    const [record] = await recordsOf(raised.id);
    expect(record!.camera.location).toEqual({
      code: 'NT-0101-003',
      coordinates: { latitudeDeg: 31.980123, longitudeDeg: 120.89413 },
      mountingHeightM: 21.5,
      plan: {
        ...{ name: '总平面图', pictureSha256: '1'.repeat(64) },
        ...{ x: 0.25, y: 0.5, headingDeg: 135, spreadDeg: 60 },
      },
    });
  });

  test('has a still in which private areas are black, while the camera’s bytes are as they came', async () => {
    const whole = JSON.stringify(square(0, 0, 1));
    const mask = await fresh.db
      .insertInto('mask')
      .values({ view_id: sample.viewId, kind: 'privacy', polygon: whole })
      .returning('id')
      .executeTakeFirstOrThrow();
    const raised = await raise(0.25);
    await keeper(async () => codedUnits()).work();
    await fresh.db.deleteFrom('mask').where('id', '=', mask.id).execute();
    const [, record] = await recordsOf(raised.id);
    const still = await readPicture(await blobs.get(record!.pictures[0]!.file.sha256));
    expect(still.rgb.every((value) => value < 8)).toBe(true);
    expect((await blobs.get(record!.stream.file!.sha256)).subarray(0, keyUnit.length)).toEqual(keyUnit);
  });

  test('whose main stream never comes is sealed with the sub-stream, and says why', async () => {
    const raised = await raise(0.4);
    const keep = keeper((url) =>
      url.endsWith('/evidence')
        ? Promise.reject(new SentinelError('rtsp.not_found', { host: '127.0.0.1' }))
        : Promise.resolve(codedUnits()),
    );
    for (let attempt = 1; attempt <= LIMITS.evidenceAttempts; attempt++) {
      expect(await recordsOf(raised.id)).toHaveLength(1);
      await sql`update evidence_stream set not_before = now() where state = 'wanted'`.execute(fresh.db);
      await keep.work();
    }
    const [, record] = await recordsOf(raised.id);
    expect(record).toMatchObject({
      stream: { state: 'kept', stream: 'sub', problem: '127.0.0.1 has no such stream' },
    });
  });

  test('of whose streams none comes is sealed with what there is, and says so', async () => {
    const raised = await raise(0.55);
    const keep = keeper(() => Promise.reject(new SentinelError('rtsp.not_found', { host: '127.0.0.1' })));
    for (let attempt = 1; attempt <= LIMITS.evidenceAttempts; attempt++) {
      await sql`update evidence_stream set not_before = now() where state = 'wanted'`.execute(fresh.db);
      await keep.work();
    }
    const [first, second] = await recordsOf(raised.id);
    expect(second).toMatchObject({
      follows: { id: first!.id },
      stream: { state: 'failed', stream: null, file: null, units: [] },
      pictures: [],
    });
    expect(second!.stream.problem).toMatch(/no such stream; 127\.0\.0\.1 has no such stream/);
    // Nothing is tried any more.
    await sql`update evidence_stream set not_before = now()`.execute(fresh.db);
    await keep.work();
    expect(await recordsOf(raised.id)).toHaveLength(2);
  });

  test('names a file that cannot be read, with the problem', async () => {
    const { db } = fresh;
    const id = await insertItem(db, sample.viewId, square(0.7, 0.1, 0.1), clock.nowMs(), { after: 'a'.repeat(64) });
    await db.transaction().execute((trx) => snapshotDesk(blobs, clock).sealRaised(trx, id));
    const [record] = await recordsOf(id);
    expect(record!.pictures[0]!.file).toMatchObject({ sha256: 'a'.repeat(64), bytes: null });
    expect(record!.pictures[0]!.file.problem).toMatch(/a{64}/);
  });
});

describe('a camera', () => {
  test('that can be turned is asked while it stands at the view, and let go when it goes on', async () => {
    const { db } = fresh;
    const { id: cameraId } = await db
      .insertInto('camera')
      .values({
        estate_id: (await db.selectFrom('estate').select('id').executeTakeFirstOrThrow()).id,
        ...{ key: 'dome', name: '东塔球机', kind: 'ptz', main_url: 'rtsp://127.0.0.1/dome' },
      })
      .returning('id')
      .executeTakeFirstOrThrow();
    const views = await db
      .insertInto('view')
      .values(
        ['3', '4'].map((key) => ({ camera_id: cameraId, key, name: `预置位 ${key}`, state: 'watching' as const })),
      )
      .returning('id')
      .execute();
    const { id: routeId } = await db
      .insertInto('patrol_route')
      .values({
        ...{ camera_id: cameraId, name: '白天巡航', time_zone: 'Asia/Shanghai' },
        windows: JSON.stringify([{ days: [1, 2, 3, 4, 5], from: '08:00', to: '18:00' }]),
      })
      .returning('id')
      .executeTakeFirstOrThrow();
    const stops = await db
      .insertInto('patrol_stop')
      .values(
        views.map(({ id }, n) => ({
          route_id: routeId,
          ordinal: n + 1,
          preset: String(n + 3),
          dwell_s: 20,
          view_id: id,
        })),
      )
      .returning('id')
      .execute();
    await db
      .insertInto('turret_preset')
      .values({ camera_id: cameraId, token: '3', name: '3号楼屋面', seen_at: new Date(clock.nowMs()) })
      .execute();
    await db
      .insertInto('turret')
      .values({ camera_id: cameraId, position: JSON.stringify({ pan: 0.25, tilt: -0.5, zoom: 0.125 }) })
      .execute();
    const stand = (at: number) =>
      db
        .updateTable('turret')
        .set({ phase: 'looking', stop_id: stops[at]!.id, phase_since: new Date(clock.nowMs()) })
        .where('camera_id', '=', cameraId)
        .execute();
    await db
      .insertInto('patrol_visit')
      .values({
        ...{ camera_id: cameraId, route_id: routeId, stop_id: stops[0]!.id, view_id: views[0]!.id, outcome: 'looked' },
        began_at: new Date(clock.nowMs()),
      })
      .execute();

    const pull = { viewId: views[0]!.id, userId: sample.users[1], reason: '居民举报', purpose: '核实' };
    const { id } = await snapshotDesk(blobs, clock).pull(db, pull);
    // A dome is no business of whoever looks after the cameras that always look there.
    await keeper(async () => codedUnits()).work();
    expect(await snapshotAfter(db, id)).toBeUndefined();
    // It goes on while the stream is recorded, however often: the wish waits for a visit that is long enough.
    let asked = 0;
    const visit = async (record: (moved: AbortController) => Promise<AccessUnit[]>): Promise<void> => {
      const [over, moved] = [new AbortController(), new AbortController()];
      const keep = keeper(async () => {
        asked++;
        over.abort(new Error('the dwell is over'));
        return record(moved);
      });
      await stand(0);
      await keep.keepWhileStanding(views[0]!.id, { over: over.signal, moved: moved.signal });
    };
    for (let times = 0; times < LIMITS.evidenceAttempts + 1; times++) {
      await visit((moved) => {
        moved.abort(new Error('the dome went on'));
        return Promise.reject(moved.signal.reason as Error);
      });
      expect(await snapshotAfter(db, id)).toBeUndefined();
    }
    expect(asked).toBe(LIMITS.evidenceAttempts + 1);
    await visit(async () => codedUnits());
    const after = await readSnapshot(db, (await snapshotAfter(db, id))!);
    expect(after!.record).toMatchObject({
      cause: {
        kind: 'stream',
        course: {
          ...{ route: { id: routeId, name: '白天巡航' }, stop: 1, operator: null },
          timetable: '12345 08:00-18:00 (Asia/Shanghai)',
        },
      },
      view: { preset: { token: '3', name: '3号楼屋面' }, ptz: { pan: 0.25, tilt: -0.5, zoom: 0.125 } },
      stream: { state: 'kept', stream: 'main', problem: null },
    });
  });

  test('says what it is, and is asked once a day', async () => {
    const facts = {
      ...{ make: 'Hikvision', model: 'DS-2DE', serial: '0012', firmware: 'V5.7', mac: '44:19:b6:00:00:01' },
      captions: [
        { kind: 'Plain', text: '3号楼屋顶东' },
        { kind: 'DateAndTime', text: '' },
      ],
    };
    const first = await raise(0.3);
    await keeper(async () => codedUnits(), facts).work();
    const [before, after] = await recordsOf(first.id);
    expect(before!.camera.device).toBeNull();
    expect(after!.camera.device).toEqual({ ...facts, askedAt: '2026-06-01T08:00:00.000Z' });
    const second = await raise(0.45);
    await keeper(async () => codedUnits(), { ...facts, firmware: 'V5.8' }).work();
    expect((await recordsOf(second.id)).map(({ camera }) => camera.device?.firmware)).toEqual(['V5.7', 'V5.7']);
    await fresh.db
      .updateTable('camera_device')
      .set({ asked_at: new Date(clock.nowMs() - LIMITS.deviceKnownMs - 1) })
      .execute();
    const third = await raise(0.6);
    await keeper(async () => codedUnits(), { ...facts, firmware: 'V5.8' }).work();
    expect((await recordsOf(third.id)).map(({ camera }) => camera.device?.firmware)).toEqual(['V5.7', 'V5.8']);
  });
});

describe('a decision', () => {
  test('is sealed with who, what and why, asks for the stream anew, and so is taking it back', async () => {
    const { db } = fresh;
    const raised = await raise(0.85);
    await keeper(async () => codedUnits()).work();
    const desk = snapshotDesk(blobs, clock);
    const review = new Review({
      ...{ db, clock, claimS: 600, undoS: 60 },
      thumbnailOfPicture: async () => ({ thumbnail: Buffer.alloc(576), lighting: 'day' }),
      onDecision: (trx, made) => desk.sealDecision(trx, made),
    });
    const wang = { userId: sample.users[0], isAdmin: false };
    await review.decide(raised.id, wang, {
      ...{ verdict: 'violation', reason: '现场属实', duplicateOf: undefined, version: 1 },
    });
    await keeper(async () => codedUnits()).work();
    await review.undo(raised.id, wang);
    const [first, second, decided, later, undone, ...more] = await recordsOf(raised.id);
    expect(more).toEqual([]);
    const by = { userId: wang.userId, name: 'wang', displayName: '王敏', role: 'operator' };
    expect(decided).toMatchObject({
      cause: { kind: 'decided', by, reason: '现场属实' },
      follows: { id: second!.id },
      stream: { state: 'wanted' },
      decision: { verdict: 'violation', reason: '现场属实', undoneAt: null },
      machineResult: first!.machineResult,
    });
    expect(decided!.pictures).toEqual(first!.pictures);
    expect(later).toMatchObject({ cause: { kind: 'stream' }, follows: { id: decided!.id }, stream: { state: 'kept' } });
    expect(later!.decision).toEqual(decided!.decision);
    expect(undone).toMatchObject({
      cause: { kind: 'undone', by },
      stream: { ...later!.stream, state: 'standing' },
      decision: { undoneAt: '2026-06-01T08:00:00.000Z' },
    });
  });
});

describe('a pull', () => {
  test('of a view that has no item is sealed at once, for whom and why, and its stream follows', async () => {
    const { db } = fresh;
    const pull = { viewId: sample.viewId, userId: sample.users[1], reason: '居民举报', purpose: '行政执法取证' };
    const pulled = await snapshotDesk(blobs, clock).pull(db, pull);
    const stored = await readSnapshot(db, pulled.id);
    expect(stored).toMatchObject({ entry: pulled.entry, cause: 'pulled', streamState: 'wanted', follows: null });
    expect(stored!.record).toMatchObject({
      cause: { kind: 'pulled', by: { displayName: '李强' }, reason: '居民举报', purpose: '行政执法取证' },
      ...{ candidate: null, decision: null, machineResult: null },
    });
    expect(stored!.record.pictures.map(({ role }) => role)).toContain('look');
    await keeper(async () => codedUnits()).work();
    const after = await readSnapshot(db, (await snapshotAfter(db, pulled.id))!);
    expect(after).toMatchObject({ follows: pulled.id, streamState: 'kept' });
    expect(after!.record.candidate).toBeNull();
  });

  test('of what is not there is refused and leaves nothing', async () => {
    const before = await logSize(fresh.db);
    const pull = { viewId: 999_999, userId: sample.users[1], reason: '', purpose: '' };
    await expect(snapshotDesk(blobs, clock).pull(fresh.db, pull)).rejects.toMatchObject({ code: 'web.missing' });
    expect(await logSize(fresh.db)).toBe(before);
  });
});

test('SM3 stands beside SHA-256 where it is wanted, for files, entries and their bodies', async () => {
  const { db } = fresh;
  const desk = snapshotDesk(blobs, clock, { sm3: true });
  // GB/T 32905-2016, example 1.
  expect(desk.sm3!('abc')).toBe('66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0');
  const pulled = await desk.pull(db, { viewId: sample.viewId, userId: sample.users[1], reason: '', purpose: '' });
  const [entry] = await readEntries(db, [pulled.entry]);
  expect(JSON.parse(entry!.entry).bodySm3).toBe(desk.sm3!(entry!.body));
  const record = JSON.parse(entry!.body) as SnapshotRecord;
  for (const { file } of record.pictures) {
    const bytes = await blobs.get(file.sha256);
    expect(file.sm3).toBe(createHash('sm3').update(bytes).digest('hex'));
  }
  expect(record.pictures.length).toBeGreaterThan(0);
});

test(
  'two processes killed at any instant leave every item, decision and stream with its seal, and every seal with its own',
  { timeout: 120_000 },
  async () => {
    const own = await freshDatabase();
    try {
      const { db } = own;
      const { cameraId, users } = await insertReviewSample(db, Date.now());
      const argument = JSON.stringify({ databaseUrl: own.url, dir, cameraId, userId: users[2] });
      for (let round = 0; round < 6; round++) {
        const children = [0, 1].map(() =>
          spawn(process.execPath, ['test/support/run-ts.mjs', 'test/support/sealing-process.ts', argument], {
            stdio: ['ignore', 'pipe', 'inherit'],
          }),
        );
        await Promise.all(
          children.map(
            (child) =>
              new Promise<void>((resolve, reject) => {
                let done = 0;
                child.stdout.on('data', (dots: Buffer) => {
                  done += dots.length;
                  if (done >= 4) resolve();
                });
                child.once('close', (code) => reject(new Error(`the process ended with ${code}`)));
              }),
          ),
        );
        await new Promise((resolve) => setTimeout(resolve, randomInt(200)));
        const ended = children.map((child) => new Promise((resolve) => child.once('close', resolve)));
        for (const child of children) child.kill('SIGKILL');
        await Promise.all(ended);
      }
      // The server ends what the dead had begun.
      await expect
        .poll(async () => {
          const { rows } = await sql<{ n: number }>`select count(*)::int as n from pg_stat_activity
            where datname = current_database() and application_name = 'sentinel' and pid <> pg_backend_pid()
              and state <> 'idle'`.execute(db);
          return rows[0]!.n;
        })
        .toBe(0);

      const count = async (query: ReturnType<typeof sql<{ n: number }>>): Promise<number> =>
        (await query.execute(db)).rows[0]!.n;
      const items = await count(sql`select count(*)::int as n from candidate`);
      expect(items).toBeGreaterThan(10);
      expect(await count(sql`select count(*)::int as n from verdict`)).toBeGreaterThan(10);
      expect(await count(sql`select count(*)::int as n from evidence_stream where state = 'kept'`)).toBeGreaterThan(3);
      const unsealed = {
        items: await count(sql`select count(*)::int as n from candidate c
          where (select count(*) from snapshot s where s.candidate_id = c.id and s.cause = 'raised') <> 1`),
        verdicts: await count(sql`select count(*)::int as n from verdict v
          where (select count(*) from snapshot s where s.verdict_id = v.id and s.cause = 'decided') <> 1
            or (select count(*) from snapshot s where s.verdict_id = v.id and s.cause = 'undone')
              <> case when v.undone_at is null then 0 else 1 end`),
        streams: await count(sql`select count(*)::int as n from evidence_stream e
          where (select count(*) from snapshot s where s.follows = e.snapshot_id and s.cause = 'stream')
            <> case when e.state = 'wanted' then 0 else 1 end`),
      };
      expect(unsealed).toEqual({ items: 0, verdicts: 0, streams: 0 });
      const seals = {
        withoutItem: await count(sql`select count(*)::int as n from snapshot s
          where not exists (select from candidate c where c.id = s.candidate_id)`),
        withoutVerdict: await count(sql`select count(*)::int as n from snapshot s where verdict_id is not null
          and not exists (select from verdict v where v.id = s.verdict_id)`),
        withoutWish: await count(sql`select count(*)::int as n from snapshot s where stream_state = 'wanted'
          and not exists (select from evidence_stream e where e.snapshot_id = s.id)`),
        withoutEntry: await count(sql`select count(*)::int as n from snapshot s
          where not exists (select from log_entry l where l.seq = s.entry and l.body::jsonb ->> 'id' = s.id::text)`),
      };
      expect(seals).toEqual({ withoutItem: 0, withoutVerdict: 0, withoutWish: 0, withoutEntry: 0 });

      const size = await logSize(db);
      expect(await count(sql`select count(*)::int as n from log_entry`)).toBe(size);
      expect(size).toBe(1 + (await count(sql`select count(*)::int as n from snapshot`)));
      const root = await rootAt(db, size);
      for (const { seq, entry, body } of await readEntries(
        db,
        Array.from({ length: size }, (_, n) => n),
      )) {
        expect(verifyInclusion(leafHash(entry), await proveInclusion(db, seq, size), root)).toBe(true);
        expect(JSON.parse(entry).bodySha256).toBe(sha256OfText(body));
      }
    } finally {
      await own.close();
    }
  },
);
