/** Patrol over ONVIF and RTSP on real sockets, against a simulated dome and a real database. */
import sharp from 'sharp';
import { afterAll, afterEach, beforeEach, expect, test } from 'vitest';
import type { Picture } from '../../../src/base/picture.ts';
import { writeJpeg } from '../../../src/drivers/codec/codec.ts';
import { createToken, ensureFirstAdmin } from '../../../src/web/people-store.ts';
import { thumbnailOf } from '../../../src/comparison/comparison.ts';
import type { Simulator } from '../../../src/simulator/simulator.ts';
import { oneDome, ONE_DOME, registerDome, startTestPatrol, until, type TestPatrol } from '../../support/patrol.ts';
import { freshDatabase, type FreshDatabase } from '../../support/postgres.ts';
import { MemoryPictures } from '../../support/sample-estate.ts';
import { startTestWeb, WebClient } from '../../support/web.ts';

const PRESETS = ONE_DOME.domes[0]!.presets;
const closing: (() => unknown)[] = [];
let simulator: Simulator;
let database: FreshDatabase;
let pictures: MemoryPictures;
let cameraId: number;

beforeEach(async () => {
  simulator = await oneDome();
  closing.push(() => simulator.close());
  database = await freshDatabase();
  closing.push(() => database.close());
  pictures = new MemoryPictures();
  cameraId = await registerDome(database.db, simulator);
});
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});
afterAll(() => sharp.cache(false));

async function started(options: { name?: string; leaseS?: number } = {}): Promise<TestPatrol> {
  const patrol = await startTestPatrol(database, simulator, { pictures, ...options });
  closing.push(() => patrol.close());
  return patrol;
}

async function person(
  role: 'operator' | 'enforcement' | 'admin' | 'viewer',
  name: string,
): Promise<{ client: WebClient; id: number }> {
  const { id } = await database.db
    .insertInto('app_user')
    .values({ name, role, password_hash: '' })
    .returning('id')
    .executeTakeFirstOrThrow();
  const client = new WebClient(webUrl);
  client.token = (await createToken(database.db, id, 'test', undefined, Date.now())).token;
  return { client, id };
}
let webUrl = '';
async function pages(): Promise<void> {
  await ensureFirstAdmin(database.db, 'a password for tests');
  const web = await startTestWeb(database, { pictures });
  webUrl = web.url;
  closing.push(() => web.close());
}

/** How far the lens is from where a view's preset was set, in degrees. */
async function offDeg(look: { viewId: number; lens: { panDeg: number; tiltDeg: number } }): Promise<number> {
  const view = await database.db
    .selectFrom('view')
    .select('key')
    .where('id', '=', look.viewId)
    .executeTakeFirstOrThrow();
  const preset = PRESETS[Number(view.key) - 1]!;
  return Math.hypot(look.lens.panDeg - preset.panDeg, look.lens.tiltDeg - preset.tiltDeg);
}

/** What an encoder smooths from one group to the next is finer than this, what a turning dome smears is not. */
const CELL_PX = 4;
const BLOCK_CELLS = 10;

/** Grey levels between neighbouring cells in each block, on the mean: what a smeared picture has few of. */
function sharpness({ widthPx, heightPx, rgb }: Picture): number[] {
  const [across, down] = [Math.floor(widthPx / CELL_PX), Math.floor(heightPx / CELL_PX)];
  const cells = new Float64Array(across * down);
  for (let y = 0; y < down * CELL_PX; y++) {
    for (let x = 0; x < across * CELL_PX; x++) {
      const cell = Math.floor(y / CELL_PX) * across + Math.floor(x / CELL_PX);
      cells[cell]! += rgb[(y * widthPx + x) * 3]! / CELL_PX ** 2;
    }
  }
  const blocksAcross = Math.ceil(across / BLOCK_CELLS);
  const sums = new Array<number>(blocksAcross * Math.ceil(down / BLOCK_CELLS)).fill(0);
  for (let cell = 0; cell < cells.length; cell++) {
    const [x, y] = [cell % across, Math.floor(cell / across)];
    if (x === across - 1) continue;
    const block = Math.floor(y / BLOCK_CELLS) * blocksAcross + Math.floor(x / BLOCK_CELLS);
    sums[block]! += Math.abs(cells[cell]! - cells[cell + 1]!);
  }
  return sums.map((sum) => sum / BLOCK_CELLS ** 2);
}

/** How sharp a picture is beside another of the same place, in most of its blocks: who passes by moves few of them. */
function sharpnessRatio(one: readonly number[], other: readonly number[]): number {
  const ratios = one.map((value, block) => (value + 0.1) / (other[block]! + 0.1)).sort((a, b) => a - b);
  return ratios[ratios.length >> 1]!;
}

/** What was looked at becomes the view's lawful picture. */
async function accept(patrol: TestPatrol): Promise<void> {
  const seen = new Map(patrol.looks.filter(({ unfit }) => unfit === null).map((look) => [look.viewId, look]));
  for (const { viewId, picture, capturedAtMs } of seen.values()) {
    await database.db
      .insertInto('baseline')
      .values({
        ...{ view_id: viewId, picture_sha256: pictures.put(await writeJpeg(picture!)), lighting: 'day' },
        ...{ thumbnail: Buffer.from(thumbnailOf(picture!)), captured_at: new Date(capturedAtMs) },
        ...{ state: 'accepted', origin: 'learning' },
      })
      .execute();
  }
}

test('follows its route, looks where it stands still, and tells what it did', { timeout: 120_000 }, async () => {
  const patrol = await started();
  await until(() => patrol.looks.length >= 8, 90_000, 'two rounds');
  expect(patrol.visits.map(({ outcome, problem }) => problem ?? outcome)).toEqual(patrol.visits.map(() => 'looked'));
  expect(new Set(patrol.looks.map(({ viewId }) => viewId)).size).toBe(4);
  const byView = new Map<number, number[][]>();
  for (const look of patrol.looks) {
    expect(look).toMatchObject({ unfit: null, moving: false, frozen: false });
    expect(await offDeg(look)).toBeLessThan(0.15);
    byView.set(look.viewId, [...(byView.get(look.viewId) ?? []), sharpness(look.picture!)]);
  }
  // As sharp the second time as the first: neither was taken in motion.
  for (const [first, second] of byView.values()) expect(sharpnessRatio(second!, first!)).toBeGreaterThan(0.9);

  const { db } = database;
  const turret = await db.selectFrom('turret').selectAll().where('camera_id', '=', cameraId).executeTakeFirstOrThrow();
  expect(turret).toMatchObject({ abilities: { absolute: true, byPicture: true }, stuck_since: null, problem: null });
  const lease = await db.selectFrom('turret_lease').selectAll().executeTakeFirstOrThrow();
  expect(lease).toMatchObject({ kind: 'route', camera_id: cameraId });
  const presets = await db.selectFrom('turret_preset').selectAll().orderBy('token').execute();
  expect(presets.map(({ name }) => name)).toEqual(PRESETS.map(({ name }) => name));
  expect(presets.every(({ picture_sha256 }) => picture_sha256 !== null)).toBe(true);
  const log = await db
    .selectFrom('turret_log')
    .select(['kind', 'by_name', 'action', 'outcome'])
    .orderBy('id')
    .execute();
  expect(log[0]).toEqual({ kind: 'route', by_name: '全天', action: 'lease.taken', outcome: 'done' });
  expect(log[1]).toEqual({ kind: 'route', by_name: '全天', action: 'turret.to_preset', outcome: 'done' });
  const health = await db.selectFrom('camera_health').selectAll().executeTakeFirstOrThrow();
  expect(health).toMatchObject({ state: 'online', codec: 'h264', width_px: 640 });

  await patrol.close();
  expect(await db.selectFrom('turret_lease').selectAll().execute()).toEqual([]);
  expect(await db.selectFrom('camera_lease').selectAll().execute()).toEqual([]);
});

test(
  'people: one hand at a time, the patrol waits, every command in the log, and it goes on where it was',
  { timeout: 120_000 },
  async () => {
    await pages();
    const patrol = await started();
    const { client: li } = await person('operator', 'li');
    const { client: wang } = await person('operator', 'wang');
    const { client: team } = await person('enforcement', 'team');
    const { client: guest } = await person('viewer', 'guest');
    const ptz = `/api/v1/cameras/${cameraId}/ptz`;
    await until(() => patrol.visits.length >= 2, 40_000, 'a visit');

    const before = (await li.get(ptz)).body;
    expect(before).toMatchObject({ driven: true, lease: { kind: 'route', by: '全天', mine: false } });
    const moved = await li.post(`${ptz}/move`, { kind: 'absolute', position: { pan: -0.5, tilt: 0.2, zoom: 0 } });
    expect(moved.body.lease).toMatchObject({ kind: 'operator', by: 'li', mine: true });
    await until(
      () => !simulator.turretOf('dome').moving() && Math.abs(simulator.turretOf('dome').position().panDeg + 90) < 1,
      10_000,
      'the turn',
    );

    expect((await guest.post(`${ptz}/move`, { kind: 'home' })).status).toBe(403);
    const refused = await wang.post(`${ptz}/move`, { kind: 'home' });
    expect([refused.status, refused.body.error.code, refused.body.error.details.by]).toEqual([
      409,
      'patrol.held',
      'li',
    ]);
    expect((await wang.ask('DELETE', `${ptz}/lease`)).body.error.code).toBe('patrol.not_held');
    const visits = patrol.visits.length;
    await new Promise((resolve) => setTimeout(resolve, 3_000));
    expect(patrol.visits.length).toBeLessThanOrEqual(visits + 1);
    expect((await wang.get(ptz)).body).toMatchObject({ phase: 'held', lease: { by: 'li', mine: false } });

    expect((await team.post(`${ptz}/lease`, { purpose: '取证' })).body.lease).toMatchObject({
      kind: 'enforcement',
      purpose: '取证',
    });
    expect((await li.post(`${ptz}/stop`)).body.error.code).toBe('patrol.held');
    const saved = await team.post(`${ptz}/presets`, { name: '举报位置' });
    const token = saved.body.items.find(({ name }: { name: string }) => name === '举报位置').token;
    expect((await team.get(`${ptz}/presets/${token}/picture.jpg`)).status).toBe(200);
    expect((await team.ask('DELETE', `${ptz}/presets/1`)).body.error.code).toBe('patrol.preset_used');
    const removed = await team.ask('DELETE', `${ptz}/presets/${token}`);
    expect(removed.body.items.map(({ name }: { name: string }) => name)).not.toContain('举报位置');

    const left = (await team.get(ptz)).body.stopId;
    expect((await team.ask('DELETE', `${ptz}/lease`)).body.lease).toBeNull();
    const count = patrol.visits.length;
    await until(() => patrol.visits.length > count, 15_000, 'the patrol’s return');
    expect(patrol.visits.slice(count).find(({ outcome }) => outcome !== 'interrupted')?.stopId).toBe(left);

    const entries = (await li.get(`${ptz}/log?limit=200`)).body.items;
    const log: string[] = entries.map(
      (entry: { by: string; action: string; outcome: string }) => `${entry.by} ${entry.action} ${entry.outcome}`,
    );
    for (const line of [
      'li lease.taken done',
      'li hand.absolute done',
      'team lease.taken done',
      'team hand.set_preset done',
      'team hand.remove_preset done',
      'team lease.released done',
    ]) {
      expect(log).toContain(line);
    }
    // Nothing of the patrol's between a hand's taking and its giving back.
    const held = log.slice(log.indexOf('team lease.released done') + 1, log.indexOf('li lease.taken done'));
    expect(held.filter((line: string) => line.startsWith('全天'))).toEqual([]);
  },
);

test('a hand that moves is answered in a moment', { timeout: 60_000 }, async () => {
  await pages();
  await started();
  const { client } = await person('operator', 'li');
  const path = `/api/v1/cameras/${cameraId}/ptz/move`;
  await until(
    async () => (await client.post(path, { kind: 'continuous', pan: 0.1, tilt: 0, zoom: 0 })).status === 200,
    10_000,
  );
  await until(() => simulator.turretOf('dome').moving(), 2_000, 'the motor');
  // It ends by itself soon after the last word.
  await until(() => !simulator.turretOf('dome').moving(), 4_000, 'the stop');
});

test(
  'a turret that does not turn is told within a round, and nothing it shows is judged',
  { timeout: 150_000 },
  async () => {
    const patrol = await started();
    await until(() => patrol.looks.length >= 4, 60_000, 'a round');
    simulator.turretOf('dome').setFault('stuck');
    const visits = patrol.visits.length;
    const task = () =>
      database.db
        .selectFrom('operator_task')
        .selectAll()
        .where('kind', '=', 'stuck')
        .where('state', '=', 'open')
        .executeTakeFirst();
    await until(async () => (await task()) !== undefined, 60_000, 'the alarm');
    expect(patrol.visits.length - visits).toBeLessThanOrEqual(4);
    for (const look of patrol.looks.slice(visits)) {
      if (look.unfit === null) expect(await offDeg(look)).toBeLessThan(0.15);
    }
    simulator.turretOf('dome').setFault(undefined);
    await until(async () => (await task()) === undefined, 60_000, 'its end');
  },
);

test(
  'a stop that has drifted is brought back where it is little, and not judged where it is much',
  { timeout: 200_000 },
  async () => {
    const patrol = await started();
    await until(() => patrol.looks.length >= 4, 60_000, 'a round');
    await accept(patrol);
    const turret = simulator.turretOf('dome');
    turret.reboot({ panDeg: 0.8, tiltDeg: -0.4 });
    let from = patrol.visits.length + 1;
    await until(() => patrol.visits.length >= from + 4, 90_000, 'a round');
    const recentred = patrol.visits.slice(from, from + 4);
    expect(recentred.map(({ outcome }) => outcome)).toEqual(['looked', 'looked', 'looked', 'looked']);
    expect(recentred.every((visit) => visit.recentred && Math.abs(visit.offset!.dxPx) > 8)).toBe(true);
    // The lens is back where the reference was taken, though the motors count otherwise.
    for (const look of patrol.looks.slice(-3)) expect(await offDeg(look)).toBeLessThan(0.35);

    turret.reboot({ panDeg: 6, tiltDeg: 0 });
    from = patrol.visits.length + 1;
    await until(() => patrol.visits.length >= from + 4, 90_000, 'a round');
    expect(patrol.visits.slice(from, from + 4).map(({ outcome }) => outcome)).toEqual(['pose', 'pose', 'pose', 'pose']);
    expect(patrol.looks.slice(-3).every(({ unfit }) => unfit === 'pose')).toBe(true);
    const tasks = await database.db
      .selectFrom('operator_task')
      .selectAll()
      .where('kind', '=', 'pose')
      .where('state', '=', 'open')
      .execute();
    expect(tasks).toHaveLength(4);

    turret.reboot({ panDeg: -6.8, tiltDeg: 0.4 });
    await until(
      async () =>
        (await database.db.selectFrom('operator_task').select('id').where('state', '=', 'open').execute()).length === 0,
      90_000,
      'the tasks’ end',
    );
  },
);

test(
  'a patrol process that dies leaves its dome to another, which goes on at its stop',
  { timeout: 120_000 },
  async () => {
    const dying = await startTestPatrol(database, simulator, { pictures, name: 'dying/patrol', leaseS: 3 });
    await until(() => dying.visits.length >= 2, 40_000, 'two visits');
    // It stops as if the machine had: nothing is given back.
    const kept = await database.db.selectFrom('turret_lease').selectAll().executeTakeFirstOrThrow();
    const held = await database.db.selectFrom('camera_lease').selectAll().executeTakeFirstOrThrow();
    const at = await database.db.selectFrom('turret').select(['route_id', 'stop_id']).executeTakeFirstOrThrow();
    await dying.close();
    await database.db.insertInto('turret_lease').values(kept).execute();
    await database.db.insertInto('camera_lease').values(held).execute();
    await database.db.updateTable('turret').set(at).execute();

    const next = await started({ name: 'next/patrol', leaseS: 3 });
    await until(() => next.visits.length >= 1, 30_000, 'a visit of the next');
    expect(next.visits[0]?.stopId).toBe(at.stop_id);
  },
);

test(
  'a device that goes away and comes back is driven again, and its views say why they could not be judged',
  { timeout: 120_000 },
  async () => {
    const patrol = await started();
    await until(() => patrol.looks.length >= 2, 40_000, 'a look');
    simulator.deviceOf('dome').setFault('offline');
    await until(() => patrol.looks.some(({ unfit, picture }) => unfit === 'turret' && !picture), 40_000, 'the note');
    await until(
      async () =>
        (await database.db.selectFrom('turret').select('phase').executeTakeFirstOrThrow()).phase === 'unreachable',
      20_000,
    );
    simulator.deviceOf('dome').setFault(undefined);
    const looks = patrol.looks.length;
    await until(
      () => patrol.looks.slice(looks).filter(({ unfit }) => unfit === null).length >= 4,
      60_000,
      'the return',
    );
  },
);
