/**
 * Clips: short H.264 recordings (Annex B, ITU-T H.264 annex B) that begin with a key frame, made ready to send. A clip is
 * a list of groups of pictures; each begins with a key frame and refers to nothing outside itself, so that groups of any
 * clips may follow each other in one stream.
 */
import { readFileSync } from 'node:fs';
import { problemOf, SentinelError } from '../base/errors.ts';
import { writeCaption, writeUnchangedCaption } from './caption.ts';
import {
  checkPictureParameters,
  readSequenceParameters,
  Slice,
  withRowsAdded,
  type SequenceParameters,
} from './h264.ts';
import { joinFrames, prepareFrame, type PreparedFrame } from './rtp.ts';

const NAL = { slice: 1, keySlice: 5, parameterSet: 7, pictureParameterSet: 8, delimiter: 9 } as const;

/** A key frame and the frames up to the next one. */
export interface PreparedGroup {
  readonly frames: readonly PreparedFrame[];
  /** The key frame with the clock `text` written over it, where the clip has room for one. */
  captioned?: (text: string) => PreparedFrame;
}

export interface Clip {
  readonly groups: readonly PreparedGroup[];
  /** Sequence and picture parameter set, NAL units without start codes, as SDP carries them. */
  readonly sps: Uint8Array;
  readonly pps: Uint8Array;
}

/**
 * @param captionRows see {@link prepareClip}
 * @throws SentinelError `simulator.media` when the file is missing or no such clip
 */
export function readClip(file: string, captionRows: number): Clip {
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(file);
  } catch (thrown) {
    throw new SentinelError('simulator.media', { file, problem: problemOf(thrown) }, { cause: thrown });
  }
  let clip: Clip | undefined;
  try {
    clip = prepareClip(bytes, captionRows);
  } catch (thrown) {
    throw new SentinelError('simulator.media', { file, problem: problemOf(thrown) }, { cause: thrown });
  }
  if (!clip) throw new SentinelError('simulator.media', { file, problem: 'it holds no complete group of pictures' });
  return clip;
}

interface CodedUnit {
  isKey: boolean;
  nals: Uint8Array[];
}

/**
 * @param bytes Annex B with access unit delimiters and parameter sets in band
 * @param captionRows macroblock rows to add above the picture for the camera's clock; 0 leaves the picture as it is
 * @returns undefined when there is no whole group of pictures
 * @throws UnsupportedSyntax when rows are to be added to a stream coded otherwise than ours
 */
export function prepareClip(bytes: Uint8Array, captionRows = 0): Clip | undefined {
  let sps: Uint8Array | undefined;
  let pps: Uint8Array | undefined;
  const units: CodedUnit[] = [];
  for (const nal of splitNals(bytes)) {
    const type = (nal[0] ?? 0) & 0x1f;
    if (type === NAL.delimiter) units.push({ isKey: false, nals: [] });
    else if (type === NAL.parameterSet) sps ??= nal;
    else if (type === NAL.pictureParameterSet) pps ??= nal;
    else if (type === NAL.slice || type === NAL.keySlice) {
      const unit = units.at(-1);
      if (!unit) return undefined;
      unit.nals.push(nal);
      unit.isKey ||= type === NAL.keySlice;
    }
  }
  if (!sps || !pps) return undefined;
  const first = units.findIndex(({ isKey }) => isKey);
  if (first < 0) return undefined;
  const groups: CodedUnit[][] = [];
  for (const unit of units.slice(first)) {
    if (unit.isKey) groups.push([]);
    groups.at(-1)?.push(unit);
  }
  if (captionRows === 0) {
    const sets = [sps, pps];
    const prepare = (unit: CodedUnit): PreparedFrame =>
      prepareFrame(unit.isKey ? [...sets, ...unit.nals] : unit.nals, unit.isKey);
    return { groups: groups.map((group) => ({ frames: group.map(prepare) })), sps, pps };
  }
  const strip = new CaptionStrip(sps, pps, captionRows);
  return { groups: groups.map((group) => withCaption(group, strip)), sps: strip.sps, pps };
}

function withCaption(group: readonly CodedUnit[], strip: CaptionStrip): PreparedGroup {
  const [first, ...others] = group;
  const captioned = strip.key(first?.nals ?? []);
  return { frames: [captioned(''), ...others.map(({ nals }) => strip.delta(nals))], captioned };
}

/** Adds the strip for the camera's clock above coded pictures of one stream. */
class CaptionStrip {
  /** Of the pictures with their strip. */
  readonly sps: Uint8Array;
  readonly #pps: Uint8Array;
  readonly #rows: number;
  readonly #sequence: SequenceParameters;

  /**
   * @param sps sequence parameters of the pictures without their strip
   * @param rows macroblock rows to add
   * @throws UnsupportedSyntax when they are coded otherwise than ours
   */
  constructor(sps: Uint8Array, pps: Uint8Array, rows: number) {
    checkPictureParameters(pps);
    this.sps = withRowsAdded(sps, rows);
    this.#pps = pps;
    this.#rows = rows;
    this.#sequence = readSequenceParameters(sps);
  }

  /** @param nals slices of a key picture; answers the picture with a text over it, as often as wanted */
  key(nals: readonly Uint8Array[]): (text: string) => PreparedFrame {
    const { widthMbs } = this.#sequence;
    const slices = nals.map((nal) => new Slice(nal, this.#sequence));
    const moved = slices.map((slice) => slice.movedBy(this.#rows * widthMbs));
    const picture = prepareFrame(moved, true);
    return (text) => {
      const caption = slices[0]?.topSlice((writer) => writeCaption(writer, text, this.#rows, widthMbs));
      return joinFrames(prepareFrame([this.sps, this.#pps, caption ?? Buffer.alloc(0)], true, false), picture);
    };
  }

  /** @param nals slices of any other picture: its strip stays as it was */
  delta(nals: readonly Uint8Array[]): PreparedFrame {
    const { widthMbs } = this.#sequence;
    const slices = nals.map((nal) => new Slice(nal, this.#sequence));
    const unchanged = slices[0]?.topSlice((writer) => writeUnchangedCaption(writer, this.#rows, widthMbs));
    const moved = slices.map((slice) => slice.movedBy(this.#rows * widthMbs));
    return prepareFrame([...(unchanged ? [unchanged] : []), ...moved], false);
  }
}

/** NAL units without their start codes, as views into `bytes`. */
export function splitNals(bytes: Uint8Array): Uint8Array[] {
  const nals: Uint8Array[] = [];
  let from = -1;
  for (let i = 0; i + 2 < bytes.length; i++) {
    if (bytes[i] !== 0 || bytes[i + 1] !== 0 || bytes[i + 2] !== 1) continue;
    if (from >= 0) nals.push(bytes.subarray(from, bytes[i - 1] === 0 ? i - 1 : i));
    from = i + 3;
    i += 2;
  }
  if (from >= 0) nals.push(bytes.subarray(from));
  return nals;
}
