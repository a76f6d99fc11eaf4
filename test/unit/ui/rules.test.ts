/** What belongs to a list, and what a view's state means: the rules behind the pages. */
import { describe, expect, it } from 'vitest';
import type { Camera, Candidate, View } from '../../../src/web/contract.ts';
import { belongsTo, blindnessOf, isStale, learnedShare, matchesSearch, rowsOf } from '../../../src/ui/cameras/rows.ts';
import { EVERYTHING_OPEN, matches, narrowings, queryOf } from '../../../src/ui/review/filter.ts';

const NOW = '2026-11-24T06:00:00.000Z';
const nowMs = Date.parse(NOW);
const ago = (s: number): string => new Date(nowMs - s * 1000).toISOString();

function view(part: Partial<View> = {}): View {
  return {
    id: 1,
    camera: { id: 1, key: 'roof', name: '屋顶', place: '3号楼', state: 'online' },
    key: 'fixed',
    name: '屋顶',
    state: 'watching',
    cadenceS: 10,
    lastLookAt: ago(5),
    lastJudgedAt: ago(5),
    notJudged: null,
    pictureUrl: null,
    baselines: { accepted: 8, proposed: 0 },
    learning: null,
    openCandidates: 0,
    ...part,
  };
}

function candidate(part: Partial<Candidate> = {}): Candidate {
  return {
    id: 7,
    view: { id: 1, name: '东侧' },
    camera: { id: 1, name: 'Roof cam', place: '3号楼屋顶' },
    state: 'open',
    severity: 'normal',
    box: [0.1, 0.1, 0.2, 0.2],
    polygon: [],
    score: 0.8,
    occurrences: 4,
    firstSeenAt: ago(600),
    lastSeenAt: ago(10),
    raisedAt: ago(60),
    claim: null,
    verdict: null,
    pictures: { before: null, after: null, overlay: null },
    seenAt: null,
    version: 1,
    ...part,
  };
}

describe('the queue’s filter', () => {
  it('takes an item that an event told of as the server would', () => {
    expect(matches(EVERYTHING_OPEN, candidate())).toBe(true);
    expect(matches(EVERYTHING_OPEN, candidate({ state: 'decided' }))).toBe(false);
    expect(matches({ ...EVERYTHING_OPEN, severity: 'safety' }, candidate())).toBe(false);
    for (const place of ['3号', ' roof ', '东侧'])
      expect(matches({ ...EVERYTHING_OPEN, place }, candidate())).toBe(true);
    expect(matches({ ...EVERYTHING_OPEN, place: '5号' }, candidate())).toBe(false);
    expect(matches({ ...EVERYTHING_OPEN, since: ago(60) }, candidate())).toBe(true);
    expect(matches({ ...EVERYTHING_OPEN, since: ago(59) }, candidate())).toBe(false);
    expect(matches({ ...EVERYTHING_OPEN, until: ago(60) }, candidate())).toBe(false);
    expect(matches({ ...EVERYTHING_OPEN, until: ago(59) }, candidate())).toBe(true);
  });

  it('asks for a verdict only among the decided', () => {
    const filter = { ...EVERYTHING_OPEN, verdict: 'violation' as const, place: '  ' };
    expect(queryOf(filter)).toEqual({ state: 'open', order: 'severity' });
    expect(narrowings(filter)).toBe(0);
    expect(queryOf({ ...filter, state: 'decided' })).toMatchObject({
      state: 'decided',
      verdict: 'violation',
      order: 'newest',
    });
    expect(narrowings({ ...filter, state: 'decided' })).toBe(1);
  });
});

describe('what a view says of the present', () => {
  it('is nothing while it was not judged, its camera fails or looks stay away', () => {
    expect(blindnessOf(view(), nowMs)).toBeUndefined();
    expect(blindnessOf(view({ notJudged: { reason: 'dark', since: ago(99) } }), nowMs)).toEqual({
      reason: 'dark',
      since: ago(99),
    });
    for (const state of ['offline', 'frozen', 'wrong_codec', 'unauthorised'] as const) {
      expect(blindnessOf(view({ camera: { ...view().camera, state } }), nowMs)?.reason).toBe(state);
    }
    expect(blindnessOf(view({ lastLookAt: ago(61) }), nowMs)).toEqual({ reason: 'no_looks', since: ago(61) });
    expect(blindnessOf(view({ lastLookAt: null }), nowMs)).toEqual({ reason: 'no_looks', since: null });
  });

  it('is not asked of a view that does not watch', () => {
    for (const state of ['learning', 'proposed', 'paused'] as const) {
      expect(blindnessOf(view({ state, notJudged: { reason: 'dark', since: NOW } }), nowMs)).toBeUndefined();
    }
  });

  it('grows old by its own cadence', () => {
    expect(isStale(view({ cadenceS: 60, lastLookAt: ago(200) }), nowMs)).toBe(false);
    expect(isStale(view({ cadenceS: 60, lastLookAt: ago(211) }), nowMs)).toBe(true);
    expect(isStale(view({ state: 'paused', lastLookAt: ago(99_999) }), nowMs)).toBe(false);
  });

  it('is learned by time', () => {
    expect(learnedShare({ since: ago(30), until: ago(-30) }, nowMs)).toBe(0.5);
    expect(learnedShare({ since: ago(90), until: ago(30) }, nowMs)).toBe(1);
    expect(learnedShare({ since: NOW, until: NOW }, nowMs)).toBe(1);
  });
});

describe('the rows of the cameras page', () => {
  const camera = (id: number, state: Camera['health']['state'], enabled = true): Camera => ({
    id,
    key: `cam-${id}`,
    name: `Camera ${id}`,
    place: `${id}号楼`,
    kind: 'fixed',
    enabled,
    clock: { offsetMs: null, measuredAt: null, source: null, state: 'unknown', limitMs: 5_000 },
    location: { locationCode: null, latitudeDeg: null, longitudeDeg: null, mountingHeightM: null },
    hasOnvif: false,
    health: {
      state,
      since: NOW,
      reason: null,
      lastFrameAt: null,
      codec: null,
      widthPx: null,
      heightPx: null,
      clockOffsetMs: null,
      clockMeasuredAt: null,
      errors: 0,
      lastError: null,
      lastErrorAt: null,
    },
  });

  it('show each view beside its camera, and a camera without a view too', () => {
    const two = [view({ id: 5 }), view({ id: 6, name: '西侧' })];
    const rows = rowsOf([camera(1, 'online'), camera(2, 'offline')], two);
    expect(rows.map(({ key }) => key)).toEqual(['v5', 'v6', 'c2']);
    expect(rows.filter((row) => matchesSearch('西侧', row)).map(({ key }) => key)).toEqual(['v6']);
    expect(rows.filter((row) => matchesSearch('CAM-2', row)).map(({ key }) => key)).toEqual(['c2']);
  });

  it('count a camera that nobody wants watched as no fault', () => {
    const [row] = rowsOf([camera(1, 'offline', false)], []);
    const [failing] = rowsOf([camera(2, 'frozen')], []);
    if (!row || !failing) throw new Error('no rows');
    expect(belongsTo('faulty', row, nowMs)).toBe(false);
    expect(belongsTo('faulty', failing, nowMs)).toBe(true);
    expect(belongsTo('all', row, nowMs)).toBe(true);
    expect(belongsTo('not-judged', row, nowMs)).toBe(false);
  });
});
