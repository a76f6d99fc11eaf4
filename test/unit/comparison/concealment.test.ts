import { describe, expect, test } from 'vitest';
import type { Box } from '../../../src/base/picture.ts';
import { areasToConceal } from '../../../src/comparison/concealment.ts';

const PICTURE = { widthPx: 1280, heightPx: 720 };
const seen = (...movers: [score: number, box: Box][]) => movers.map(([score, box]) => ({ score, box }));
const areas = (...movers: [score: number, box: Box][]): Box[] =>
  areasToConceal(seen(...movers), PICTURE, 50).areas.map((box) => box.map((one) => Number(one.toFixed(4))) as never);

describe('what is proposed to be covered', () => {
  test('is the upper third of somebody upright, and the whole of what is not', () => {
    // 64 by 216 pixels; 256 by 144; a bus from the front, 144 by 216.
    const [person, car, bus]: Box[] = [
      [0.1, 0.2, 0.05, 0.3],
      [0.3, 0.5, 0.2, 0.2],
      [0.7, 0.4, 0.1125, 0.3],
    ];
    expect(areas([0.9, person!], [0.8, car!], [0.7, bus!])).toEqual([[0.1, 0.2, 0.05, 0.1], car, bus]);
  });

  test('is each of them once, as it was seen best', () => {
    const car: Box = [0.3, 0.5, 0.2, 0.2];
    const again: Box = [0.31, 0.49, 0.2, 0.21];
    const wheel: Box = [0.32, 0.62, 0.05, 0.08];
    expect(areas([0.3, again], [0.8, car], [0.5, wheel])).toEqual([car]);
    // Somebody in front of it is somebody else.
    expect(areas([0.8, car], [0.5, [0.46, 0.45, 0.05, 0.3]])).toHaveLength(2);
  });

  test('is nothing in which no face or plate can be told', () => {
    expect(areas([0.9, [0.5, 0.5, 0.01, 0.015]])).toEqual([]);
  });

  test('is the surest where there are more than a picture takes, and says how many are left', () => {
    const many = Array.from({ length: 9 }, (_, n): [number, Box] => [n / 10 + 0.1, [n / 10, 0.4, 0.09, 0.1]]);
    const { areas: taken, left } = areasToConceal(seen(...many), PICTURE, 4);
    expect([taken.length, left]).toEqual([4, 5]);
    expect(taken[0]).toEqual(many[8]![1]);
  });
});
