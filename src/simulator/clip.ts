/**
 * Clips: short H.264 recordings (Annex B, ITU-T H.264 annex B) that begin with a key frame, made ready to send. A clip is
 * a list of groups of pictures; each begins with a key frame and refers to nothing outside itself, so that groups of any
 * clips may follow each other in one stream.
 */
import { readFileSync } from 'node:fs';
import { problemOf, SentinelError } from '../base/errors.ts';
import { prepareFrame, type PreparedFrame } from './rtp.ts';

const NAL = { slice: 1, keySlice: 5, parameterSet: 7, pictureParameterSet: 8, delimiter: 9 } as const;

/** A key frame and the frames up to the next one. */
export type PreparedGroup = readonly PreparedFrame[];

export interface Clip {
  readonly groups: readonly PreparedGroup[];
  /** Sequence and picture parameter set, NAL units without start codes, as SDP carries them. */
  readonly sps: Uint8Array;
  readonly pps: Uint8Array;
}

/** @throws SentinelError `simulator.media` when the file is missing or no such clip */
export function readClip(file: string): Clip {
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(file);
  } catch (thrown) {
    throw new SentinelError('simulator.media', { file, problem: problemOf(thrown) }, { cause: thrown });
  }
  const clip = prepareClip(bytes);
  if (!clip) throw new SentinelError('simulator.media', { file, problem: 'it holds no complete group of pictures' });
  return clip;
}

/** @param bytes Annex B with access unit delimiters and parameter sets in band */
export function prepareClip(bytes: Uint8Array): Clip | undefined {
  let sps: Uint8Array | undefined;
  let pps: Uint8Array | undefined;
  const units: { isKey: boolean; nals: Uint8Array[] }[] = [];
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
  const groups: PreparedFrame[][] = [];
  for (const { isKey, nals } of units) {
    if (isKey) groups.push([]);
    groups.at(-1)?.push(prepareFrame(isKey ? [sps, pps, ...nals] : nals, isKey));
  }
  return groups.length > 0 ? { groups, sps, pps } : undefined;
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
