import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { arrange, placeIn, takingOver, type Placed } from '../../../src/ui/wall/column.ts';
import { freshnessOf, liveTiles } from '../../../src/ui/wall/freshness.ts';
import type { Alert, Tile } from '../../../src/web/contract.ts';

const NOW = Date.UTC(2026, 0, 1, 4);
const iso = (ms: number): string => new Date(ms).toISOString();

const tile = (change: Partial<Tile> = {}): Tile => ({
  ...{
    cameraId: 1,
    name: '南大门',
    place: '',
    kind: 'fixed',
    enabled: true,
    state: 'online',
    since: iso(NOW - 900_000),
  },
  ...{ reason: null, capturedAt: iso(NOW - 5_000), stillUrl: '/s', oldAfterS: 30, masked: false, alertAt: null },
  view: { id: 1, name: '', state: 'watching', notJudged: null },
  ...change,
});

describe('whether a tile may pass for the present', () => {
  it('grows old by itself, at its limit and not before', () => {
    expect(freshnessOf(tile(), NOW - 30_000, NOW)).toEqual({ kind: 'fresh' });
    expect(freshnessOf(tile(), NOW - 30_001, NOW)).toEqual({ kind: 'old', sinceMs: NOW - 30_001 });
  });

  it('goes by the picture that is painted, not by the one announced', () => {
    expect(freshnessOf(tile({ capturedAt: iso(NOW) }), NOW - 60_000, NOW).kind).toBe('old');
    expect(freshnessOf(tile(), undefined, NOW)).toEqual({ kind: 'none' });
  });

  it.each(['offline', 'frozen', 'wrong_codec', 'unauthorised'] as const)(
    'says that its camera is %s, whatever the picture',
    (state) => {
      expect(freshnessOf(tile({ state, reason: 'rtsp.timeout' }), NOW, NOW)).toEqual({
        ...{ kind: 'trouble', state, reason: 'rtsp.timeout', sinceMs: NOW - 900_000 },
      });
    },
  );

  it('says that a present picture was not judged, but not of one that still learns', () => {
    const view = (reason: string) => ({ ...tile().view!, notJudged: { reason, since: iso(NOW - 60_000) } });
    expect(freshnessOf(tile({ view: view('dark') }), NOW, NOW)).toEqual({
      ...{ kind: 'not_judged', reason: 'dark', sinceMs: NOW - 60_000 },
    });
    expect(freshnessOf(tile({ view: view('learning') }), NOW, NOW).kind).toBe('fresh');
    expect(freshnessOf(tile({ view: view('dark') }), NOW - 60_000, NOW).kind).toBe('old');
  });
});

describe('which tiles are live', () => {
  const tiles = [1, 2, 3, 4, 5, 6].map((cameraId) =>
    tile({ cameraId, alertAt: cameraId <= 3 ? iso(NOW - cameraId * 1_000) : null }),
  );
  const live = (pinned: number[], hovered: number | undefined, most: number, all = tiles) => [
    ...liveTiles(all, { pinned: new Set(pinned), hovered }, most, NOW),
  ];

  it('are the pinned, the one under the pointer, then the newest activity, within the limit', () => {
    expect(live([], undefined, 4)).toEqual([1, 2, 3]);
    expect(live([6], 5, 4)).toEqual([6, 5, 1, 2]);
    expect(live([6], 5, 1)).toEqual([6]);
  });

  it('are none of a camera that is masked, off or gone; and activity is over after two minutes', () => {
    expect(
      live([1, 2, 3], undefined, 9, [tile({ cameraId: 1, masked: true }), tile({ cameraId: 2, enabled: false })]),
    ).toEqual([]);
    expect(live([3], undefined, 9, [tile({ cameraId: 3, state: 'offline' })])).toEqual([]);
    expect(live([], undefined, 9, [tile({ alertAt: iso(NOW - 120_001) })])).toEqual([]);
  });
});

const alert = (id: number, change: Partial<Alert> = {}): Alert =>
  ({ id, severity: 'normal', acknowledgement: null, ...change }) as Alert;
const seen = { by: '张三', userId: 1, at: iso(NOW) };

describe('many alerts at once', () => {
  it('are cards, lines and a count, never a flood', () => {
    const all = Array.from({ length: 60 }, (_, at) => alert(at));
    const counts = { safety: 3, high: 200, normal: 9_797, acknowledged: 4 };
    const { cards, lines, more } = arrange(all, counts, { cards: 2, lines: 2 });
    expect([cards.length, lines.length, more]).toEqual([2, 2, 9_996]);
  });

  it('leave none uncounted where some that are shown have been acknowledged', () => {
    const all = [alert(1), alert(2, { acknowledgement: seen })];
    expect(arrange(all, { safety: 0, high: 0, normal: 1, acknowledged: 1 }, { cards: 2, lines: 2 }).more).toBe(0);
  });
});

describe('what shows an alert', () => {
  const ids = fc.uniqueArray(fc.integer({ min: 1, max: 9 }), { maxLength: 4 });
  const placed = (before: readonly Placed[], of: readonly number[]): Placed[] =>
    placeIn(
      before,
      of.map((id) => alert(id)),
    );

  it('stays with it wherever it moves; what has become free is used again, and nothing shows two', () => {
    fc.assert(
      fc.property(fc.array(ids, { maxLength: 8 }), (lists) => {
        let before: Placed[] = [];
        let most = 0;
        for (const list of lists) {
          const now = placed(before, list);
          most = Math.max(most, list.length);
          expect(now.map(({ alert: { id } }) => id)).toEqual(list);
          expect(new Set(now.map(({ slot }) => slot)).size).toBe(list.length);
          for (const { slot } of now) expect(slot).toBeLessThan(most);
          for (const { slot, alert: kept } of before) {
            const still = now.find(({ alert: { id } }) => id === kept.id);
            if (still) expect(still.slot).toBe(slot);
          }
          before = now;
        }
      }),
    );
  });

  it('tells of the alert as it is now', () => {
    const before = placed([], [1, 2]);
    const [now] = placeIn(before, [alert(2, { occurrences: 7 })]);
    expect(now).toMatchObject({ slot: 1, alert: { id: 2, occurrences: 7 } });
  });
});

describe('the alert that takes a panel', () => {
  const all = [alert(1, { severity: 'safety' }), alert(2, { severity: 'safety', acknowledgement: seen }), alert(3)];

  it('is one that nobody has acknowledged, by its place', () => {
    expect(takingOver(all, 'all', 0)?.id).toBe(1);
    expect(takingOver(all, 'all', 1)?.id).toBe(3);
    expect(takingOver(all, 'safety', 1)).toBeUndefined();
    expect(takingOver(all, 'none', 0)).toBeUndefined();
    expect(takingOver(all, 'all', null)).toBeUndefined();
  });
});
