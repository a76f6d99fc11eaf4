/**
 * Whether a frame can be judged against a view's lawful pictures, and how it lies over them: fitness, then what is hidden,
 * then pose. What cannot be judged is answered with a reason, never as "no change". Pure.
 */
import type { Picture } from '../base/picture.ts';
import { fitness, hiddenReason, type Lighting, type NotJudgedReason } from './fitness.ts';
import { gate, thumbnailOf } from './gate.ts';
import { poseOf, posePictureOf, type PoseAnswer } from './pose.ts';
import { resampled, type Motion } from './resample.ts';

/** What is known of a lawful picture. */
export interface KnownPicture {
  readonly posePicture: Uint8Array;
  readonly thumbnail: Uint8Array;
}

export interface Unjudgeable {
  readonly judged: false;
  readonly reason: NotJudgedReason;
  readonly detail: string;
  readonly lighting?: Lighting;
}

export interface Judgeable {
  readonly judged: true;
  readonly lighting: Lighting;
  /** The frame at the working size, as it was seen. */
  readonly working: Picture;
  /** The same at the pose's size. */
  readonly posePicture: Uint8Array;
  readonly pose: PoseAnswer;
}

/** References tried for the pose. */
const REFERENCES = 3;

/**
 * @param size working size, that of the lawful pictures
 * @param known pictures lawful everywhere; at least one
 */
export function judgeable(
  frame: Picture,
  size: { readonly widthPx: number; readonly heightPx: number },
  known: readonly KnownPicture[],
): Judgeable | Unjudgeable {
  const thumbnail = thumbnailOf(frame);
  const fit = fitness(frame, thumbnail);
  const { lighting } = fit;
  if (!fit.fit) return { judged: false, reason: fit.reason, detail: `the picture is ${fit.reason}`, lighting };
  const hidden = hiddenReason(
    thumbnail,
    known.map((one) => one.thumbnail),
  );
  if (hidden) {
    return { judged: false, reason: hidden, detail: 'most of what the view shows is not to be seen', lighting };
  }
  const working = resampled(frame, size.widthPx, size.heightPx);
  const posePicture = posePictureOf(working);
  const pose = poseOf(
    posePicture,
    likeliest(thumbnail, known).map(({ posePicture }) => posePicture),
  );
  if (pose.state === 'moved') {
    return { judged: false, reason: 'pose', detail: `${pose.detail} (${describe(pose.motion)})`, lighting };
  }
  return { judged: true, lighting, working, posePicture, pose };
}

/** The lawful pictures that look most like the frame, best first. */
function likeliest(thumbnail: Uint8Array, known: readonly KnownPicture[]): KnownPicture[] {
  return known
    .map((one) => ({ one, score: gate(thumbnail, [one.thumbnail]).meanScore }))
    .sort((a, b) => a.score - b.score)
    .slice(0, REFERENCES)
    .map(({ one }) => one);
}

function describe({ dx, dy, zoom }: Motion): string {
  const percent = (share: number): string => `${(share * 100).toFixed(1)} %`;
  return `${percent(dx)} across, ${percent(dy)} down, zoom ${zoom.toFixed(3)}`;
}
