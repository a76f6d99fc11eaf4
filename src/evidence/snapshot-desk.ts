/**
 * Seals snapshots: puts together what is known at this moment, reads every file it names once more and checks it, and
 * appends the record to the log in the transaction of what caused it. So a crash leaves both or neither. What comes later,
 * the main stream's own bytes, is wished for in the same transaction and sealed by a further record when it is there, or
 * when it is certain that it will not be.
 *
 * A file that cannot be read is named with the problem, and keeps nobody from deciding.
 */
import { createHash, randomUUID } from 'node:crypto';
import type { Clock } from '../base/clock.ts';
import { problemOf, SentinelError } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import type { BlobStore } from '../drivers/blobs/blobs.ts';
import type { Db, DbOrTrx } from '../drivers/postgres/postgres.ts';
import type { StoredAccessUnit } from '../drivers/postgres/schema.ts';
import { appendEntry } from './log.ts';
import type {
  ServerClock,
  SnapshotCause,
  SnapshotFile,
  SnapshotPerson,
  SnapshotPicture,
  SnapshotRecord,
  SnapshotStream,
} from './snapshot.ts';
import * as store from './snapshot-store.ts';

export interface SnapshotDeskParts {
  readonly blobs: Pick<BlobStore, 'get'>;
  readonly clock: Clock;
  readonly software: { readonly name: string; readonly version: string; readonly configSha256: string };
  /** Makes SM3 digests beside SHA-256. */
  readonly sm3: boolean;
  /** What is known of the server's own clock. */
  readonly serverClock: () => ServerClock | null;
}

/** A group of pictures as it came, or why it did not. */
export interface ArrivedStream {
  readonly stream: 'main' | 'sub' | null;
  readonly codec: string | null;
  readonly blobSha256: string | null;
  readonly units: readonly StoredAccessUnit[];
  readonly problem: string | null;
  /** JPEG of its key unit, privacy areas blackened. */
  readonly stillSha256: string | null;
}

const NO_STREAM: SnapshotStream = {
  ...{ stream: null, codec: null, file: null, units: [], problem: null },
  state: 'none',
};

export class SnapshotDesk {
  readonly #parts: SnapshotDeskParts;
  readonly #known = new Map<string, { bytes: number; sm3?: string }>();

  constructor(parts: SnapshotDeskParts) {
    this.#parts = parts;
  }

  /** What seals. */
  get software(): SnapshotDeskParts['software'] {
    return this.#parts.software;
  }

  /** Digest of a text's UTF-8 bytes, where SM3 is made: for whoever appends entries of another kind. */
  get sm3(): ((text: string) => string) | undefined {
    return this.#parts.sm3 ? sm3OfText : undefined;
  }

  /** Seals an item as it is raised, and wishes for its main stream. Call it last in the transaction. */
  async sealRaised(trx: DbOrTrx, candidateId: number): Promise<void> {
    const candidate = await this.#candidate(trx, candidateId);
    await this.#seal(trx, {
      cause: causeOf('raised', null),
      ...{ viewId: candidate.view_id, candidate, verdictId: null, follows: null },
      stream: { ...NO_STREAM, state: 'wanted' },
      pictures: await this.#picturesOf(trx, candidate),
    });
  }

  /** Seals a decision or its taking back. Call it last in the transaction. */
  async sealDecision(
    trx: DbOrTrx,
    decided: { kind: 'decided' | 'undone'; candidateId: number; verdictId: number; userId: number },
  ): Promise<void> {
    const candidate = await this.#candidate(trx, decided.candidateId);
    const verdict = await store.readVerdict(trx, decided.verdictId);
    const by = await store.readPerson(trx, decided.userId);
    await this.#seal(trx, {
      cause: causeOf(decided.kind, by, verdict?.reason),
      ...{ viewId: candidate.view_id, candidate, verdictId: decided.verdictId },
      follows: await store.lastOfCandidate(trx, candidate.id),
      // A decision is shown with what stood there when it was taken; taking it back needs no further look.
      stream:
        decided.kind === 'decided' ? { ...NO_STREAM, state: 'wanted' } : await this.#standingStream(trx, candidate.id),
      pictures: await this.#picturesOf(trx, candidate),
    });
  }

  /**
   * "Pull a snapshot now": seals what is known of a view at this moment and wishes for its main stream.
   * @param pull.candidateId the item it is pulled for, if any
   * @returns the record's id; {@link store.snapshotAfter} names the one with the stream once that is there
   * @throws SentinelError `web.missing`
   */
  async pull(
    db: Db,
    pull: { viewId: number; candidateId?: number; userId: number; reason: string; purpose: string },
  ): Promise<{ id: string; entry: number }> {
    return db.transaction().execute(async (trx) => {
      const candidate = pull.candidateId === undefined ? null : await this.#candidate(trx, pull.candidateId);
      const look = await store.readNewestPicture(trx, pull.viewId);
      const pictures = look ? [await this.#lookPicture('look', look)] : [];
      return this.#seal(trx, {
        cause: { ...causeOf('pulled', await store.readPerson(trx, pull.userId), pull.reason), purpose: pull.purpose },
        ...{ viewId: pull.viewId, candidate, verdictId: null },
        follows: candidate && (await store.lastOfCandidate(trx, candidate.id)),
        stream: { ...NO_STREAM, state: 'wanted' },
        pictures: [...pictures, ...(await this.#baselines(trx, pull.viewId))],
      });
    });
  }

  /** Seals what came of a wish: the stream, or that it could not be had. Call it last in the transaction. */
  async sealStream(
    trx: DbOrTrx,
    wish: { snapshotId: string | null; viewId: number; candidateId: number | null },
    arrived: ArrivedStream,
  ): Promise<void> {
    const wished = wish.snapshotId === null ? undefined : await store.readStanding(trx, wish.snapshotId);
    const { blobSha256, stillSha256 } = arrived;
    const key = arrived.units[0];
    await this.#seal(trx, {
      cause: causeOf('stream', null),
      viewId: wish.viewId,
      candidate: wish.candidateId === null ? null : await this.#candidate(trx, wish.candidateId),
      verdictId: wished?.verdict_id ?? null,
      follows: wished ? { id: wished.id, entry: wished.entry } : null,
      stream: {
        state: blobSha256 === null ? 'failed' : 'kept',
        ...(await this.#streamOf({ ...arrived, sha256: blobSha256 })),
      },
      pictures:
        stillSha256 === null || !key
          ? []
          : [
              {
                role: 'still',
                file: await this.#file(stillSha256, JPEG),
                takenAt: new Date(key.arrivedAtMs).toISOString(),
                ...{ lookId: null, baselineId: null },
                derivedFrom: { sha256: blobSha256, unit: 0, how: 'decoded' },
              },
            ],
    });
  }

  async #seal(trx: DbOrTrx, matter: Matter): Promise<{ id: string; entry: number }> {
    const { clock, serverClock, software } = this.#parts;
    const { candidate, cause, viewId } = matter;
    const scene = await store.readScene(trx, viewId);
    if (!scene) throw new SentinelError('web.missing', { what: 'view', id: viewId });
    const nowMs = clock.nowMs();
    const verdict = matter.verdictId === null ? undefined : await store.readVerdict(trx, matter.verdictId);
    const { cameraClock, course, ...seen } = scene;
    const model = candidate?.machine_result['modelSha256'];
    const record: SnapshotRecord = {
      format: 'sentinel-snapshot/1',
      id: randomUUID(),
      sealedAt: new Date(nowMs).toISOString(),
      ...{ cause: { ...cause, course }, follows: matter.follows, ...seen },
      clock: {
        camera: cameraClock && {
          offsetMs: cameraClock.offsetMs,
          measuredAt: cameraClock.measuredAt.toISOString(),
          ageS: Math.round((nowMs - cameraClock.measuredAt.getTime()) / 1000),
        },
        server: serverClock(),
      },
      software: { ...software, modelSha256: typeof model === 'string' ? model : null },
      stream: matter.stream,
      pictures: matter.pictures,
      machineResult: candidate?.machine_result ?? null,
      candidate: candidate && {
        ...{ id: candidate.id, severity: candidate.severity, polygon: candidate.polygon, score: candidate.score },
        occurrences: candidate.occurrences,
        firstSeenAt: candidate.first_seen_at.toISOString(),
        lastSeenAt: candidate.last_seen_at.toISOString(),
        raisedAt: candidate.raised_at.toISOString(),
        raisedByLookId: candidate.raised_by_look_id,
      },
      decision: verdict
        ? {
            ...{ verdictId: verdict.id, verdict: verdict.verdict, reason: verdict.reason },
            duplicateOf: verdict.duplicate_of,
            decidedAt: verdict.decided_at.toISOString(),
            undoneAt: verdict.undone_at?.toISOString() ?? null,
          }
        : null,
    };
    if (record.stream.state === 'wanted') {
      await store.wishForStream(trx, { snapshotId: record.id, viewId, candidateId: candidate?.id ?? null });
    }
    const entry = await appendEntry(trx, {
      kind: 'snapshot.sealed',
      atMs: nowMs,
      body: record,
      about: [
        ...[`snapshot:${record.id}`, `view:${viewId}`, `camera:${scene.camera.id}`],
        ...(candidate ? [`candidate:${candidate.id}`] : []),
        // What a person had sealed stands with what they saw and took.
        ...(cause.by ? ['custody', `user:${cause.by.userId}`] : []),
      ],
      sm3: this.sm3,
    });
    await store.writeSnapshot(trx, entry, record, matter.verdictId);
    return { id: record.id, entry };
  }

  async #candidate(trx: DbOrTrx, id: number): Promise<store.CandidateRow> {
    const candidate = await store.readCandidate(trx, id);
    if (!candidate) throw new SentinelError('web.missing', { what: 'candidate', id });
    return candidate;
  }

  /** What an item was raised on: the look, the lawful picture it differs from, the mark, and all it was compared with. */
  async #picturesOf(trx: DbOrTrx, candidate: store.CandidateRow): Promise<SnapshotPicture[]> {
    const { before_sha256: before, after_sha256: after, overlay_sha256: overlay, machine_result: result } = candidate;
    const ids = Array.isArray(result['baselineIds']) ? (result['baselineIds'] as number[]) : [];
    const baselines = await this.#baselines(trx, candidate.view_id, ids);
    const look = await store.readLook(trx, candidate.raised_by_look_id);
    const nearest = baselines.find(({ file }) => file.sha256 === before);
    const pictures: SnapshotPicture[] = [];
    if (after !== null) {
      pictures.push(
        await this.#lookPicture('after', {
          id: candidate.raised_by_look_id,
          captured_at: look?.captured_at ?? candidate.raised_at,
          picture_sha256: after,
        }),
      );
    }
    if (before !== null) {
      pictures.push({
        role: 'before',
        file: nearest?.file ?? (await this.#file(before, JPEG)),
        ...{ takenAt: nearest?.takenAt ?? null, lookId: nearest?.lookId ?? null },
        baselineId: nearest?.baselineId ?? null,
        derivedFrom: LOOKED,
      });
    }
    if (overlay !== null) {
      pictures.push({
        role: 'overlay',
        file: await this.#file(overlay, JPEG),
        takenAt: look?.captured_at.toISOString() ?? null,
        ...{ lookId: candidate.raised_by_look_id, baselineId: null },
        derivedFrom: { sha256: after, unit: null, how: 'marked' },
      });
    }
    return [...pictures, ...baselines];
  }

  async #baselines(trx: DbOrTrx, viewId: number, ids?: readonly number[]): Promise<SnapshotPicture[]> {
    const rows = await store.readBaselines(trx, viewId, ids);
    return Promise.all(
      rows.map(async (row) => ({
        role: 'baseline' as const,
        file: await this.#file(row.picture_sha256, JPEG),
        takenAt: row.captured_at.toISOString(),
        ...{ lookId: row.look_id, baselineId: row.id },
        derivedFrom: LOOKED,
      })),
    );
  }

  async #lookPicture(
    role: 'after' | 'look',
    look: { id: number; captured_at: Date; picture_sha256: string | null },
  ): Promise<SnapshotPicture> {
    return {
      role,
      file: await this.#file(look.picture_sha256 ?? '', JPEG),
      takenAt: look.captured_at.toISOString(),
      ...{ lookId: look.id, baselineId: null },
      derivedFrom: LOOKED,
    };
  }

  async #standingStream(trx: DbOrTrx, candidateId: number): Promise<SnapshotStream> {
    const kept = await store.readKeptStream(trx, candidateId);
    if (!kept) return NO_STREAM;
    return {
      state: 'standing',
      ...(await this.#streamOf({ ...kept, sha256: kept.blob_sha256, units: kept.units ?? [] })),
    };
  }

  async #streamOf(stream: {
    stream: 'main' | 'sub' | null;
    codec: string | null;
    sha256: string | null;
    units: readonly StoredAccessUnit[];
    problem: string | null;
  }): Promise<Omit<SnapshotStream, 'state'>> {
    return {
      ...{ stream: stream.stream, codec: stream.codec, problem: stream.problem },
      file: stream.sha256 === null ? null : await this.#file(stream.sha256, `video/${stream.codec}`),
      units: stream.units.map(({ sha256, bytes, rtpTimestamp, arrivedAtMs, isKey }) => ({
        ...{ sha256, bytes, rtpTimestamp, isKey },
        arrivedAt: new Date(arrivedAtMs).toISOString(),
      })),
    };
  }

  /** Reads the file, which checks it against its digest. */
  async #file(sha256: string, mediaType: string): Promise<SnapshotFile> {
    let known = this.#known.get(sha256);
    try {
      if (!known) {
        const bytes = await this.#parts.blobs.get(sha256);
        known = { bytes: bytes.length, ...(this.#parts.sm3 && { sm3: sm3Of(bytes) }) };
      }
    } catch (thrown) {
      return { sha256, mediaType, bytes: null, problem: problemOf(thrown) };
    }
    // Least recently used first.
    this.#known.delete(sha256);
    this.#known.set(sha256, known);
    if (this.#known.size > LIMITS.sealedFilesRemembered) this.#known.delete(this.#known.keys().next().value as string);
    return { sha256, mediaType, ...known, problem: null };
  }
}

interface Matter {
  readonly cause: SnapshotCause;
  readonly viewId: number;
  readonly candidate: store.CandidateRow | null;
  readonly verdictId: number | null;
  readonly follows: SnapshotRecord['follows'];
  readonly stream: SnapshotStream;
  readonly pictures: readonly SnapshotPicture[];
}

const JPEG = 'image/jpeg';
const LOOKED = { sha256: null, unit: null, how: 'looked' } as const;

function causeOf(kind: SnapshotCause['kind'], by: SnapshotPerson | null, reason = ''): SnapshotCause {
  return { kind, by, reason, purpose: '', course: null };
}

/** SM3 of a text's UTF-8 bytes, hexadecimal. */
export function sm3OfText(text: string): string {
  return sm3Of(Buffer.from(text, 'utf8'));
}

/** SM3 (GB/T 32905-2016), by OpenSSL. */
function sm3Of(bytes: Uint8Array): string {
  return createHash('sm3').update(bytes).digest('hex');
}
