import { describe, expect, test } from 'vitest';
import { isSamePosition, SETTLE_RULES as RULES, Settling, type PictureShift } from '../../../src/patrol/settling.ts';
import { StuckWatch } from '../../../src/patrol/stuck.ts';

const A = { pan: 0, tilt: 0, zoom: 0 };
const B = { pan: 0.4, tilt: 0.1, zoom: 0 };
const told = (px: number): PictureShift => ({ kind: 'told', px });
const strange: PictureShift = { kind: 'strange' };
const untold: PictureShift = { kind: 'untold' };
const begun = (expectsMove = true): Settling => new Settling(RULES, 0, A, expectsMove);

describe('a turret that tells of itself', () => {
  test('is settled once it has moved, stands, and two pictures agree', () => {
    const settling = begun();
    settling.status(50, { moving: true, position: A });
    settling.picture(80, told(0.2), undefined);
    expect(settling.state(80)).toBe('moving');
    settling.picture(400, strange, strange);
    settling.status(900, { moving: false, position: B });
    expect(settling.state(900)).toBe('settling');
    settling.picture(960, undefined, told(4));
    expect(settling.state(960)).toBe('settling');
    settling.picture(1_060, undefined, told(0.4));
    expect(settling.state(1_060)).toBe('settled');
    expect(settling).toMatchObject({ seen: 'moved', stoodAtMs: 900 });
  });

  test('is not believed while its stream still shows the place it left', () => {
    const settling = begun();
    settling.status(50, { moving: true, position: A });
    settling.status(300, { moving: false, position: B });
    for (let atMs = 320; atMs < 3_000; atMs += 100) {
      settling.picture(atMs, told(0.1), told(0.1));
      expect(settling.state(atMs)).toBe('settling');
    }
    settling.picture(3_000, strange, strange);
    settling.picture(3_100, undefined, told(0.2));
    expect(settling.state(3_100)).toBe('settled');
    expect(settling.seen).toBe('moved');
  });

  test('shows the same for long after it says it went: settled, and seen to be the same', () => {
    const settling = begun();
    settling.status(50, { moving: true, position: A });
    settling.status(500, { moving: false, position: B });
    settling.picture(600, told(0.1), undefined);
    settling.picture(500 + RULES.sameMs, told(0.1), told(0.1));
    expect(settling.state(500 + RULES.sameMs)).toBe('settled');
    expect(settling.seen).toBe('same');
  });

  test('is not settled by a scene that changes while it has not moved', () => {
    const settling = begun();
    settling.status(20, { moving: false, position: A });
    settling.picture(100, strange, undefined);
    settling.picture(200, undefined, told(0.1));
    expect(settling.state(200)).toBe('settling');
    expect(settling.state(RULES.longestMs)).not.toBe('settled');
  });

  test('a move too short to be heard of is believed after a while', () => {
    const settling = begun();
    settling.status(20, { moving: false, position: null });
    settling.picture(300, told(30), undefined);
    settling.picture(400, undefined, told(0.1));
    expect(settling.state(400)).toBe('settling');
    settling.picture(20 + RULES.blindMs, undefined, told(0.1));
    expect(settling.state(20 + RULES.blindMs)).toBe('settled');
  });

  test('neither its word nor its picture has moved: unmoved', () => {
    const settling = begun();
    settling.status(20, { moving: false, position: A });
    settling.picture(100, told(0), undefined);
    settling.picture(200, told(0), told(0));
    expect(settling.state(RULES.unmovedMs - 1)).toBe('settling');
    expect(settling.state(RULES.unmovedMs)).toBe('unmoved');
  });
});

describe('a turret that tells nothing', () => {
  test('is settled by its picture, which must leave and hold still', () => {
    const settling = begun();
    settling.status(50, { moving: null, position: null });
    settling.picture(100, told(0.1), told(0.1));
    expect(settling.state(100)).not.toBe('settled');
    settling.picture(300, strange, strange);
    settling.picture(400, undefined, told(6));
    settling.picture(500, undefined, told(0.6));
    expect(settling.state(500)).toBe('settled');
  });

  test('in the dark is given its time', () => {
    const settling = begun();
    settling.status(50, { moving: null, position: B });
    settling.status(100, { moving: null, position: B });
    settling.picture(200, untold, undefined);
    settling.picture(300, untold, untold);
    expect(settling.state(100 + RULES.blindMs - 1)).not.toBe('settled');
    expect(settling.state(100 + RULES.blindMs)).toBe('settled');
    expect(settling.seen).toBe('untold');
  });
});

test('where nothing needs to move, the stream’s lag is waited out', () => {
  const settling = begun(false);
  settling.status(20, { moving: false, position: A });
  settling.picture(200, told(0), told(0));
  expect(settling.state(200)).toBe('settling');
  settling.picture(20 + RULES.lagMs, told(0), told(0));
  expect(settling.state(20 + RULES.lagMs)).toBe('settled');
});

test('a picture that is still clearing up is not taken yet', () => {
  const settling = begun();
  settling.status(50, { moving: true, position: A });
  settling.picture(400, strange, undefined);
  settling.status(900, { moving: false, position: B });
  settling.picture(960, undefined, told(3), 5.2);
  settling.picture(1_040, undefined, told(0.7), 6.8);
  expect(settling.state(1_040)).toBe('settling');
  settling.picture(1_120, undefined, told(0.1), 7.2);
  expect(settling.state(1_120)).toBe('settling');
  settling.picture(1_200, undefined, told(0.1), 7.3);
  expect(settling.state(1_200)).toBe('settled');
});

test('whatever comes, it ends', () => {
  const settling = begun();
  settling.status(20, { moving: true, position: A });
  expect(settling.state(RULES.longestMs)).toBe('overdue');
});

test('pan goes round', () => {
  expect(isSamePosition({ pan: 0.9999, tilt: 0, zoom: null }, { pan: -0.9999, tilt: 0, zoom: 0 })).toBe(true);
  expect(isSamePosition({ pan: 0.9, tilt: 0, zoom: 0 }, { pan: -0.9, tilt: 0, zoom: 0 })).toBe(false);
});

test('two arrivals that show the same make a stuck turret, one that neither says nor shows a move does too, one that moved ends it', () => {
  const watch = new StuckWatch(false);
  expect(watch.arrived('same')).toBeUndefined();
  expect(watch.arrived('moved')).toBeUndefined();
  expect(watch.arrived('same')).toBeUndefined();
  expect(watch.arrived('untold')).toBeUndefined();
  expect(watch.arrived('same')).toBe('began');
  expect(watch.arrived('same')).toBeUndefined();
  expect(watch.arrived('moved')).toBe('ended');
  expect(watch.arrived('unmoved')).toBe('began');
  expect(new StuckWatch(true).arrived('moved')).toBe('ended');
});
