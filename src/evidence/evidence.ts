/**
 * Evidence: snapshots of what was seen, sealed in the transaction of what caused them into an append-only log that anybody
 * can check.
 *
 * `snapshot.ts` says what a snapshot is, `snapshot-desk.ts` seals it, `stream-keeper.ts` fetches the camera's own bytes
 * for it. `log.ts` is the log in the database, `merkle.ts`, `log-entry.ts`, `tree-head.ts` and `canonical.ts` its rules,
 * which a browser can run as well. `head-signer.ts` signs the log's heads, `head-publisher.ts` puts them where nobody who
 * has the database can reach them, `log-check.ts` holds the log against them. `retention.ts` prunes what no one holds.
 */
export { canonicalText, sha256OfText } from './canonical.ts';
export { CameraClockDesk } from './camera-clocks.ts';
export { Custody, type Sight, type Visit } from './custody.ts';
export { PackageDesk, type PackageChoice, type PackageJob, type PackageRules } from './package-desk.ts';
export { checkFile as checkPackageFile } from './package-file.ts';
export type { CheckReport } from './package-report.ts';
export { reportText, uiWord, type Language, type UiWord } from './package-words.ts';
export { HeadPublisher } from './head-publisher.ts';
export { openSigner, rotateKey, type HeadSigner } from './head-signer.ts';
export { logSize } from './log.ts';
export { checkLog, checkPublished, tellOfCut, type HeadsChecked } from './log-check.ts';
export {
  heldSnapshots,
  isHeld,
  keptUntil,
  prune,
  pruneEvidence,
  type Pruned,
  type RetentionRules,
} from './retention.ts';
export type { SnapshotPerson, SnapshotRecord } from './snapshot.ts';
export type { DeviceFacts } from './snapshot-store.ts';
export { ServerClockWatch } from './server-clock.ts';
export { sm3OfText, SnapshotDesk } from './snapshot-desk.ts';
export { pulledViews } from './evidence-store.ts';
export { StreamKeeper } from './stream-keeper.ts';
export {
  CHECK_LEVELS,
  checkStore,
  type CheckLevel,
  type CheckProgress,
  type StoreCheckResult,
  type StoreFinding,
} from './store-check.ts';
export { sweepBlobs, takeSweepTurn } from './sweep.ts';
