/** What seals snapshots in tests. */
import type { Clock } from '../../src/base/clock.ts';
import { SnapshotDesk } from '../../src/evidence/evidence.ts';

export const TEST_SOFTWARE = { name: 'sentinel', version: '0.0.0', configSha256: 'c'.repeat(64) };

/** @param files keeps bytes by their digest */
export function snapshotDesk(
  files: { get(sha256: string): Promise<Uint8Array> },
  clock: Clock,
  more: { sm3?: boolean } = {},
): SnapshotDesk {
  return new SnapshotDesk({
    blobs: { get: async (sha256) => Buffer.from(await files.get(sha256)) },
    ...{ clock, sm3: false, software: TEST_SOFTWARE, serverClock: () => null },
    ...more,
  });
}
