/** Sealed records for tests that only look at them: believable, small, and in the log like any other. */
import { randomUUID } from 'node:crypto';
import type { Db } from '../../src/drivers/postgres/postgres.ts';
import { appendEntry } from '../../src/evidence/log.ts';
import type { SnapshotPicture, SnapshotRecord } from '../../src/evidence/snapshot.ts';

export interface SampleSnapshot {
  readonly viewId: number;
  readonly sealedAt: Date;
  readonly cause?: SnapshotRecord['cause']['kind'];
  readonly candidateId?: number;
  readonly streamSha256?: string;
  readonly pictures?: readonly { role: SnapshotPicture['role']; sha256: string; bytes?: number }[];
  readonly reason?: string;
}

/** @returns the record's id and its place in the log */
export async function sealSample(db: Db, sample: SampleSnapshot): Promise<{ id: string; entry: number }> {
  const { viewId, sealedAt, candidateId, streamSha256 } = sample;
  const scene = await db
    .selectFrom('view')
    .innerJoin('camera', 'camera.id', 'view.camera_id')
    .select(['camera.id', 'camera.key', 'camera.name', 'camera.place', 'view.name as view_name'])
    .where('view.id', '=', viewId)
    .executeTakeFirstOrThrow();
  const item = candidateId === undefined ? undefined : await readItem(db, candidateId);
  const at = sealedAt.toISOString();
  const id = randomUUID();
  const record: SnapshotRecord = {
    format: 'sentinel-snapshot/1',
    ...{ id, sealedAt: at, follows: null },
    cause: { kind: sample.cause ?? 'raised', by: null, reason: sample.reason ?? '', purpose: '', course: null },
    estate: { name: '滨江花园', timeZone: 'Asia/Shanghai', simulated: false },
    camera: {
      ...{ id: scene.id, key: scene.key, name: scene.name, place: scene.place, kind: 'fixed' },
      ...{ mainUrl: `rtsp://127.0.0.1/${scene.key}/main`, subUrl: null, onvifUrl: null, device: null },
    },
    view: { id: viewId, key: 'fixed', name: scene.view_name, preset: null, registration: null, ptz: null },
    clock: { camera: null, server: null },
    software: { name: 'sentinel', version: '0.1.0', configSha256: 'c'.repeat(64), modelSha256: null },
    health: null,
    stream: {
      ...{ state: streamSha256 === undefined ? 'none' : 'kept', stream: 'main', codec: 'h264', problem: null },
      file:
        streamSha256 === undefined
          ? null
          : { sha256: streamSha256, mediaType: 'video/h264', bytes: 48_211, problem: null },
      units: [],
    },
    pictures: (sample.pictures ?? []).map(({ role, sha256, bytes = 20_000 }) => ({
      ...{ role, takenAt: at, lookId: null, baselineId: null },
      file: { sha256, mediaType: 'image/jpeg', bytes, problem: null },
      derivedFrom: { sha256: null, unit: null, how: 'looked' },
    })),
    ...{ machineResult: null, candidate: null, decision: null },
  };
  const entry = await db.transaction().execute(async (trx) => {
    const seq = await appendEntry(trx, {
      ...{ kind: 'snapshot.sealed', atMs: sealedAt.getTime(), body: record },
      about: [
        `snapshot:${id}`,
        `view:${viewId}`,
        `camera:${scene.id}`,
        ...(candidateId === undefined ? [] : [`candidate:${candidateId}`]),
      ],
    });
    await trx
      .insertInto('snapshot')
      .values({
        ...{ id, entry: seq, cause: record.cause.kind, sealed_at: sealedAt, camera_id: scene.id, view_id: viewId },
        ...{ candidate_id: candidateId ?? null, verdict_id: item?.verdict_id ?? null, follows: null },
        stream_state: record.stream.state,
      })
      .execute();
    const files = [
      ...record.pictures.map(({ role, file }) => ({ role: role, sha256: file.sha256 })),
      ...(streamSha256 === undefined ? [] : [{ role: 'stream', sha256: streamSha256 }]),
    ];
    if (files.length > 0) {
      await trx
        .insertInto('snapshot_file')
        .values(files.map((file) => ({ ...file, snapshot_id: id })))
        .onConflict((conflict) => conflict.doNothing())
        .execute();
    }
    return seq;
  });
  return { id, entry };
}

function readItem(db: Db, id: number) {
  return db.selectFrom('candidate').select('verdict_id').where('id', '=', id).executeTakeFirstOrThrow();
}
