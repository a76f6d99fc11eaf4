import { afterAll, beforeAll, expect, test } from 'vitest';
import { systemClock } from '../../../src/base/clock.ts';
import { silentLogger } from '../../../src/base/log.ts';
import { LookLog, type NewLook } from '../../../src/frame/frame.ts';
import { addCamera, addEstate } from '../../support/estate.ts';
import { freshDatabase, type FreshDatabase } from '../../support/postgres.ts';

let fresh: FreshDatabase;
let estateId: number;
beforeAll(async () => {
  fresh = await freshDatabase();
  estateId = await addEstate(fresh.db);
});
afterAll(() => fresh.close());

function newLook(viewId: number, atS: number, result: NewLook['result'], reason: string | null = null): NewLook {
  return {
    ...{ viewId, capturedAtMs: 1_700_000_000_000 + atS * 1000, result, reason },
    stage: 'gate',
    gateScore: 0.1,
    lighting: 'day',
    pictureSha256: null,
  };
}

test('many looks become few statements, and each caller gets its own id', async () => {
  const { viewId } = await addCamera(fresh.db, estateId, { key: 'many' });
  const looks = new LookLog(fresh.db, systemClock, silentLogger);
  const ids = await Promise.all(Array.from({ length: 450 }, (_, at) => looks.add(newLook(viewId, at, 'unchanged'))));
  await looks.close();
  expect(new Set(ids).size).toBe(450);
  const rows = await fresh.db
    .selectFrom('look')
    .select(['id', 'captured_at'])
    .where('view_id', '=', viewId)
    .orderBy('captured_at')
    .execute();
  expect(rows.map((row) => row.id)).toEqual(ids);
});

test('a view says why it is not judged and since when, and says so once', async () => {
  const { viewId } = await addCamera(fresh.db, estateId, { key: 'dark' });
  const looks = new LookLog(fresh.db, systemClock, silentLogger);
  const viewNow = () =>
    fresh.db
      .selectFrom('view')
      .select(['not_judged_reason', 'not_judged_since', 'last_judged_at', 'last_look_at'])
      .where('id', '=', viewId)
      .executeTakeFirstOrThrow();
  const at = (atS: number): Date => new Date(1_700_000_000_000 + atS * 1000);

  await looks.add(newLook(viewId, 0, 'unchanged'));
  expect(await viewNow()).toMatchObject({ not_judged_reason: null, last_judged_at: at(0) });
  await looks.add(newLook(viewId, 10, 'not_judged', 'dark'));
  await looks.add(newLook(viewId, 20, 'not_judged', 'dark'));
  expect(await viewNow()).toMatchObject({
    not_judged_reason: 'dark',
    not_judged_since: at(10),
    last_judged_at: at(0),
    last_look_at: at(20),
  });
  // A look on its way to the network settles nothing yet.
  await looks.add(newLook(viewId, 30, 'pending'));
  expect(await viewNow()).toMatchObject({ not_judged_reason: 'dark', not_judged_since: at(10) });
  await looks.add(newLook(viewId, 40, 'unchanged'));
  expect(await viewNow()).toMatchObject({ not_judged_reason: null, not_judged_since: null, last_judged_at: at(40) });
  await looks.close();
  const events = await fresh.db
    .selectFrom('event')
    .select('data')
    .where('kind', '=', 'view.changed')
    .orderBy('id')
    .execute();
  expect(events.map(({ data }) => data['change'])).toEqual(['dark', 'judged']);
});

test('a look of a view that is gone fails its caller, and the log goes on', async () => {
  const { viewId } = await addCamera(fresh.db, estateId, { key: 'after' });
  const looks = new LookLog(fresh.db, systemClock, silentLogger);
  await expect(looks.add(newLook(999_999, 0, 'unchanged'))).rejects.toThrow();
  await expect(looks.add(newLook(viewId, 0, 'unchanged'))).resolves.toBeGreaterThan(0);
  await looks.close();
});
