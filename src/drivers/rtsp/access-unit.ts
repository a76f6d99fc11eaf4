/** What a camera's stream is made of once the network is taken off. */

/** `mpeg4` is MPEG-4 Visual (ISO/IEC 14496-2), as older cameras send it. */
export type Codec = 'h264' | 'h265' | 'mpeg4';

/** All of one picture, whole and undamaged, as the camera sent it. */
export interface AccessUnit {
  readonly codec: Codec;
  /** A decoder can begin here: H.264 IDR; H.265 IDR, BLA or CRA; MPEG-4 I-VOP. */
  readonly isKey: boolean;
  /**
   * Annex B byte stream, each NAL unit behind `00 00 00 01`, each NAL unit's bytes untouched. A key unit carries its
   * parameter sets: its own, or where the camera sends them apart, the latest known ones put before its pictures. In MPEG-4
   * there are no NAL units: it is the bit stream itself, a key unit's with the stream's configuration before it.
   */
  readonly bytes: Uint8Array;
  /** Media clock at 90 kHz, 32 bits, wraps. */
  readonly rtpTimestamp: number;
  /** UTC ms at which its last packet arrived here. */
  readonly arrivedAtMs: number;
  /** A unit that this one may depend on was lost: it shows artefacts until the next key unit. Never set on a key unit. */
  readonly followsLoss: boolean;
}

/** What one connection has met, for health and metrics. */
export interface MediaCounters {
  packets: number;
  packetsLost: number;
  packetsMalformed: number;
  unitsDamaged: number;
}

export function emptyCounters(): MediaCounters {
  return { packets: 0, packetsLost: 0, packetsMalformed: 0, unitsDamaged: 0 };
}
