import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Polygon } from '../../../src/base/picture.ts';
import { CandidateDesk, type JudgedLook } from '../../../src/candidate/candidate.ts';
import type { StoredRegion } from '../../../src/drivers/postgres/schema.ts';
import { addCamera, addEstate } from '../../support/estate.ts';
import { square } from '../../support/places.ts';
import { freshDatabase, type FreshDatabase } from '../../support/postgres.ts';

let fresh: FreshDatabase;
let estateId: number;
beforeAll(async () => {
  fresh = await freshDatabase();
  estateId = await addEstate(fresh.db);
});
afterAll(() => fresh.close());

const rules = {
  persistence: { found: 3, of: 4, spanS: 30 },
  watchPersistence: { found: 2, of: 2, spanS: 10 },
};

const hut = square(0.4, 0.4, 0.1);

function region(polygon: Polygon, score = 0.8): StoredRegion {
  const [x, y] = polygon[0] as [number, number];
  return { score, box: [x, y, 0.1, 0.1], polygon, areaFraction: 0.01 };
}

/** A view with a desk of its own; `look` records a judged look and lets the desk see it. */
async function watched(key: string) {
  const { db } = fresh;
  const { viewId } = await addCamera(db, estateId, { key });
  const sealed: number[] = [];
  const desk = new CandidateDesk(rules, async (trx, id) => {
    // The item is there, in the same transaction.
    const item = await trx.selectFrom('candidate').select('id').where('id', '=', id).executeTakeFirstOrThrow();
    sealed.push(item.id);
  });
  let atMs = Date.UTC(2026, 5, 1);
  const look = async (places: StoredRegion[], afterS = 10): Promise<number[]> => {
    atMs += afterS * 1000;
    return db.transaction().execute(async (trx) => {
      const { id } = await trx
        .insertInto('look')
        .values({
          view_id: viewId,
          captured_at: new Date(atMs),
          result: places.length > 0 ? 'changed' : 'unchanged',
          stage: 'network',
          regions: JSON.stringify(places),
        })
        .returning('id')
        .executeTakeFirstOrThrow();
      const judged: JudgedLook = {
        lookId: id,
        viewId,
        capturedAtMs: atMs,
        regions: places,
        beforeSha256: 'b'.repeat(64),
        afterSha256: 'a'.repeat(64),
        machineResult: { modelSha256: 'm' },
        overlayOf: async () => 'o'.repeat(64),
      };
      return desk.onJudged(trx, judged);
    });
  };
  const items = () => db.selectFrom('candidate').selectAll().where('view_id', '=', viewId).orderBy('id').execute();
  const decide = (verdict: 'violation' | 'false_alarm') =>
    db.updateTable('candidate').set({ state: 'decided', verdict }).where('view_id', '=', viewId).execute();
  return { viewId, look, items, decide, sealed };
}

describe('the desk', () => {
  test('raises one item for a place that stays, then only strengthens it', async () => {
    const { look, items, sealed } = await watched('stays');
    expect(await look([])).toEqual([]);
    for (let seen = 0; seen < 3; seen++) expect(await look([region(hut)])).toEqual([]);
    expect(await look([region(hut)])).toHaveLength(1);
    for (let seen = 0; seen < 5; seen++) expect(await look([region(square(0.405, 0.4, 0.1), 0.9)])).toEqual([]);
    const [item, ...others] = await items();
    expect(others).toEqual([]);
    expect(item).toMatchObject({ state: 'open', severity: 'normal', occurrences: 9, before_sha256: 'b'.repeat(64) });
    expect(item?.score).toBeCloseTo(0.9, 5);
    expect(item?.machine_result).toMatchObject({ modelSha256: 'm', region: { score: 0.8 } });
    expect(item!.last_seen_at.getTime() - item!.first_seen_at.getTime()).toBe(80_000);
    expect(sealed).toEqual([item!.id]);
  });

  test('a structure that shows in pieces is one item, as wide as all that stay, also once it is decided', async () => {
    const { look, items, decide } = await watched('pieces');
    const piece = (x: number, y: number, size: number, score: number): StoredRegion => ({
      ...{ score, box: [x, y, size, size], polygon: square(x, y, size), areaFraction: size * size },
    });
    const [wall, roof, far] = [piece(0.45, 0.52, 0.05, 0.99), piece(0.4, 0.4, 0.1, 0.7), piece(0.75, 0.4, 0.05, 0.9)];
    const passing = piece(0.53, 0.4, 0.05, 0.9);
    const raised: number[][] = [];
    for (let seen = 0; seen < 6; seen++)
      raised.push(await look(seen === 5 ? [wall, roof, far, passing] : [wall, roof, far]));
    expect(raised.map(({ length }) => length)).toEqual([0, 0, 0, 2, 0, 0]);
    const [hutItem, other, ...more] = await items();
    expect(more).toEqual([]);
    // The roof, though the wall scores higher; and whoever only passed has not widened it.
    expect(hutItem!.machine_result).toMatchObject({ region: { box: roof.box } });
    expect(hutItem!.box.map((edge) => Math.round(edge * 1e5) / 1e5)).toEqual([0.4, 0.4, 0.1, 0.17]);
    expect(other!.box).toEqual(far.box);
    await decide('violation');
    for (let seen = 0; seen < 5; seen++) expect(await look([wall, roof, far])).toEqual([]);
  });

  test('pieces that only hang together by one that does not stay yet are one item, unless that one is new', async () => {
    const piece = (y: number): StoredRegion => ({
      ...{ score: 0.9, box: [0.4, y, 0.1, 0.04], areaFraction: 0.004 },
      polygon: [
        [0.4, y],
        [0.5, y],
        [0.5, y + 0.04],
        [0.4, y + 0.04],
      ],
    });
    const [roof, wall, foot] = [piece(0.4), piece(0.445), piece(0.49)];
    for (const [key, bridgedAt, expected] of [
      ['bridged', [2, 3], 1],
      ['crossed', [3], 2],
    ] as const) {
      const { look, items } = await watched(key);
      const raised: number[] = [];
      for (let seen = 0; seen < 4; seen++) {
        const between = bridgedAt.some((at) => at === seen) ? [wall] : [];
        raised.push(...(await look([roof, ...between, foot])));
      }
      expect(raised, key).toHaveLength(expected);
      expect(await items(), key).toHaveLength(expected);
    }
  });

  test('a van that leaves in time raises nothing', async () => {
    const { look, items } = await watched('van');
    for (let seen = 0; seen < 3; seen++) await look([region(hut)]);
    for (let gone = 0; gone < 5; gone++) await look([]);
    for (let seen = 0; seen < 3; seen++) await look([region(hut)]);
    expect(await items()).toEqual([]);
  });

  test('two places of one look are two items', async () => {
    const { look, items } = await watched('two');
    for (let seen = 0; seen < 5; seen++) await look([region(hut), region(square(0.7, 0.1, 0.1))]);
    expect(await items()).toHaveLength(2);
  });

  test('a watched area is a matter of safety and sooner', async () => {
    const { viewId, look, items } = await watched('lane');
    const polygon = JSON.stringify(square(0.3, 0.3, 0.4));
    await fresh.db.insertInto('mask').values({ view_id: viewId, kind: 'watch', name: '消防通道', polygon }).execute();
    await look([region(hut)]);
    expect(await look([region(hut)])).toHaveLength(1);
    expect(await items()).toMatchObject([{ severity: 'safety' }]);
  });

  test('an open item becomes graver and never less grave, and pages hear of it', async () => {
    const { viewId, look, items } = await watched('graver');
    for (let seen = 0; seen < 4; seen++) await look([region(hut)]);
    expect(await items()).toMatchObject([{ severity: 'normal' }]);
    await look([{ ...region(hut, 0.9), areaFraction: 0.05 }]);
    expect(await items()).toMatchObject([{ severity: 'high', severity_rank: 1, version: 1 }]);
    await look([region(hut)]);
    expect(await items()).toMatchObject([{ severity: 'high' }]);
    const polygon = JSON.stringify(square(0.3, 0.3, 0.4));
    await fresh.db.insertInto('mask').values({ view_id: viewId, kind: 'watch', name: '消防通道', polygon }).execute();
    await look([region(hut)]);
    const [item] = await items();
    expect(item).toMatchObject({ severity: 'safety', severity_rank: 2 });
    const heard = await fresh.db.selectFrom('event').select('data').where('kind', '=', 'candidate.changed').execute();
    expect(heard.filter(({ data }) => data['candidateId'] === item?.id)).toHaveLength(2);
  });

  test('a violation that still stands is no news; built on, it is', async () => {
    const { look, items, decide } = await watched('decided');
    for (let seen = 0; seen < 4; seen++) await look([region(hut)]);
    await decide('violation');
    for (let seen = 0; seen < 6; seen++) expect(await look([region(hut)])).toEqual([]);
    expect(await items()).toMatchObject([{ state: 'decided', occurrences: 10 }]);
    for (let seen = 0; seen < 5; seen++) await look([region(square(0.35, 0.35, 0.25))]);
    expect((await items()).map(({ state }) => state)).toEqual(['decided', 'open']);
  });

  test('a piece of a violation that shows only later is no news; as much again as was decided, it is', async () => {
    const { look, items, decide } = await watched('later');
    const foot: StoredRegion = { ...region(square(0.42, 0.52, 0.05)), areaFraction: 0.0025 };
    const beside = region(square(0.52, 0.4, 0.1));
    for (let seen = 0; seen < 4; seen++) await look([region(hut)]);
    await decide('violation');
    for (let seen = 0; seen < 6; seen++) expect(await look([region(hut), foot])).toEqual([]);
    // Also alone, as when the roof lies in shadow.
    for (let seen = 0; seen < 6; seen++) expect(await look([foot])).toEqual([]);
    expect(await items()).toMatchObject([{ state: 'decided', occurrences: 16, box: [0.4, 0.4, 0.1, 0.1] }]);
    for (let seen = 0; seen < 5; seen++) await look([region(hut), beside]);
    expect(await items()).toMatchObject([{ state: 'decided' }, { state: 'open', box: beside.box }]);
  });

  test('a piece of a violation that reaches into a watched area is news', async () => {
    const { viewId, look, items, decide } = await watched('reaches');
    const foot: StoredRegion = { ...region(square(0.42, 0.52, 0.05)), areaFraction: 0.0025 };
    const polygon = JSON.stringify(square(0.3, 0.51, 0.3));
    await fresh.db.insertInto('mask').values({ view_id: viewId, kind: 'watch', name: '消防通道', polygon }).execute();
    for (let seen = 0; seen < 4; seen++) await look([region(hut)]);
    await decide('violation');
    for (let seen = 0; seen < 4; seen++) await look([region(hut), foot]);
    expect(await items()).toMatchObject([
      { state: 'decided', severity: 'normal' },
      { state: 'open', severity: 'safety' },
    ]);
  });

  test('a place judged a false alarm that still shows is raised again only after it has stayed again', async () => {
    const { look, items, decide } = await watched('again');
    for (let seen = 0; seen < 4; seen++) await look([region(hut)]);
    await decide('false_alarm');
    for (let gone = 0; gone < 3; gone++) await look([], 600);
    for (let seen = 0; seen < 3; seen++) expect(await look([region(hut)])).toEqual([]);
    await look([region(hut)]);
    expect(await items()).toHaveLength(2);
  });

  test('looks of one view that are judged at the same moment raise one item', async () => {
    const { look, items } = await watched('race');
    for (let seen = 0; seen < 3; seen++) await look([region(hut)]);
    await Promise.all(Array.from({ length: 6 }, () => look([region(hut)])));
    expect(await items()).toHaveLength(1);
  });
});
