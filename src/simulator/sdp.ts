/** Session descriptions as cameras write them (RFC 8866; H.264 parameters by RFC 6184 section 8.2.1). */

export interface SdpOptions {
  readonly title: string;
  readonly sps: Uint8Array;
  readonly pps: Uint8Array;
  readonly fps: number;
  /** Leaves `sprop-parameter-sets` out: the sets come in band alone. */
  readonly inBandOnly?: boolean;
  /** Adds a G.711 track, as cameras with a microphone do. */
  readonly audio: boolean;
}

export function describeH264({ title, sps, pps, fps, inBandOnly = false, audio }: SdpOptions): string {
  const profile = Buffer.from(sps.subarray(1, 4)).toString('hex').toUpperCase();
  const sets = [sps, pps].map((set) => Buffer.from(set).toString('base64')).join(',');
  return sdp(title, [
    'm=video 0 RTP/AVP 96',
    'a=rtpmap:96 H264/90000',
    `a=fmtp:96 packetization-mode=1;profile-level-id=${profile}${inBandOnly ? '' : `;sprop-parameter-sets=${sets}`}`,
    `a=framerate:${fps}`,
    'a=control:trackID=1',
    ...(audio ? ['m=audio 0 RTP/AVP 8', 'a=rtpmap:8 PCMA/8000', 'a=control:trackID=2'] : []),
  ]);
}

/** What the `wrong-codec` fault offers (RFC 2435). */
export function describeMotionJpeg(title: string): string {
  return sdp(title, ['m=video 0 RTP/AVP 26', 'a=control:trackID=1']);
}

function sdp(title: string, media: readonly string[]): string {
  const lines = ['v=0', 'o=- 1 1 IN IP4 0.0.0.0', `s=${title}`, 'c=IN IP4 0.0.0.0', 't=0 0', 'a=control:*', ...media];
  return `${lines.join('\r\n')}\r\n`;
}
