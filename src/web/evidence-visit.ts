/** What every address of evidence asks first: who, why, and of which cameras. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { SentinelError } from '../base/errors.ts';
import type { Db } from '../drivers/postgres/postgres.ts';
import type { Custody, Sight, SnapshotPerson, Visit } from '../evidence/evidence.ts';
import { findSnapshot, findViewCamera } from './evidence-store.ts';
import { signedIn } from './guard.ts';
import type { Account } from './people-store.ts';
import type { PictureStore } from './server.ts';
import { evidenceCameras } from './unit-store.ts';

export function personOf({ userId, name, displayName, role, unit }: Account): SnapshotPerson {
  return { userId, name, displayName, role, unit: unit?.name ?? null };
}

/** A visit whose reason comes with the request itself. */
export function visitFor(request: FastifyRequest, said: { reason: string; purpose?: string }): Visit {
  const { reason, purpose = '' } = said;
  return { person: personOf(signedIn(request)), reason: reason.trim(), purpose: purpose.trim(), from: request.ip };
}

/** Somebody who has said why they look. */
export interface Visitor {
  readonly visit: Visit;
  readonly accessId: number;
  /** Cameras whose evidence they may see; undefined: all. */
  readonly cameras: readonly number[] | undefined;
}

export class EvidenceDoor {
  readonly #db: Db;
  readonly #custody: Custody;

  constructor(db: Db, custody: Custody) {
    this.#db = db;
    this.#custody = custody;
  }

  /** @throws SentinelError evidence.no_access, evidence.no_unit */
  async enter(request: FastifyRequest, accessId: number): Promise<Visitor> {
    const account = signedIn(request);
    const [access, cameras] = await Promise.all([
      this.#custody.require(account.userId, accessId),
      evidenceCameras(this.#db, account),
    ]);
    return { visit: visitFor(request, access), accessId, cameras };
  }

  /**
   * Lets nobody by who may not see a snapshot. To them it is not there; the log is told that they asked.
   * @throws SentinelError web.missing
   */
  async admit({ visit, cameras }: Pick<Visitor, 'visit' | 'cameras'>, snapshotId: string): Promise<void> {
    const { cameraId } = await findSnapshot(this.#db, snapshotId);
    if (!cameras || cameras.includes(cameraId)) return;
    await this.#custody.tell(visit, { kind: 'snapshot.refused', result: 'refused', snapshots: [snapshotId] });
    throw new SentinelError('web.missing', { what: 'snapshot', id: snapshotId });
  }

  /** @throws SentinelError web.missing for a view of a camera that they may not see */
  async admitView({ cameras }: Pick<Visitor, 'cameras'>, viewId: number): Promise<void> {
    const cameraId = await findViewCamera(this.#db, viewId);
    if (cameras && !cameras.includes(cameraId)) throw new SentinelError('web.missing', { what: 'view', id: viewId });
  }

  /**
   * Tells the log of a file and reads it; what could not be read is told as well. Nothing is cached without being asked
   * for again, so that each sight is told.
   */
  async read(visit: Visit, sight: Omit<Sight, 'result'>, pictures: PictureStore, sha256: string): Promise<Uint8Array> {
    try {
      const bytes = await pictures.get(sha256);
      await this.#custody.tell(visit, {
        ...sight,
        result: sight.kind === 'snapshot.exported' ? 'handed_out' : 'shown',
      });
      return bytes;
    } catch (thrown) {
      const code = thrown instanceof SentinelError ? thrown.code : '';
      if (code === 'blob.missing' || code === 'blob.damaged') {
        await this.#custody.tell(visit, { ...sight, result: code === 'blob.missing' ? 'missing' : 'damaged' });
      }
      throw thrown;
    }
  }
}

/** The bytes as an answer that is asked for again each time. */
export function sendFile(
  reply: FastifyReply,
  bytes: Uint8Array,
  file: { mediaType: string; name?: string },
): FastifyReply {
  if (file.name !== undefined) void reply.header('content-disposition', `attachment; filename="${file.name}"`);
  return reply
    .header('cache-control', 'private, no-store')
    .type(file.mediaType)
    .send(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
}
