/**
 * The camera's session description (RFC 8866, RFC 2326 appendix C) -> the one video stream that is read: its codec,
 * payload type, control addresses and parameter sets (RFC 6184 section 8.1, RFC 7798 section 7.1, RFC 6416 section 7.1).
 */
import sdpTransform from 'sdp-transform';
import { LIMITS } from '../../base/limits.ts';
import type { Codec } from './access-unit.ts';
import { printable } from './message-parser.ts';
import { trimNal } from './nal-units.ts';

export interface VideoDescription {
  readonly codec: Codec;
  readonly payloadType: number;
  readonly clockHz: number;
  /** `a=control` of the session and of the media, as written. */
  readonly sessionControl: string | undefined;
  readonly mediaControl: string | undefined;
  /** NAL units without start codes, or MPEG-4's configuration, as the description gives them; empty where they come in band alone. */
  readonly parameterSets: readonly Uint8Array[];
}

export type DescriptionProblem =
  { readonly kind: 'no_video' } | { readonly kind: 'unsupported_codec'; readonly codec: string };

const CODECS: ReadonlyMap<string, Codec> = new Map([
  ['H264', 'h264'],
  ['H265', 'h265'],
  ['HEVC', 'h265'],
  ['MP4V-ES', 'mpeg4'],
]);

/** Payload types that mean a format without `rtpmap` (RFC 3551 section 6). */
const STATIC_FORMATS: ReadonlyMap<number, string> = new Map([
  [26, 'JPEG'],
  [31, 'H261'],
  [32, 'MPV'],
  [33, 'MP2T'],
  [34, 'H263'],
]);

/**
 * @param body the reply's body
 * @returns the first video stream in a codec that is read, or why there is none
 */
export function readDescription(body: string): VideoDescription | DescriptionProblem {
  const session = sdpTransform.parse(body);
  let other: string | undefined;
  for (const media of session.media) {
    if (media.type !== 'video') continue;
    for (const payloadType of payloadTypes(media.payloads)) {
      const map = media.rtp.find((entry) => entry.payload === payloadType);
      const name = map ? textOf(map.codec) : STATIC_FORMATS.get(payloadType);
      const codec = CODECS.get((name ?? '').toUpperCase());
      if (!codec) {
        other ??= name === undefined ? `payload type ${payloadType}` : printable(name);
        continue;
      }
      const parameters = formatParameters(media.fmtp.find((entry) => entry.payload === payloadType)?.config);
      const interleaved = interleavedPacketisation(codec, parameters);
      if (interleaved !== undefined) {
        other ??= interleaved;
        continue;
      }
      return {
        codec,
        payloadType,
        clockHz: Number(map?.rate) > 0 ? Number(map?.rate) : 90_000,
        sessionControl: textOf(session.control),
        mediaControl: textOf(media.control),
        parameterSets: parameterSetsOf(codec, parameters),
      };
    }
  }
  return other === undefined ? { kind: 'no_video' } : { kind: 'unsupported_codec', codec: other };
}

/** The parser answers numbers for what looks like one, `a=control:1` too. */
function textOf(value: unknown): string | undefined {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : undefined;
}

function payloadTypes(payloads: unknown): number[] {
  return (textOf(payloads) ?? '')
    .split(/\s+/)
    .filter((text) => /^\d{1,3}$/.test(text))
    .map(Number);
}

/** `a=fmtp` parameters by lower-case name; a value may hold "=" (base64). */
function formatParameters(config: unknown): ReadonlyMap<string, string> {
  const parameters = new Map<string, string>();
  for (const part of (textOf(config) ?? '').split(';')) {
    const equals = part.indexOf('=');
    if (equals > 0) parameters.set(part.slice(0, equals).trim().toLowerCase(), part.slice(equals + 1).trim());
  }
  return parameters;
}

/** Packets that send NAL units out of decoding order are not read (RFC 6184 section 6.4, RFC 7798 section 4.5). */
function interleavedPacketisation(codec: Codec, parameters: ReadonlyMap<string, string>): string | undefined {
  if (codec === 'h264') {
    return parameters.get('packetization-mode') === '2' ? 'H264 with packetization-mode 2' : undefined;
  }
  if (codec === 'mpeg4') return undefined;
  const difference = Number(parameters.get('sprop-max-don-diff') ?? 0);
  return difference > 0 ? 'H265 with sprop-max-don-diff' : undefined;
}

function parameterSetsOf(codec: Codec, parameters: ReadonlyMap<string, string>): Uint8Array[] {
  if (codec === 'mpeg4') {
    const configuration = Buffer.from(parameters.get('config') ?? '', 'hex');
    return configuration.length > 0 && configuration.length <= LIMITS.parameterSetBytes ? [configuration] : [];
  }
  const names = codec === 'h264' ? ['sprop-parameter-sets'] : ['sprop-vps', 'sprop-sps', 'sprop-pps'];
  return names
    .flatMap((name) => (parameters.get(name) ?? '').replace(/^"|"$/g, '').split(','))
    .map((text) => trimNal(Buffer.from(text, 'base64')))
    .filter((nal) => nal.length > 0 && nal.length <= LIMITS.parameterSetBytes)
    .slice(0, LIMITS.parameterSets * names.length);
}
