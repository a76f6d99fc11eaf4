/** Who looked at which camera live: one line of the audit a sitting, with its begin and its end. */
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { LIMITS } from '../../../src/base/limits.ts';
import { silentLogger } from '../../../src/base/log.ts';
import { LiveSittings } from '../../../src/web/live-sittings.ts';
import { ManualClock } from '../../support/clock.ts';
import { addCamera, addEstate } from '../../support/estate.ts';
import { freshDatabase, type FreshDatabase } from '../../support/postgres.ts';

let database: FreshDatabase;
let clock: ManualClock;
let userId: number;
let cameraId: number;

beforeAll(async () => {
  database = await freshDatabase();
  const { db } = database;
  await addCamera(db, await addEstate(db), { key: 'gate' });
  ({ id: cameraId } = await db.selectFrom('camera').select('id').executeTakeFirstOrThrow());
  ({ id: userId } = await db
    .insertInto('app_user')
    .values({ name: 'wang', role: 'operator', password_hash: '' })
    .returning('id')
    .executeTakeFirstOrThrow());
});
afterAll(() => database.close());
beforeEach(async () => {
  clock = new ManualClock();
  await database.db.deleteFrom('audit').execute();
});

const open = () => new LiveSittings({ db: database.db, clock, log: silentLogger });
const seconds = (n: number): Promise<void> => clock.advance(n * 1000);
const at = (s: number): string => new Date(Date.UTC(2026, 0, 1) + s * 1000).toISOString();
const goingOn = () => database.db.selectFrom('live_sitting').selectAll().execute();
const written = async () =>
  (await database.db.selectFrom('audit').selectAll().orderBy('id').execute()).map(({ action, subject, details }) => ({
    ...{ action, subject, details },
  }));
const sitting = (from: number, until: number) => ({
  action: 'live.watched',
  subject: `camera ${cameraId}`,
  details: { from: at(from), until: at(until), seconds: until - from },
});

it('is one line, however many tiles and short absences it had', async () => {
  const sittings = open();
  const tiles = [sittings.sit(userId, cameraId), sittings.sit(userId, cameraId)];
  await seconds(100);
  tiles[0]?.();
  tiles[0]?.();
  await seconds(30);
  tiles[1]?.();
  await seconds(30);
  const again = sittings.sit(userId, cameraId);
  await seconds(40);
  again();
  await expect.poll(goingOn).toMatchObject([{ user_id: userId, camera_id: cameraId, seen_until: new Date(at(200)) }]);
  expect(await written()).toEqual([]);
  await seconds(LIMITS.liveSittingGapMs / 1000 + 40);
  await expect.poll(written).toEqual([sitting(0, 200)]);
  expect(await goingOn()).toEqual([]);
  await sittings.close();
});

it('is ended by another process where its own has died', async () => {
  const died = open();
  died.sit(userId, cameraId);
  await seconds(50);
  await died.close();
  const other = open();
  await seconds(LIMITS.liveSittingGapMs / 1000 + 40);
  await expect.poll(written).toEqual([sitting(0, 50)]);
  await other.close();
});
