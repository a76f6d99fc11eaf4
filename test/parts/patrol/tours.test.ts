/** Routes given to a dome as preset tours of its own. */
import { sql } from 'kysely';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { systemClock } from '../../../src/base/clock.ts';
import { openDevice } from '../../../src/drivers/onvif/onvif.ts';
import { workOnTours, type TourWish } from '../../../src/main-tours.ts';
import { readLease, takeLease } from '../../../src/patrol/patrol.ts';
import { saveRoute } from '../../../src/patrol/route-store.ts';
import { fillDome, routeBody } from '../../support/dome.ts';
import { freshDatabase, type FreshDatabase } from '../../support/postgres.ts';
import { domeCredentials, startDome, type StandingDome } from '../../support/simulated-dome.ts';

const NOW = Date.UTC(2026, 6, 6, 2);
let database: FreshDatabase;
let cameraId: number;
let dome: StandingDome;

beforeAll(async () => {
  database = await freshDatabase();
});
afterAll(() => database.close());
beforeEach(async () => {
  await sql`truncate estate, camera, turret_log restart identity cascade`.execute(database.db);
  ({ cameraId } = await fillDome(database.db, NOW));
  const place = { position: { pan: 0.1, tilt: -0.3, zoom: 0.2 }, preset: null };
  const body = routeBody(cameraId, { enabled: false });
  const stops = [
    { name: '大门', preset: '1', position: null, zoom: null, dwellS: 12, speed: null },
    { name: '近看', preset: '2', position: null, zoom: 0.5, dwellS: 5, speed: 0.5 },
    { name: '屋面', ...place, zoom: 0.4, dwellS: 30, speed: null },
  ];
  const drawn = { ...body, timeZone: null, windows: body.windows, stops };
  await database.db.transaction().execute((trx) => saveRoute(trx, drawn, undefined, null, NOW));
  dome = await startDome();
  dome.addPreset('1', '大门', { panDeg: 3, tiltDeg: -10, zoom: 1 });
  dome.addPreset('2', '主干道', { panDeg: 6, tiltDeg: -10, zoom: 1 });
});
afterEach(() => dome.close());

const work = (wish: TourWish, cameraKey = 'dome-1'): Promise<string[]> =>
  workOnTours({
    ...{ db: database.db, cameraKey, wish, nowMs: () => NOW },
    openTurret: async () =>
      (
        await openDevice({ url: dome.url, credentials: domeCredentials, clock: systemClock, timeoutMs: 2_000 })
      ).turret(),
  });

const log = async () =>
  (await database.db.selectFrom('turret_log').select(['action', 'outcome', 'by_name']).orderBy('id').execute()).filter(
    ({ action }) => action.startsWith('tour.'),
  );

test('a route becomes a tour, which goes, pauses, stops and is removed', async () => {
  expect(await work({ do: 'make', route: '白天', autoStart: true })).toEqual([
    'made tour-1 of 白天, 3 spots',
    'the zoom of 近看 is its preset’s: a tour knows no other',
  ]);
  expect(await work({ do: 'list' })).toEqual(['tour-1  idle      3 spots  白天']);
  await work({ do: 'start', token: 'tour-1' });
  expect(await work({ do: 'list' })).toEqual(['tour-1  touring   3 spots  白天']);
  await work({ do: 'pause', token: 'tour-1' });
  await work({ do: 'stop', token: 'tour-1' });
  await work({ do: 'remove', token: 'tour-1' });
  expect(await work({ do: 'list' })).toEqual([]);
  expect((await log()).map(({ action }) => action)).toEqual([
    ...['tour.make', 'tour.start', 'tour.pause', 'tour.stop', 'tour.remove'],
  ]);
  expect((await readLease(database.db, cameraId)).lease).toBeUndefined();
});

test('a hand that holds the turret is not disturbed', async () => {
  const user = await database.db
    .insertInto('app_user')
    .values({ name: 'wang', display_name: '王', role: 'operator', password_hash: 'x' })
    .returning('id')
    .executeTakeFirstOrThrow();
  const hand = { kind: 'operator', userId: user.id, routeId: null, name: '王', purpose: '' } as const;
  await takeLease(database.db, cameraId, hand, 60_000);
  await expect(work({ do: 'make', route: '白天', autoStart: false })).rejects.toMatchObject({ code: 'patrol.held' });
  expect(dome.requests).not.toContain('CreatePresetTour');
  expect((await readLease(database.db, cameraId)).lease).toMatchObject({ kind: 'operator' });
});

test('what fails is logged as failed, and the turret given back', async () => {
  await expect(work({ do: 'start', token: 'tour-9' })).rejects.toMatchObject({ code: 'onvif.refused' });
  dome.losePresets();
  await expect(work({ do: 'make', route: '白天', autoStart: false })).rejects.toMatchObject({ code: 'onvif.refused' });
  expect(await log()).toEqual([
    { action: 'tour.start', outcome: 'failed', by_name: 'sentinel tours' },
    { action: 'tour.make', outcome: 'failed', by_name: 'sentinel tours' },
  ]);
  expect((await readLease(database.db, cameraId)).lease).toBeUndefined();
});

test('a route or a camera that is not there is named', async () => {
  await expect(work({ do: 'make', route: '夜间', autoStart: false })).rejects.toThrow('no route 夜间; there are: 白天');
  await expect(work({ do: 'list' }, 'dome-9')).rejects.toThrow('no camera dome-9');
  await expect(work({ do: 'list' }, 'gate')).rejects.toThrow();
});
