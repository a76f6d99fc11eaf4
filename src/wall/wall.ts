/**
 * What screens show: stills of the cameras and how old they are, live pictures and, where none may be shown, why; alerts
 * in the order of their gravity, and who has seen them; and which screen shows what.
 */
export {
  acknowledge,
  standingAlerts,
  undoAcknowledgement,
  type Acknowledgement,
  type AlertCounts,
  type StandingAlert,
} from './alert-store.ts';
export { fromKeyUnit } from './live-group.ts';
export { LiveRelay, type LiveState, type LiveStream, type LiveUnit, type LiveViewer } from './live-relay.ts';
export type { Encode, Mpeg1Piece } from './mpeg-relay.ts';
export { automaticTurn, takeoverPlace, type AssignedScreen, type Turn } from './screen.ts';
export { StillKeeper, type NewStill } from './still-keeper.ts';
export { newestPicture, readStill, readTiles, wishStills, type NewestPicture, type StoredTile } from './still-store.ts';
