import { afterAll, beforeAll, expect, it } from 'vitest';
import { endDrill, recordFinding, takeDrill, beginDrill } from '../../../src/drill/drill-store.ts';
import { DRILL_KINDS } from '../../../src/drill/drill.ts';
import { SAMPLE_PASSWORD, startSampleWeb, WebClient, type SampleWeb } from '../../support/web.ts';

let web: SampleWeb;
let admin: WebClient;
beforeAll(async () => {
  web = await startSampleWeb({ candidates: 2 });
  admin = await new WebClient(web.url).signIn('admin', SAMPLE_PASSWORD);
});
afterAll(() => web.close());

const watching = async (): Promise<number> =>
  (
    await web.db
      .selectFrom('view')
      .innerJoin('baseline', 'baseline.view_id', 'view.id')
      .select('view.id')
      .where('view.state', '=', 'watching')
      .where('baseline.state', '=', 'accepted')
      .where('baseline.polygon', 'is', null)
      .orderBy('view.id')
      .executeTakeFirstOrThrow()
  ).id;

it('asks for a drill, follows it, shows what it found, and breaks it off', async () => {
  const id = await watching();
  const path = `/api/v1/views/${id}/drill`;
  expect((await admin.get(path)).body).toEqual({ newest: null, done: null });
  const asked = await admin.post(path);
  expect(asked).toMatchObject({ status: 200, body: { newest: { state: 'waiting', askedBy: expect.any(String) } } });
  // Asked twice is one drill.
  expect((await admin.post(path)).body.newest.id).toBe(asked.body.newest.id);

  const nowMs = Date.now();
  const drill = (await takeDrill(web.db, 60_000, nowMs))!;
  const { baseline_version: baselineVersion } = await web.db
    .selectFrom('view')
    .select('baseline_version')
    .where('id', '=', id)
    .executeTakeFirstOrThrow();
  await beginDrill(web.db, drill, { baselineVersion, modelSha256: 'm', minScore: 0.4 }, 6);
  for (const [index, kind] of DRILL_KINDS.entries()) {
    const smallest = index < 3 ? 0.0125 : index < 5 ? 0.05 : null;
    const finding = { light: 'day' as const, kind, smallest, trials: [{ areaFraction: 0.1, found: 3, of: 3 }] };
    expect(await recordFinding(web.db, drill, finding, 60_000, nowMs)).toBe(true);
  }
  expect((await admin.get(path)).body).toMatchObject({ newest: { state: 'running', stepsDone: 6 }, done: null });
  const { picture_sha256: day } = await web.db
    .selectFrom('baseline')
    .select('picture_sha256')
    .where('view_id', '=', id)
    .executeTakeFirstOrThrow();
  const drawn = [{ kind: 'hut' as const, areaFraction: 0.0125, found: true, box: [0.1, 0.1, 0.2, 0.2] as const }];
  await endDrill(
    web.db,
    drill,
    { state: 'done', pictures: [{ light: 'day', baselineId: 1, drawn }], pictureSha256s: { day } },
    nowMs,
  );
  const { done } = (await admin.get(path)).body;
  expect(done).toMatchObject({ state: 'done', minScore: 0.4, isCurrent: true });
  // Of six kinds the third smallest: half of them are found from there on.
  expect(done.lights).toMatchObject([{ light: 'day', usual: 0.0125, drawn: [{ kind: 'hut' }] }]);
  const picture = await admin.raw('GET', done.lights[0].pictureUrl);
  expect(picture.headers.get('content-type')).toBe('image/jpeg');
  expect((await admin.get(`${path}/night.jpg`)).status).toBe(404);

  await admin.post(path);
  expect((await admin.ask('DELETE', path)).body).toMatchObject({
    newest: { state: 'cancelled' },
    done: { id: done.id },
  });
  await web.db
    .updateTable('view')
    .set((eb) => ({ baseline_version: eb('baseline_version', '+', 1) }))
    .where('id', '=', id)
    .execute();
  expect((await admin.get(path)).body.done.isCurrent).toBe(false);
});

it('drills all that watch, and says of a view without pictures that it cannot', async () => {
  const all = await admin.post('/api/v1/drills');
  expect(all.body.views).toBeGreaterThan(1);
  const { id } = await web.db.selectFrom('view').select('id').where('state', '=', 'learning').executeTakeFirstOrThrow();
  await web.db.deleteFrom('baseline').where('view_id', '=', id).execute();
  expect(await admin.post(`/api/v1/views/${id}/drill`)).toMatchObject({
    status: 409,
    body: { error: { code: 'view.no_baselines' } },
  });
  expect((await admin.post('/api/v1/views/99999/drill')).status).toBe(404);
});

it('says which threshold holds and what it was reckoned from', async () => {
  const id = await watching();
  const read = async () => (await admin.get(`/api/v1/views/${id}`)).body.threshold;
  expect(await read()).toMatchObject({ source: 'model', score: null, pictures: 0, reckonedAt: null });
  const calibration = {
    ...{ at: '2026-06-01T00:00:00.000Z', version: 1, modelSha256: 'm', modelScore: 0.5 },
    pictures: [
      { baselineId: 1, score: 0.05 },
      { baselineId: 2, score: 0.11 },
    ],
    ...{ looks: 12, highestLook: 0.08, sinceLookId: 4 },
  };
  await web.db
    .updateTable('view')
    .set({ calibrated_score: 0.3, calibration: JSON.stringify(calibration) })
    .where('id', '=', id)
    .execute();
  expect(await read()).toMatchObject({
    ...{ source: 'pictures', modelScore: 0.5, pictures: 2, highestPicture: 0.11, looks: 12, highestLook: 0.08 },
    reckonedAt: calibration.at,
  });
  expect((await read()).score).toBeCloseTo(0.3);
  await admin.ask('PATCH', `/api/v1/views/${id}`, { minScore: 0.7 });
  expect(await read()).toMatchObject({ source: 'person' });
});
