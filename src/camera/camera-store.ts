/** SQL of the cameras as capture needs them: what to pull, what each view asks for, and the health that comes of it. */
import { sql } from 'kysely';
import { recordEvents, type Db } from '../drivers/postgres/postgres.ts';
import type { CameraState, ViewState } from '../drivers/postgres/schema.ts';
import type { CameraHealth } from './camera.ts';
import { writeClocks, type MeasuredClock } from './camera-clock-store.ts';

export interface CaptureView {
  readonly id: number;
  readonly key: string;
  readonly state: ViewState;
  /** Null takes the configured default. */
  readonly cadenceS: number | null;
}

export interface CaptureCamera {
  readonly id: number;
  readonly key: string;
  readonly kind: 'fixed' | 'ptz';
  readonly mainUrl: string | null;
  readonly subUrl: string | null;
  readonly onvifUrl: string | null;
  readonly credential: { readonly name: string; readonly username: string; readonly secretSealed: Buffer } | null;
  readonly views: readonly CaptureView[];
}

export class CameraStore {
  readonly #db: Db;
  readonly #clockLimitMs: number;

  /** @param options.clockLimitMs a clock that comes to be further off than this, or back, is an event */
  constructor(db: Db, { clockLimitMs = Infinity }: { clockLimitMs?: number } = {}) {
    this.#db = db;
    this.#clockLimitMs = clockLimitMs;
  }

  /** The cameras of `ids` with their logins (still sealed) and their views. */
  async forCapture(ids: readonly number[]): Promise<CaptureCamera[]> {
    if (ids.length === 0) return [];
    const rows = await this.#db
      .selectFrom('camera')
      .leftJoin('credential', 'credential.id', 'camera.credential_id')
      .leftJoin('view', 'view.camera_id', 'camera.id')
      .select([
        ...([
          'camera.id',
          'camera.key',
          'camera.kind',
          'camera.main_url',
          'camera.sub_url',
          'camera.onvif_url',
        ] as const),
        ...(['credential.name', 'credential.username', 'credential.secret_sealed'] as const),
        ...(['view.id as view_id', 'view.key as view_key', 'view.state as view_state', 'view.cadence_s'] as const),
      ])
      .where('camera.id', 'in', [...ids])
      .orderBy('camera.id')
      .orderBy('view.id')
      .execute();
    const cameras = new Map<number, CaptureCamera & { views: CaptureView[] }>();
    for (const row of rows) {
      const { name, username, secret_sealed: secretSealed } = row;
      const camera = cameras.get(row.id) ?? {
        id: row.id,
        key: row.key,
        kind: row.kind,
        mainUrl: row.main_url,
        subUrl: row.sub_url,
        onvifUrl: row.onvif_url,
        credential:
          name !== null && username !== null && secretSealed !== null ? { name, username, secretSealed } : null,
        views: [],
      };
      const { view_id: id, view_key: key, view_state: state } = row;
      if (id !== null && key !== null && state !== null) camera.views.push({ id, key, state, cadenceS: row.cadence_s });
      cameras.set(row.id, camera);
    }
    return [...cameras.values()];
  }

  /**
   * Which of the cameras have a part of their picture that must not be shown. A turning camera's masks hold for its presets
   * alone; what it must never show is for the dome's own masks.
   */
  async maskedOf(cameraIds: readonly number[]): Promise<ReadonlySet<number>> {
    if (cameraIds.length === 0) return new Set();
    const rows = await this.#db
      .selectFrom('mask')
      .innerJoin('view', 'view.id', 'mask.view_id')
      .innerJoin('camera', 'camera.id', 'view.camera_id')
      .select('camera.id')
      .distinct()
      .where('camera.id', 'in', [...cameraIds])
      .where('camera.kind', '=', 'fixed')
      .where('mask.kind', '=', 'privacy')
      .execute();
    return new Set(rows.map(({ id }) => id));
  }

  /**
   * Writes the health of many cameras at once. Errors are added to those counted before; a change of state is an event,
   * and a camera that gives no picture leaves its views *not judged* for that reason, never silently as they were.
   */
  async saveHealth(
    reports: readonly { cameraId: number; health: CameraHealth; errorsSinceLast: number }[],
    nowMs: number,
  ): Promise<void> {
    if (reports.length === 0) return;
    await this.#db.transaction().execute(async (trx) => {
      const before = await trx
        .selectFrom('camera_health')
        .select(['camera_id', 'state'])
        .where(
          'camera_id',
          'in',
          reports.map((report) => report.cameraId),
        )
        .execute();
      const stateBefore = new Map(before.map((row) => [row.camera_id, row.state]));
      await trx
        .insertInto('camera_health')
        .values(reports.map(({ cameraId, health, errorsSinceLast }) => rowOf(cameraId, health, errorsSinceLast)))
        .onConflict((conflict) =>
          conflict.column('camera_id').doUpdateSet((eb) => ({
            state: eb.ref('excluded.state'),
            // A capture process that has just taken the camera over knows of the same state only since then.
            since: sql<Date>`case when camera_health.state = excluded.state then camera_health.since else excluded.since end`,
            reason: eb.ref('excluded.reason'),
            last_frame_at: sql<Date>`coalesce(excluded.last_frame_at, camera_health.last_frame_at)`,
            codec: sql<string>`coalesce(excluded.codec, camera_health.codec)`,
            width_px: sql<number>`coalesce(excluded.width_px, camera_health.width_px)`,
            height_px: sql<number>`coalesce(excluded.height_px, camera_health.height_px)`,
            errors: sql<number>`camera_health.errors + excluded.errors`,
            last_error: sql<string>`coalesce(excluded.last_error, camera_health.last_error)`,
            last_error_at: sql<Date>`coalesce(excluded.last_error_at, camera_health.last_error_at)`,
          })),
        )
        .execute();
      await writeClocks(trx, reports.flatMap(clockOf), this.#clockLimitMs, nowMs);
      const changed = reports.filter(({ cameraId, health }) => stateBefore.get(cameraId) !== health.state);
      await recordEvents(
        trx,
        'camera.changed',
        changed.map(({ cameraId, health }) => ({ cameraId, change: health.state })),
        nowMs,
      );
      for (const { cameraId, health } of changed) {
        if (!isBlind(health.state)) continue;
        await trx
          .updateTable('view')
          .set({ not_judged_reason: health.state, not_judged_since: new Date(health.sinceMs) })
          .where('camera_id', '=', cameraId)
          .where((eb) => eb.or([eb('not_judged_reason', 'is', null), eb('not_judged_reason', '!=', health.state)]))
          .execute();
      }
    });
  }
}

function clockOf({ cameraId, health }: { cameraId: number; health: CameraHealth }): MeasuredClock[] {
  const { clockOffsetMs: offsetMs, clockMeasuredAtMs: measuredAtMs, clockSource: source } = health;
  return offsetMs === null || measuredAtMs === null || source === null
    ? []
    : [{ cameraId, measured: { offsetMs, measuredAtMs, source } }];
}

/** States in which no look of the camera can be judged. */
function isBlind(state: CameraState): boolean {
  return state === 'offline' || state === 'unauthorised' || state === 'wrong_codec' || state === 'frozen';
}

function rowOf(cameraId: number, health: CameraHealth, errors: number) {
  const stamp = (atMs: number | null): Date | null => (atMs === null ? null : new Date(atMs));
  return {
    camera_id: cameraId,
    state: health.state,
    since: new Date(health.sinceMs),
    reason: health.reason,
    last_frame_at: stamp(health.lastFrameAtMs),
    codec: health.codec,
    width_px: health.widthPx,
    height_px: health.heightPx,
    errors,
    last_error: health.lastError,
    last_error_at: stamp(health.lastErrorAtMs),
  };
}
