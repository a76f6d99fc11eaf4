/** Media profiles (ONVIF Media Service, GetProfiles; Media2 Service for newer devices) and which two of them to pull. */
import { LIMITS } from '../../base/limits.ts';
import { attributeOf, elementsOf, textOf } from './answers.ts';

export interface StreamProfile {
  /** The device's own handle. */
  readonly token: string;
  readonly name: string;
  /** The device's handle of the camera behind it; a recorder has several. */
  readonly videoSource: string;
  readonly codec: 'h264' | 'h265' | 'mpeg4' | 'other';
  readonly widthPx: number;
  readonly heightPx: number;
}

/** @returns the profiles that carry video, in the device's order; both the older and the newer form of answer are read */
export function readProfiles(xml: string): StreamProfile[] {
  const profiles: StreamProfile[] = [];
  for (const element of elementsOf(xml, 'Profiles')) {
    const token = attributeOf(element, 'token');
    const encoder = elementsOf(element, 'VideoEncoderConfiguration')[0] ?? elementsOf(element, 'VideoEncoder')[0];
    const source = elementsOf(element, 'VideoSourceConfiguration')[0] ?? elementsOf(element, 'VideoSource')[0];
    if (token === undefined || encoder === undefined) continue;
    const widthPx = Number(textOf(encoder, 'Width'));
    const heightPx = Number(textOf(encoder, 'Height'));
    if (!(widthPx > 0 && heightPx > 0)) continue;
    profiles.push({
      token,
      name: textOf(element, 'Name') ?? token,
      videoSource: (source && textOf(source, 'SourceToken')) ?? '',
      codec: codecOf(textOf(encoder, 'Encoding') ?? ''),
      widthPx,
      heightPx,
    });
  }
  return profiles;
}

/** A media profile by which a turret is steered. */
export interface TurretProfile {
  readonly token: string;
  /** The device's handle of the turret's description; '' if it names none. */
  readonly node: string;
}

/** @returns the first profile of that video source, or of any, that has a turret; undefined if none has */
export function readTurretProfile(xml: string, videoSource?: string): TurretProfile | undefined {
  for (const element of elementsOf(xml, 'Profiles')) {
    const token = attributeOf(element, 'token');
    const turret = elementsOf(element, 'PTZConfiguration')[0] ?? elementsOf(element, 'PTZ')[0];
    const source = elementsOf(element, 'VideoSourceConfiguration')[0] ?? elementsOf(element, 'VideoSource')[0];
    if (token === undefined || turret === undefined) continue;
    if (videoSource !== undefined && (source && textOf(source, 'SourceToken')) !== videoSource) continue;
    return { token, node: textOf(turret, 'NodeToken') ?? '' };
  }
  return undefined;
}

function codecOf(encoding: string): StreamProfile['codec'] {
  const name = encoding.toUpperCase().replace(/[^A-Z0-9]/g, '');
  if (name === 'H264') return 'h264';
  if (name === 'H265' || name === 'HEVC') return 'h265';
  // Media calls it MPEG4, Media2 by its media type, MPV4-ES.
  return name === 'MPEG4' || name === 'MPV4ES' || name === 'MP4VES' ? 'mpeg4' : 'other';
}

const area = (profile: StreamProfile): number => profile.widthPx * profile.heightPx;

/**
 * Main is the largest picture that can be decoded here; sub is the cheapest of the smaller ones that still is as large as a
 * look, and if none is, the largest of them.
 */
export function chooseStreams(
  profiles: readonly StreamProfile[],
  videoSource?: string,
): { main: StreamProfile; sub: StreamProfile | undefined } | undefined {
  const modern = profiles.filter(({ codec }) => codec === 'h264' || codec === 'h265');
  // MPEG-4 where there is nothing else: browsers play none of it.
  const readable = modern.length > 0 ? modern : profiles.filter(({ codec }) => codec === 'mpeg4');
  const wanted = videoSource ?? readable[0]?.videoSource;
  const own = readable.filter((profile) => profile.videoSource === wanted);
  const bySize = own.toSorted((a, b) => area(b) - area(a));
  const main = bySize[0];
  if (!main) return undefined;
  const smaller = bySize.filter((profile) => area(profile) < area(main));
  const enough = smaller.filter(
    (profile) => profile.widthPx >= LIMITS.lookWidthPx && profile.heightPx >= LIMITS.lookHeightPx,
  );
  return { main, sub: enough.at(-1) ?? smaller[0] };
}

/**
 * Path and query stay letter for letter, since cameras compare them so.
 * @returns the address without user and password; undefined unless it is an address of that scheme, plain or over TLS
 */
export function withoutCredentials(address: string, scheme: 'rtsp' | 'http'): string | undefined {
  const bare = address.trim().replace(/^(\w+:\/\/)[^/?#]*@/i, '$1');
  if (!new RegExp(`^${scheme}s?:`, 'i').test(bare) || !URL.canParse(bare)) return undefined;
  return new URL(bare).hostname === '' ? undefined : bare;
}
