/** Units of one stream are gathered once for all who look, and handed on a few at a time. */
import { expect, test } from 'vitest';
import type { AccessUnit, PullState, SharedPull } from '../../../src/drivers/rtsp/rtsp.ts';
import { LIMITS } from '../../../src/base/limits.ts';
import { Gathering, LiveBeat } from '../../../src/wall/live-beat.ts';
import { LiveGroup } from '../../../src/wall/live-group.ts';
import { ManualClock } from '../../support/clock.ts';

const BEAT_MS = LIMITS.liveCalmBeatMs;
/** How much later a beat may come of which nothing is read. */
const LEEWAY_MS = 0.1 * BEAT_MS;
const target = { url: 'rtsp://127.0.0.1/x', credentials: { username: '', password: '' } };

function stage() {
  const clock = new ManualClock();
  let send: (unit: AccessUnit) => void = () => {};
  let show: (state: PullState) => void = () => {};
  let n = 0;
  const pull = {
    state: { name: 'playing', since: 0, codec: 'h264' },
    start() {},
    stop: async () => {},
    nextKeyFrame: () => new Promise(() => {}),
    subscribe: (listener: (unit: AccessUnit) => void) => {
      send = listener;
      return () => {};
    },
  } as unknown as SharedPull;
  const group = new LiveGroup(
    target,
    'calm',
    (_target, { onState }) => {
      show = onState;
      return pull;
    },
    new LiveBeat(clock, BEAT_MS),
  );
  return {
    ...{ clock, group },
    unit(isKey = false, length = 10) {
      const bytes = new Uint8Array(length);
      send({ codec: 'h264', isKey, followsLoss: false, rtpTimestamp: n++, arrivedAtMs: clock.nowMs(), bytes });
    },
    lose: () => show({ name: 'waiting', since: 0 }),
  };
}

function viewer() {
  const heard: string[] = [];
  const arrays: (readonly AccessUnit[])[] = [];
  return {
    ...{ heard, arrays },
    onUnits(units: readonly AccessUnit[]) {
      arrays.push(units);
      heard.push(units.map(({ rtpTimestamp, isKey }) => `${rtpTimestamp}${isKey ? 'k' : ''}`).join(' '));
    },
    onState: ({ name }: { name: string }) => void heard.push(name),
  };
}

test('the first picture comes at once, the rest on the beat, the same array for all', async () => {
  const { clock, group, unit } = stage();
  const [one, two] = [viewer(), viewer()];
  group.add(one);
  group.add(two);
  unit();
  await clock.advance(BEAT_MS);
  unit(true);
  expect(one.heard).toEqual(['playing', '1k']);
  unit();
  await clock.advance(1);
  expect(one.heard.splice(0)).toEqual(['playing', '1k', '2']);
  expect(two.heard.splice(0)).toEqual(['playing', '1k', '2']);
  unit();
  await clock.advance(BEAT_MS / 2);
  unit(true);
  await clock.advance(BEAT_MS / 2);
  expect(one.heard).toEqual([]);
  await clock.advance(LEEWAY_MS);
  expect(one.heard).toEqual(['3 4k']);
  expect(two.heard).toEqual(one.heard);
  expect(two.arrays.at(-1)).toBe(one.arrays.at(-1));
});

test('who sits down later begins with a key unit, and does not wait for a beat with it', async () => {
  const { clock, group, unit } = stage();
  const [early, late] = [viewer(), viewer()];
  group.add(early);
  unit(true);
  group.add(late);
  unit();
  expect(late.heard).toEqual(['playing']);
  unit(true);
  expect(late.heard).toEqual(['playing', '2k']);
  expect(early.heard).toEqual(['playing', '0k', '1 2k']);
  expect(group.remove(late)).toBe(true);
  expect(group.remove(late)).toBe(false);
  unit();
  await clock.advance(BEAT_MS);
  expect(early.heard.at(-1)).toBe('3');
  expect(late.heard).toEqual(['playing', '2k']);
});

test('what came before a change of state is handed on before it; much is handed on before its beat', () => {
  const { group, unit, lose } = stage();
  const one = viewer();
  group.add(one);
  unit(true);
  unit();
  lose();
  expect(one.heard).toEqual(['playing', '0k', '1', 'waiting']);
  unit(false, LIMITS.liveMessageBytes);
  expect(one.heard.at(-1)).toBe('2');
});

test('all streams are handed on on one beat, and once in it', async () => {
  const clock = new ManualClock();
  const beat = new LiveBeat(clock, BEAT_MS);
  const heard: string[] = [];
  const [a, b] = ['a', 'b'].map(
    (name) =>
      new Gathering<{ bytes: Uint8Array }>(beat, (pieces) => {
        heard.push(`${name}${pieces.length} ${clock.monotonicMs()}`);
      }),
  ) as [Gathering<{ bytes: Uint8Array }>, Gathering<{ bytes: Uint8Array }>];
  const piece = { bytes: new Uint8Array(1) };
  a.add(piece);
  a.add(piece);
  await clock.advance(1);
  a.add(piece);
  await clock.advance(BEAT_MS / 2);
  b.add(piece);
  await clock.advance(BEAT_MS);
  expect(heard).toEqual(['a2 0', `a1 ${BEAT_MS + LEEWAY_MS}`, `b1 ${BEAT_MS + LEEWAY_MS}`]);
});

test.each([
  ['before', -5],
  ['after', 5],
])('what is read a moment %s its beat does not wait, and takes along what waited', async (_when, byMs) => {
  const clock = new ManualClock();
  const beat = new LiveBeat(clock, BEAT_MS);
  const heard: string[] = [];
  const gathering = (name: string) =>
    new Gathering<{ bytes: Uint8Array }>(beat, () => heard.push(`${name} ${clock.monotonicMs()}`));
  const [a, b] = [gathering('a'), gathering('b')];
  const piece = { bytes: new Uint8Array(1) };
  a.add(piece);
  await clock.advance(BEAT_MS / 2);
  a.add(piece);
  await clock.advance(BEAT_MS / 2 + byMs);
  expect(heard.splice(0)).toEqual(['a 0']);
  b.add(piece);
  await clock.advance(0);
  expect(heard).toEqual([`a ${BEAT_MS + byMs}`, `b ${BEAT_MS + byMs}`]);
  await clock.advance(BEAT_MS);
  expect(heard).toHaveLength(2);
});
