/** An estate's evidence for tests: a log with a key, sealed snapshots with real pictures and a real stream. */
import { ed25519 } from '@noble/curves/ed25519.js';
import { createHash, randomUUID } from 'node:crypto';
import sharp from 'sharp';
import { SentinelError } from '../../src/base/errors.ts';
import type { Db } from '../../src/drivers/postgres/postgres.ts';
import { canonicalText } from '../../src/evidence/canonical.ts';
import { appendEntry, logSize, readLogId, rootAt } from '../../src/evidence/log.ts';
import { hexOf } from '../../src/evidence/merkle.ts';
import type { SnapshotPerson, SnapshotPicture, SnapshotRecord } from '../../src/evidence/snapshot.ts';
import {
  headStatement,
  publicKeyOf,
  type KeyAccepted,
  type PublicKey,
  type SignedHead,
  type TreeHead,
} from '../../src/evidence/tree-head.ts';
import { encodeKeyFrame, syntheticPicture } from './coded.ts';
import { drawScene, MemoryPictures, type SampleScene } from './sample-estate.ts';

export const OFFICER: SnapshotPerson = {
  userId: 7,
  name: 'zhao',
  displayName: '赵刚',
  role: 'enforcement',
  unit: '崇川区城管执法中队',
};

/** A key that signs heads of a log, accepted in it. */
export class TestSigner {
  readonly #secret = ed25519.utils.randomSecretKey();
  readonly #db: Db;
  readonly #nowMs: () => number;
  readonly key: PublicKey = publicKeyOf(ed25519.getPublicKey(this.#secret));

  constructor(db: Db, nowMs: () => number) {
    this.#db = db;
    this.#nowMs = nowMs;
  }

  async accept(): Promise<void> {
    const body: KeyAccepted = {
      ...{ format: 'sentinel-key/1', logId: await readLogId(this.#db), key: this.key },
      ...{ replaces: null, endorsement: null, reason: 'first key' },
    };
    await appendEntry(this.#db, { kind: 'key.accepted', atMs: this.#nowMs(), body, about: [] });
  }

  readonly signHead = async (): Promise<{ signed: SignedHead; key: PublicKey }> => {
    const size = await logSize(this.#db);
    const head: TreeHead = {
      ...{ format: 'sentinel-tree-head/1', logId: await readLogId(this.#db), size },
      root: hexOf(await rootAt(this.#db, size)),
      at: new Date(this.#nowMs()).toISOString(),
      keyId: this.key.id,
    };
    const signature = Buffer.from(ed25519.sign(headStatement(head), this.#secret)).toString('base64');
    return { signed: { head, signature }, key: this.key };
  };
}

/** Blobs in memory, of which some can be lost. */
export class TestBlobs extends MemoryPictures {
  readonly lost = new Set<string>();

  override get(sha256: string): Promise<Buffer> {
    if (this.lost.has(sha256)) return Promise.reject(new SentinelError('blob.missing', { sha256 }));
    return super.get(sha256).then((bytes) => Buffer.from(bytes));
  }
}

export interface SealedSample {
  readonly record: SnapshotRecord;
  readonly entry: number;
}

/**
 * Seals a raised item and its main stream, as two records of one matter.
 * @param sm3 makes SM3 digests of bytes, where the record is to bear them
 */
export async function sealSample(
  db: Db,
  blobs: MemoryPictures,
  {
    sealedAtMs,
    variant,
    candidateId = null,
    sm3,
  }: {
    sealedAtMs: number;
    variant: number;
    candidateId?: number | null;
    sm3?: ((bytes: Buffer) => string) | undefined;
  },
): Promise<[raised: SealedSample, stream: SealedSample]> {
  const scene = await drawScene(blobs, variant);
  const units: Buffer[] = [];
  for (let n = 0; n < 5; n++)
    units.push(await encodeKeyFrame(syntheticPicture(320, 180, variant * 10 + n + 1), 'h264'));
  const bytes = Buffer.concat(units);
  const sha256 = blobs.put(bytes);
  const still = blobs.put(
    await sharp(await blobs.get(scene.after))
      .jpeg({ quality: 93 })
      .toBuffer(),
  );
  const raised = await seal(db, recordOf(scene, blobs, { sealedAtMs, variant, candidateId }), sm3);
  const record: SnapshotRecord = {
    ...recordOf(scene, blobs, { sealedAtMs: sealedAtMs + 4_000, variant, candidateId }),
    cause: { kind: 'stream', by: null, reason: '', purpose: '', course: null },
    follows: { id: raised.record.id, entry: raised.entry },
    stream: {
      ...{ state: 'kept', stream: 'main', codec: 'h264', problem: null },
      file: {
        ...{ sha256, mediaType: 'video/h264', bytes: bytes.length, problem: null },
        ...(sm3 && { sm3: sm3(bytes) }),
      },
      units: units.map((unit, index) => ({
        sha256: createHash('sha256').update(unit).digest('hex'),
        bytes: unit.length,
        rtpTimestamp: (4_294_960_000 + index * 3_600) % 2 ** 32,
        arrivedAt: new Date(sealedAtMs + 3_000 + index * 40).toISOString(),
        isKey: true,
      })),
    },
    pictures: [
      {
        ...{ role: 'still', takenAt: new Date(sealedAtMs + 3_000).toISOString(), lookId: null, baselineId: null },
        file: { sha256: still, mediaType: 'image/jpeg', bytes: blobs.sizeOf(still), problem: null },
        derivedFrom: { sha256, unit: 0, how: 'decoded' },
      },
    ],
  };
  return [raised, await seal(db, record, sm3)];
}

async function seal(db: Db, record: SnapshotRecord, sm3?: (bytes: Buffer) => string): Promise<SealedSample> {
  const entry = await appendEntry(db, {
    kind: 'snapshot.sealed',
    ...(sm3 && { sm3: (text: string) => sm3(Buffer.from(text)) }),
    atMs: Date.parse(record.sealedAt),
    body: record,
    about: [
      `snapshot:${record.id}`,
      `view:${record.view.id}`,
      ...(record.candidate ? [`candidate:${record.candidate.id}`] : []),
    ],
  });
  await db
    .insertInto('snapshot')
    .values({
      ...{ id: record.id, entry, cause: record.cause.kind, sealed_at: new Date(record.sealedAt) },
      ...{ camera_id: record.camera.id, view_id: record.view.id, candidate_id: record.candidate?.id ?? null },
      ...{ follows: record.follows?.id ?? null, stream_state: record.stream.state },
    })
    .execute();
  const files = [
    ...record.pictures.map(({ role, file }) => ({ role: role, sha256: file.sha256 })),
    ...(record.stream.file ? [{ role: 'stream', sha256: record.stream.file.sha256 }] : []),
  ];
  await db
    .insertInto('snapshot_file')
    .values(files.map((file) => ({ ...file, snapshot_id: record.id })))
    .execute();
  return { record: JSON.parse(canonicalText(record)) as SnapshotRecord, entry };
}

function recordOf(
  scene: SampleScene,
  blobs: MemoryPictures,
  { sealedAtMs, variant, candidateId }: { sealedAtMs: number; variant: number; candidateId: number | null },
): SnapshotRecord {
  const at = (ms: number): string => new Date(sealedAtMs + ms).toISOString();
  const file = (sha256: string): SnapshotPicture['file'] => ({
    ...{ sha256, mediaType: 'image/jpeg', bytes: blobs.sizeOf(sha256), problem: null },
  });
  const looked = { sha256: null, unit: null, how: 'looked' } as const;
  return {
    format: 'sentinel-snapshot/1',
    id: randomUUID(),
    sealedAt: at(0),
    cause: { kind: 'raised', by: null, reason: '', purpose: '', course: null },
    follows: null,
    estate: { name: '滨江花园', timeZone: 'Asia/Shanghai', simulated: false },
    camera: {
      ...{ id: variant + 1, key: `roof-${variant}`, name: `${variant}号楼屋顶`, place: `${variant}号楼 30层屋面` },
      ...{ kind: 'fixed', mainUrl: `rtsp://192.0.2.${variant}/main`, subUrl: null, onvifUrl: null },
      device: {
        ...{ make: 'Hikvision', model: 'DS-2CD3T47', serial: `SN${variant}`, firmware: 'V5.7.3' },
        ...{ mac: '44:19:b6:00:00:01', askedAt: at(-60_000) },
      },
      // Records of before the location was asked for bear none.
      ...(variant % 2 === 1 && {
        location: {
          ...{ code: `NT-0101-00${variant}`, coordinates: { latitudeDeg: 31.980123, longitudeDeg: 120.89413 } },
          mountingHeightM: 21.5,
          plan: {
            ...{ name: '总平面图', pictureSha256: '1'.repeat(64) },
            ...{ x: 0.25, y: 0.5, headingDeg: 135, spreadDeg: 60 },
          },
        },
      }),
    },
    view: {
      ...{ id: variant + 1, key: 'fixed', name: `${variant}号楼屋顶`, preset: null, ptz: null },
      registration: { dxPx: 0.4, dyPx: -0.2, residualPx: 0.31, lookId: 12, at: at(-1_000) },
    },
    clock: {
      camera: { offsetMs: 740, measuredAt: at(-90_000), ageS: 90 },
      server: { synchronised: true, source: 'chrony', offsetMs: 0.4, checkedAt: at(-5_000), lastStep: null },
    },
    software: { name: 'sentinel', version: '0.1.0', configSha256: 'c'.repeat(64), modelSha256: 'f'.repeat(64) },
    health: { state: 'online', since: at(-3_600_000), reason: null, lastFrameAt: at(-500), errors: 0 },
    stream: { ...{ state: 'wanted', stream: null, codec: null, file: null, units: [], problem: null } },
    pictures: [
      {
        role: 'after',
        file: file(scene.after),
        takenAt: at(-2_000),
        lookId: 12,
        baselineId: null,
        derivedFrom: looked,
      },
      {
        role: 'before',
        file: file(scene.before),
        takenAt: at(-86_400_000),
        lookId: 3,
        baselineId: 5,
        derivedFrom: looked,
      },
      {
        ...{ role: 'overlay', file: file(scene.overlay), takenAt: null, lookId: null, baselineId: null },
        derivedFrom: { sha256: scene.after, unit: null, how: 'marked' },
      },
    ],
    machineResult: { score: 0.91, baselineIds: [5] },
    candidate:
      candidateId === null
        ? null
        : {
            ...{ id: candidateId, severity: 'normal', polygon: scene.polygon, score: 0.91, occurrences: 5 },
            ...{ firstSeenAt: at(-1_500_000), lastSeenAt: at(-2_000), raisedAt: at(-500), raisedByLookId: 12 },
          },
    decision: null,
  };
}
