/** What a camera's stream is made of once the network is taken off. */

export type Codec = 'h264' | 'h265';

/** The NAL units of one picture, whole and undamaged, as the camera sent them. */
export interface AccessUnit {
  readonly codec: Codec;
  /** A decoder can begin here: H.264 IDR; H.265 IDR, BLA or CRA. */
  readonly isKey: boolean;
  /**
   * Annex B byte stream, each NAL unit behind `00 00 00 01`, each NAL unit's bytes untouched. A key unit carries its
   * parameter sets: its own, or where the camera sends them apart, the latest known ones put before its pictures.
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
