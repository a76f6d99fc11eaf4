import { describe, expect, test } from 'vitest';
import { fitness, hiddenReason } from '../../../src/comparison/fitness.ts';
import { thumbnailOf } from '../../../src/comparison/gate.ts';
import { resampled } from '../../../src/comparison/resample.ts';
import type { Picture } from '../../../src/base/picture.ts';
import { blank, mapped, noisy, place, withBox } from '../../support/scenery.ts';

const day = place(21, 640, 360);
const grey = (picture: Picture): Picture => ({
  ...picture,
  rgb: Uint8Array.from(picture.rgb, (_, index) => picture.rgb[index - (index % 3) + 1]!),
});
const reasonOf = (picture: Picture): string => {
  const answer = fitness(picture);
  return answer.fit ? 'fit' : answer.reason;
};

describe('fitness', () => {
  test('judges day, dusk, infrared and night with detail', () => {
    expect(fitness(noisy(day, 3, 1))).toEqual({ fit: true, lighting: 'day' });
    expect(
      fitness(
        noisy(
          mapped(day, (value) => value * 0.35),
          3,
          1,
        ),
      ),
    ).toEqual({ fit: true, lighting: 'low_light' });
    expect(fitness(noisy(grey(day), 0, 1))).toEqual({ fit: true, lighting: 'infrared' });
    const lamps = withBox(blank(640, 360, [8, 8, 10]), [0.3, 0.4, 0.2, 0.2], [120, 110, 80]);
    expect(fitness(noisy(lamps, 3, 1)).fit).toBe(true);
  });

  test('says why a picture cannot be judged', () => {
    expect(reasonOf(noisy(blank(640, 360, [6, 6, 7]), 3, 1))).toBe('dark');
    expect(
      reasonOf(
        noisy(
          mapped(day, (value) => value * 0.05),
          2,
          1,
        ),
      ),
    ).toBe('dark');
    expect(reasonOf(blank(640, 360, [253, 254, 255]))).toBe('overexposed');
    expect(reasonOf(mapped(day, (value) => value * 0.03 + 250))).toBe('overexposed');
    expect(
      reasonOf(
        noisy(
          mapped(day, (value) => value * 0.05 + 160),
          1,
          1,
        ),
      ),
    ).toBe('fogged');
    expect(reasonOf(noisy(blank(640, 360, [70, 52, 40]), 2, 1))).toBe('blocked');
    expect(reasonOf(resampled(resampled(day, 10, 6), 640, 360))).toBe('smeared');
  });
});

describe('a hidden view', () => {
  const known = [thumbnailOf(day), thumbnailOf(noisy(day, 4, 9))];

  test('is told by what its lawful pictures show and this one does not', () => {
    const covered = withBox(day, [0, 0, 0.85, 1], [60, 60, 60]);
    const plain = mapped(covered, (value, index) => ((index / 3) % 640 < 540 ? 60 : value));
    expect(hiddenReason(thumbnailOf(plain), known)).toBe('blocked');
    expect(hiddenReason(thumbnailOf(mapped(day, (value) => value * 0.04 + 170)), known)).toBe('fogged');
    expect(hiddenReason(thumbnailOf(mapped(day, (value) => value * 0.04)), known)).toBe('dark');
  });

  test('is not said of a large structure, of noise, or without lawful pictures', () => {
    expect(hiddenReason(thumbnailOf(noisy(day, 4, 3)), known)).toBeUndefined();
    expect(hiddenReason(thumbnailOf(withBox(day, [0.3, 0.2, 0.4, 0.5])), known)).toBeUndefined();
    expect(hiddenReason(thumbnailOf(blank(640, 360, [90, 90, 90])), [])).toBeUndefined();
  });
});
