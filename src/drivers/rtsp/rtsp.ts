/**
 * RTSP: an address -> access units, over TCP alone (RFC 2326, RFC 7826 where cameras already follow it; RTP and RTCP
 * after RFC 3550; H.264 after RFC 6184, H.265 after RFC 7798, MPEG-4 Visual after RFC 6416).
 *
 *   SharedPulls             hold: one connection a stream, kept up by itself, for the sampler and live viewers together
 *   RtspPull                that one connection
 *   visitKeyFrame           visit: connect, one key unit, TEARDOWN
 *   recordGroupOfPictures   visit: a whole group of pictures, as the camera sent it
 *   HostConnections         the cap on connections per host that all share
 *
 * What comes out is whole: a unit of which a packet is missing is dropped, never handed on. Errors are SentinelErrors
 * `rtsp.*`; a pull's own go to `onError` and it tries again, with full-jitter exponential back-off. Nothing here blocks
 * on a dead camera, and no error, log line or address carries a password.
 */
export type { AccessUnit, Codec, MediaCounters } from './access-unit.ts';
export type { Credentials } from './authorization.ts';
export type { RtspTimeouts, TlsTrust } from './connection.ts';
export type { OpeningStep } from './handshake.ts';
export { HostConnections } from './host-connections.ts';
export { RtspPull, type ClockOffset, type PullOptions, type PullState } from './pull.ts';
export { parseRtspUrl, type RtspUrl } from './rtsp-url.ts';
export { SharedPulls, targetKey, type SharedPull } from './shared-pulls.ts';
export type { RtspTarget } from './target.ts';
export { recordGroupOfPictures, visitKeyFrame, type VisitOptions } from './visit.ts';
