/**
 * Where a dome's picture stands against its view: registered to the view's lawful pictures, or while it has none to those
 * gathered so far. And how two pictures of one stream stand against each other.
 */
import { problemOf } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import type { Logger } from '../base/log.ts';
import type { Picture } from '../base/picture.ts';
import type { BlobStore } from '../drivers/blobs/blobs.ts';
import { readPicture, shrinkJpeg, writeJpeg } from '../drivers/codec/codec.ts';
import type { Db } from '../drivers/postgres/postgres.ts';
import { poseReferences, privacyOf, type PoseReference } from './comparison-store.ts';
import { gate, thumbnailOf } from './gate.ts';
import { burnIn } from './masking.ts';
import { poseOf, posePictureOf } from './pose.ts';

/** Shares of the picture: what is looked for stands so far right and up. */
interface Offset {
  readonly right: number;
  readonly up: number;
}

export type ViewPose =
  | { readonly kind: 'untold' }
  | { readonly kind: 'told'; readonly offset: Offset }
  | { readonly kind: 'lost'; readonly offset: Offset | null };

export type StreamShift = { readonly kind: 'told'; readonly px: number } | { readonly kind: 'strange' | 'untold' };

export interface StopPosesParts {
  readonly db: Db;
  readonly blobs: Pick<BlobStore, 'get'>;
  readonly log: Logger;
}

/** References that a picture is registered to, the likeliest. */
const TRIED = 3;
/** Pictures of a camera that stands still agree nearly everywhere; passing cars and a caption take their share. */
const AGREES = 0.5;
/** Pictures share less than this with a view that they do not show at all. */
const STRANGE = 0.12;

/** What a view was last told to show, and where that stood. */
interface LastTold {
  readonly posePicture: Uint8Array;
  readonly offset: Offset;
}

export class StopPoses {
  readonly #parts: StopPosesParts;
  /** Pose pictures of references by their digest, least recently used first. */
  readonly #pictures = new Map<string, Uint8Array>();
  /** By view: in light that no reference has seen, a picture is still like the one before it. */
  readonly #told = new Map<number, LastTold>();

  constructor(parts: StopPosesParts) {
    this.#parts = parts;
  }

  async poseOf(viewId: number, picture: Picture): Promise<ViewPose> {
    const references = await poseReferences(this.#parts.db, viewId, LIMITS.baselinesPerView);
    const known: Uint8Array[] = [];
    for (const reference of likeliest(picture, references)) {
      const loaded = await this.#load(reference);
      if (loaded) known.push(loaded);
    }
    if (known.length === 0) return { kind: 'untold' };
    const posePicture = posePictureOf(picture);
    const pose = poseOf(posePicture, known);
    if (pose.state === 'untold' && pose.bare) return { kind: 'untold' };
    if (pose.state === 'told') return this.#tell(viewId, posePicture, offsetOf(pose.motion));
    const last = this.#told.get(viewId);
    const since = last && poseOf(posePicture, [last.posePicture]);
    if (last && since?.state === 'told') {
      const { right, up } = offsetOf(since.motion);
      return this.#tell(viewId, posePicture, { right: last.offset.right + right, up: last.offset.up + up });
    }
    return { kind: 'lost', offset: pose.agreement >= STRANGE ? offsetOf(pose.motion) : null };
  }

  #tell(viewId: number, posePicture: Uint8Array, offset: Offset): ViewPose {
    this.#told.delete(viewId);
    this.#told.set(viewId, { posePicture, offset });
    if (this.#told.size > LIMITS.posePicturesKept) this.#told.delete(this.#told.keys().next().value as number);
    return { kind: 'told', offset };
  }

  async #load({ pictureSha256 }: PoseReference): Promise<Uint8Array | undefined> {
    const { blobs, log } = this.#parts;
    const kept = this.#pictures.get(pictureSha256);
    if (kept) {
      this.#pictures.delete(pictureSha256);
      this.#pictures.set(pictureSha256, kept);
      return kept;
    }
    try {
      const loaded = posePictureOf(await readPicture(await blobs.get(pictureSha256)));
      this.#pictures.set(pictureSha256, loaded);
      if (this.#pictures.size > LIMITS.posePicturesKept) {
        this.#pictures.delete(this.#pictures.keys().next().value as string);
      }
      return loaded;
    } catch (thrown) {
      log.error({ picture: pictureSha256, problem: problemOf(thrown) }, 'a reference of a stop cannot be read');
      return undefined;
    }
  }
}

/** What the reference shows at its middle stands where the motion put it. */
function offsetOf({ dx, dy }: { readonly dx: number; readonly dy: number }): Offset {
  return { right: dx, up: -dy };
}

function likeliest(picture: Picture, references: readonly PoseReference[]): PoseReference[] {
  if (references.length <= TRIED) return [...references];
  const seen = thumbnailOf(picture);
  return references
    .map((reference) => ({ reference, score: gate(seen, [reference.thumbnail]).meanScore }))
    .sort((a, b) => a.score - b.score)
    .slice(0, TRIED)
    .map(({ reference }) => reference);
}

/** How far `after` is from `before`, two pictures of one stream, in pixels of a look. */
export function shiftBetween(before: Picture, after: Picture): StreamShift {
  const answer = poseOf(posePictureOf(after), [posePictureOf(before)]);
  const { state, motion, agreement } = answer;
  if (state === 'untold') return { kind: answer.bare ? 'untold' : 'strange' };
  if (state === 'moved') return { kind: 'strange' };
  const edge = Math.abs(motion.zoom - 1) / 2;
  const heightPx = (LIMITS.lookWidthPx * before.heightPx) / before.widthPx;
  const px = Math.hypot((Math.abs(motion.dx) + edge) * LIMITS.lookWidthPx, (Math.abs(motion.dy) + edge) * heightPx);
  // Hardly anything agrees, however it is shifted: what looks still is only unlike.
  return agreement < AGREES ? { kind: 'strange' } : { kind: 'told', px };
}

const PRESET_WIDTH_PX = 320;

/** A small JPEG of what a preset shows, the privacy areas of its view blackened. */
export async function presetPicture(db: Db, cameraId: number, token: string, picture: Picture): Promise<Buffer> {
  const { widthPx, heightPx, rgb } = picture;
  const shown = { widthPx, heightPx, rgb: rgb.slice() };
  burnIn(shown, await privacyOf(db, cameraId, token));
  return shrinkJpeg(await writeJpeg(shown), PRESET_WIDTH_PX);
}
