/**
 * A process that raises items, decides them and fetches their streams as fast as it can, through the real desks and
 * without cameras: to be killed at any instant. Prints a dot for each item done with. Argument: {"databaseUrl", "dir", "cameraId", "userId"}.
 */
import { randomBytes, randomInt, randomUUID } from 'node:crypto';
import { systemClock } from '../../src/base/clock.ts';
import { silentLogger } from '../../src/base/log.ts';
import { CandidateDesk } from '../../src/candidate/candidate.ts';
import { openBlobs } from '../../src/drivers/blobs/blobs.ts';
import { openDatabase } from '../../src/drivers/postgres/postgres.ts';
import type { AccessUnit } from '../../src/drivers/rtsp/rtsp.ts';
import { StreamKeeper } from '../../src/evidence/evidence.ts';
import { Review } from '../../src/review/review.ts';
import { square } from './places.ts';
import { snapshotDesk } from './snapshots.ts';

const { databaseUrl, dir, cameraId, userId } = JSON.parse(process.argv[2] ?? '{}') as {
  databaseUrl: string;
  dir: string;
  cameraId: number;
  userId: number;
};
const clock = systemClock;
const db = openDatabase(databaseUrl, silentLogger, 4);
const blobs = await openBlobs({ dir, clock });
const snapshots = snapshotDesk(blobs, clock);
const rule = { found: 1, of: 1, spanS: 0 };
const desk = new CandidateDesk({ persistence: rule, watchPersistence: rule }, (trx, id) =>
  snapshots.sealRaised(trx, id),
);
const review = new Review({
  ...{ db, clock, claimS: 60, undoS: 60 },
  thumbnailOfPicture: async () => ({ thumbnail: Buffer.alloc(576), lighting: 'day' }),
  onDecision: (trx, decision) => snapshots.sealDecision(trx, decision),
});
const keeper = new StreamKeeper({
  ...{ db, blobs, clock, log: silentLogger, snapshots },
  cameras: { forCapture: async ([id = 0]) => [{ id } as never] },
  aim: async () => ({ target: { url: 'rtsp://127.0.0.1/none' } }),
  record: async () => Array.from({ length: 3 }, (_, n): AccessUnit => unitOf(n)),
  decoder: { decode: () => Promise.reject(new Error('no picture in it')) },
  blacken: () => {},
  identify: async () => null,
});

function unitOf(n: number): AccessUnit {
  return {
    ...{ codec: 'h264', isKey: n === 0, bytes: randomBytes(200), followsLoss: false },
    ...{ rtpTimestamp: n * 3600, arrivedAtMs: clock.nowMs() },
  };
}

for (;;) {
  const [x, y] = [randomInt(80) / 100, randomInt(80) / 100];
  const region = { score: 0.9, box: [x, y, 0.1, 0.1] as const, polygon: square(x, y, 0.1), areaFraction: 0.01 };
  const picture = await blobs.put(randomBytes(500));
  // A view for each: in one view they would soon lie near one another, and be pieces of what is open there.
  const { id: viewId } = await db
    .insertInto('view')
    .values({ camera_id: cameraId, key: randomUUID(), name: '屋顶', state: 'watching' })
    .returning('id')
    .executeTakeFirstOrThrow();
  const [candidateId] = await db.transaction().execute(async (trx) => {
    const look = await trx
      .insertInto('look')
      .values({
        ...{ view_id: viewId, result: 'changed', stage: 'network', captured_at: new Date(clock.nowMs()) },
        regions: JSON.stringify([region]),
      })
      .returning('id')
      .executeTakeFirstOrThrow();
    return desk.onJudged(trx, {
      ...{ lookId: look.id, viewId, capturedAtMs: clock.nowMs(), regions: [region] },
      ...{ beforeSha256: null, afterSha256: picture, machineResult: {}, overlayOf: async () => picture },
    });
  });
  if (candidateId === undefined) throw new Error('no item was raised');
  const reviewer = { userId, isAdmin: true };
  await review.decide(candidateId, reviewer, {
    ...{ verdict: 'false_alarm', reason: '误报', duplicateOf: undefined, version: 1 },
  });
  if (candidateId % 3 === 0) await review.undo(candidateId, reviewer);
  if (candidateId % 2 === 0) await keeper.work();
  process.stdout.write('.');
}
