/** Looks that cannot be judged, made of pictures that can: each reason in many degrees, the same for the same seed. */
import type { Picture } from '../../../src/base/picture.ts';
import type { NotJudgedReason } from '../../../src/comparison/fitness.ts';
import { aligned, resampled } from '../../../src/comparison/resample.ts';
import { mapped, noisy } from '../../support/scenery.ts';

type Spoiler = (picture: Picture, random: () => number) => Picture;

const between = (random: () => number, low: number, high: number): number => low + random() * (high - low);
const seedOf = (random: () => number): number => Math.floor(random() * 2 ** 31);

/** What is still to be judged: other exposure, dusk, infrared, haze, noise, a blurred lens, a little shift. */
export const JUDGEABLE: Readonly<Record<string, Spoiler>> = {
  exposure: (picture, random) => {
    const [gain, lift] = [between(random, 0.6, 1.35), between(random, -10, 15)];
    return noisy(
      mapped(picture, (value) => value * gain + lift),
      between(random, 0.5, 4),
      seedOf(random),
    );
  },
  dusk: (picture, random) => {
    const gain = between(random, 0.25, 0.5);
    return noisy(
      mapped(picture, (value) => value * gain + 3),
      between(random, 2, 5),
      seedOf(random),
    );
  },
  infrared: (picture, random) => {
    const gain = between(random, 0.5, 1);
    const grey = mapped(picture, (_, index) => (picture.rgb[index - (index % 3) + 1] ?? 0) * gain);
    return grey;
  },
  haze: (picture, random) => {
    const share = between(random, 0.45, 0.8);
    return noisy(
      mapped(picture, (value) => value * share + 175 * (1 - share)),
      1.5,
      seedOf(random),
    );
  },
  soft: (picture, random) => {
    const by = between(random, 1.5, 2.5);
    const { widthPx, heightPx } = picture;
    return resampled(resampled(picture, Math.round(widthPx / by), Math.round(heightPx / by)), widthPx, heightPx);
  },
  shift: (picture, random) =>
    aligned(picture, { dx: between(random, -0.05, 0.05), dy: between(random, -0.05, 0.05), zoom: 1 }),
};

export const SPOILERS: Readonly<Partial<Record<NotJudgedReason, Spoiler>>> = {
  dark: (picture, random) => {
    const gain = between(random, 0, 0.05);
    return noisy(
      mapped(picture, (value) => value * gain + 3),
      between(random, 0.5, 3),
      seedOf(random),
    );
  },
  overexposed: (picture, random) => {
    const lift = between(random, 225, 260);
    const gain = between(random, 0, 0.12);
    return mapped(picture, (value) => value * gain + lift);
  },
  fogged: (picture, random) => {
    const [share, level] = [between(random, 0, 0.07), between(random, 130, 200)];
    return noisy(
      mapped(picture, (value) => value * share + level * (1 - share)),
      between(random, 0.5, 2),
      seedOf(random),
    );
  },
  // A bag, a hand, paint: plain, a little uneven, with at most a rim of the view left.
  blocked: (picture, random) => {
    const [level, slope] = [between(random, 20, 105), between(random, -25, 25)];
    const left = between(random, 0.8, 1);
    return noisy(
      mapped(picture, (value, index) => {
        const x = ((index / 3) | 0) % picture.widthPx;
        return x < left * picture.widthPx ? level + (slope * x) / picture.widthPx : value;
      }),
      between(random, 0.5, 2),
      seedOf(random),
    );
  },
  smeared: (picture, random) => {
    const by = between(random, 20, 60);
    const { widthPx, heightPx } = picture;
    const small = resampled(picture, Math.ceil(widthPx / by), Math.ceil(heightPx / by));
    return resampled(small, widthPx, heightPx);
  },
};
