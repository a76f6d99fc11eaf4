/** What screens show of the cameras now: live pictures, and where none may be shown, why. */
export { LiveRelay, type LiveState, type LiveStream, type LiveViewer } from './live-relay.ts';
export type { Encode } from './mpeg-relay.ts';
