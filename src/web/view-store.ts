/** The SQL behind the pages of cameras, views and looks: one query a list, none per item. */
import { sql } from 'kysely';
import { SentinelError } from '../base/errors.ts';
import type { Db } from '../drivers/postgres/postgres.ts';
import { judgeClock, type ClockRules } from '../camera/camera.ts';
import type { CameraState, ClockSource, LookResult, StoredCalibration, ViewState } from '../drivers/postgres/schema.ts';
import type { StoredMask } from '../review/review.ts';
import type { Baseline, Camera, CameraClock, Look, Mask, View, ViewDetail } from './contract.ts';
import { pictureUrl } from './picture.ts';
import type { ViewDefaults } from './server.ts';

/** SQL knows no empty list. */
const among = (ids: readonly number[] | undefined): number[] => (ids?.length ? [...ids] : [0]);
const iso = (at: Date | null): string | null => at?.toISOString() ?? null;

// --- cameras ---------------------------------------------------------------------------------------------------------

export async function listCameras(
  db: Db,
  filter: {
    id?: number;
    state?: CameraState;
    kind?: 'fixed' | 'ptz';
    search?: string;
    cameras?: readonly number[] | undefined;
  },
  afterId: number | undefined,
  rows: number,
  clocks: { readonly rules: ClockRules; readonly nowMs: number },
): Promise<Camera[]> {
  const part = `%${(filter.search ?? '').replace(/[\\%_]/g, '\\$&')}%`;
  const found = await db
    .selectFrom('camera')
    .leftJoin('camera_health as health', 'health.camera_id', 'camera.id')
    .select(['camera.id', 'camera.key', 'camera.name', 'camera.place', 'camera.kind', 'camera.enabled'])
    .select(sql<boolean>`camera.onvif_url is not null`.as('has_onvif'))
    .select(['camera.location_code', 'camera.latitude_deg', 'camera.longitude_deg', 'camera.mounting_height_m'])
    .select(['camera.created_at', 'health.state', 'health.since', 'health.reason', 'health.last_frame_at'])
    .select(['health.codec', 'health.width_px', 'health.height_px', 'health.clock_offset_ms'])
    .select(
      // Of a clock that was set back, what was measured before bears a later time than the jump.
      sql<Date | null>`(select max(stepped_at + greatest(-stepped_ms, 0) * interval '1 ms') from server_clock)`.as(
        'stepped_at',
      ),
    )
    .select([
      'health.clock_source',
      'health.clock_measured_at',
      'health.errors',
      'health.last_error',
      'health.last_error_at',
    ])
    .$if(filter.id !== undefined, (query) => query.where('camera.id', '=', filter.id ?? 0))
    .$if(filter.cameras !== undefined, (query) => query.where('camera.id', 'in', among(filter.cameras)))
    .$if(filter.state !== undefined, (query) =>
      query.where(sql<boolean>`coalesce(health.state, 'unknown') = ${filter.state}`),
    )
    .$if(filter.kind !== undefined, (query) => query.where('camera.kind', '=', filter.kind ?? 'fixed'))
    .$if(filter.search !== undefined && filter.search !== '', (query) =>
      query.where((eb) =>
        eb.or(
          (['name', 'place', 'key', 'location_code'] as const).map((column) => eb(`camera.${column}`, 'ilike', part)),
        ),
      ),
    )
    .$if(afterId !== undefined, (query) => query.where('camera.id', '>', afterId ?? 0))
    .orderBy('camera.id')
    .limit(rows)
    .execute();
  return found.map((row) => ({
    id: row.id,
    key: row.key,
    name: row.name,
    place: row.place,
    kind: row.kind,
    enabled: row.enabled,
    clock: clockOf(row, clocks),
    location: {
      ...{ locationCode: row.location_code, latitudeDeg: row.latitude_deg, longitudeDeg: row.longitude_deg },
      mountingHeightM: row.mounting_height_m,
    },
    hasOnvif: row.has_onvif,
    health: {
      state: row.state ?? 'unknown',
      since: (row.since ?? row.created_at).toISOString(),
      reason: row.reason,
      lastFrameAt: iso(row.last_frame_at),
      codec: row.codec,
      widthPx: row.width_px,
      heightPx: row.height_px,
      clockOffsetMs: row.clock_offset_ms,
      clockMeasuredAt: iso(row.clock_measured_at),
      errors: row.errors ?? 0,
      lastError: row.last_error,
      lastErrorAt: iso(row.last_error_at),
    },
  }));
}

/** @throws `web.missing` */
export async function readCamera(
  db: Db,
  id: number,
  clocks: { readonly rules: ClockRules; readonly nowMs: number },
): Promise<Camera> {
  const [camera] = await listCameras(db, { id }, undefined, 1, clocks);
  if (!camera) throw new SentinelError('web.missing', { what: 'camera', id });
  return camera;
}

function clockOf(
  row: {
    clock_offset_ms: number | null;
    clock_measured_at: Date | null;
    clock_source: ClockSource | null;
    stepped_at: Date | null;
  },
  { rules, nowMs }: { readonly rules: ClockRules; readonly nowMs: number },
): CameraClock {
  const { clock_offset_ms: offsetMs, clock_measured_at: at } = row;
  const measured = offsetMs === null || at === null ? undefined : { offsetMs, measuredAtMs: at.getTime() };
  return {
    ...{ offsetMs, measuredAt: iso(at), source: row.clock_source, limitMs: rules.limitMs },
    state: judgeClock(measured, rules, nowMs, row.stepped_at?.getTime()),
  };
}

// --- views -----------------------------------------------------------------------------------------------------------

export async function listViews(
  db: Db,
  filter: { cameraId?: number; state?: ViewState; notJudged?: boolean; cameras?: readonly number[] | undefined },
  afterId: number | undefined,
  rows: number,
  defaults: ViewDefaults,
): Promise<View[]> {
  const found = await viewQuery(db)
    .$if(filter.cameraId !== undefined, (query) => query.where('view.camera_id', '=', filter.cameraId ?? 0))
    .$if(filter.cameras !== undefined, (query) => query.where('view.camera_id', 'in', among(filter.cameras)))
    .$if(filter.state !== undefined, (query) => query.where('view.state', '=', filter.state ?? 'watching'))
    .$if(filter.notJudged !== undefined, (query) =>
      query.where('view.not_judged_reason', filter.notJudged ? 'is not' : 'is', null),
    )
    .$if(afterId !== undefined, (query) => query.where('view.id', '>', afterId ?? 0))
    .orderBy('view.id')
    .limit(rows)
    .execute();
  return found.map((row) => viewOf(row, defaults));
}

/** @throws `web.missing` */
export async function readView(db: Db, id: number, defaults: ViewDefaults): Promise<ViewDetail> {
  const [row, masks, baselines] = await Promise.all([
    viewQuery(db)
      .select([...(['view.min_score', 'view.calibrated_score', 'view.calibration', 'view.persistence_rule'] as const)])
      .where('view.id', '=', id)
      .executeTakeFirst(),
    db
      .selectFrom('mask')
      .select(['id', 'kind', 'name', 'polygon', 'persistence_rule'])
      .where('view_id', '=', id)
      .orderBy('id')
      .execute(),
    baselineQuery(db)
      .where('baseline.view_id', '=', id)
      .where('baseline.state', '!=', 'removed')
      .orderBy('baseline.captured_at', 'desc')
      .limit(500)
      .execute(),
  ]);
  if (!row) throw new SentinelError('web.missing', { what: 'view', id });
  return {
    ...viewOf(row, defaults),
    minScore: row.min_score,
    threshold: thresholdOf(row),
    persistenceRule: row.persistence_rule ?? defaults.persistenceRule,
    masks: masks.map(maskOf),
    baselineList: baselines.map(baselineOf),
  };
}

function thresholdOf(row: {
  min_score: number | null;
  calibrated_score: number | null;
  calibration: StoredCalibration | null;
}): ViewDetail['threshold'] {
  const { min_score: set, calibrated_score: own, calibration } = row;
  const modelScore = calibration?.modelScore ?? null;
  const pictures = calibration?.pictures ?? [];
  return {
    score: set ?? own ?? modelScore,
    source: set !== null ? 'person' : own !== null ? 'pictures' : 'model',
    modelScore,
    pictures: pictures.length,
    highestPicture: pictures.length === 0 ? null : Math.max(...pictures.map(({ score }) => score)),
    looks: calibration?.looks ?? 0,
    highestLook: calibration?.highestLook ?? null,
    reckonedAt: calibration?.at ?? null,
  };
}

/** @throws `web.missing` */
export async function readBaseline(db: Db, id: number): Promise<Baseline> {
  const row = await baselineQuery(db).where('baseline.id', '=', id).executeTakeFirst();
  if (!row) throw new SentinelError('web.missing', { what: 'baseline', id });
  return baselineOf(row);
}

export function maskOf(row: StoredMask): Mask {
  return {
    id: row.id,
    kind: row.kind,
    name: row.name,
    polygon: row.polygon.map(([x, y]) => [x, y]),
    persistenceRule: row.persistence_rule,
  };
}

function baselineQuery(db: Db) {
  return db
    .selectFrom('baseline')
    .leftJoin('app_user', 'app_user.id', 'baseline.decided_by')
    .select(['baseline.id', 'baseline.captured_at', 'baseline.lighting', 'baseline.state', 'baseline.origin'])
    .select(['baseline.polygon', 'baseline.picture_sha256', 'baseline.decided_at'])
    .select(['app_user.name', 'app_user.display_name']);
}

function baselineOf(row: Awaited<ReturnType<ReturnType<typeof baselineQuery>['executeTakeFirstOrThrow']>>): Baseline {
  return {
    id: row.id,
    capturedAt: row.captured_at.toISOString(),
    lighting: row.lighting,
    state: row.state,
    origin: row.origin,
    polygon: row.polygon && row.polygon.map(([x, y]) => [x, y]),
    decidedBy: row.display_name || row.name,
    decidedAt: iso(row.decided_at),
    pictureUrl: pictureUrl(`/api/v1/baselines/${row.id}/picture.jpg`, row.picture_sha256),
  };
}

function viewQuery(db: Db) {
  return db
    .selectFrom('view')
    .innerJoin('camera', 'camera.id', 'view.camera_id')
    .innerJoin('estate', 'estate.id', 'camera.estate_id')
    .leftJoin('camera_health as health', 'health.camera_id', 'camera.id')
    .innerJoinLateral(
      (eb) =>
        eb
          .selectFrom('baseline')
          .select([
            sql<number>`count(*) filter (where baseline.state = 'accepted')`.as('accepted'),
            sql<number>`count(*) filter (where baseline.state = 'proposed')`.as('proposed'),
          ])
          .whereRef('baseline.view_id', '=', 'view.id')
          .as('pictures'),
      (join) => join.onTrue(),
    )
    .innerJoinLateral(
      (eb) =>
        eb
          .selectFrom('candidate')
          .select((one) => one.fn.countAll<number>().as('open'))
          .whereRef('candidate.view_id', '=', 'view.id')
          .where('candidate.state', '=', 'open')
          .as('items'),
      (join) => join.onTrue(),
    )
    .leftJoinLateral(
      (eb) =>
        eb
          .selectFrom('look')
          .select('look.picture_sha256')
          .whereRef('look.view_id', '=', 'view.id')
          .where('look.picture_sha256', 'is not', null)
          .orderBy('look.id', 'desc')
          .limit(1)
          .as('newest'),
      (join) => join.onTrue(),
    )
    .select(['view.id', 'view.key', 'view.name', 'view.state', 'view.cadence_s', 'view.learning_since'])
    .select(['view.last_look_at', 'view.last_judged_at', 'view.not_judged_reason', 'view.not_judged_since'])
    .select(['camera.id as camera_id', 'camera.key as camera_key', 'camera.name as camera_name'])
    .select(['camera.place as camera_place', 'health.state as camera_state', 'estate.simulated'])
    .select(['pictures.accepted', 'pictures.proposed', 'items.open', 'newest.picture_sha256']);
}

type ViewRow = Awaited<ReturnType<ReturnType<typeof viewQuery>['executeTakeFirstOrThrow']>>;

function viewOf(row: ViewRow, defaults: ViewDefaults): View {
  const learnS = row.simulated ? defaults.simulatedLearnS : defaults.learnS;
  return {
    id: row.id,
    camera: {
      id: row.camera_id,
      key: row.camera_key,
      name: row.camera_name,
      place: row.camera_place,
      state: row.camera_state ?? 'unknown',
    },
    key: row.key,
    name: row.name,
    state: row.state,
    cadenceS: row.cadence_s ?? defaults.cadenceS,
    lastLookAt: iso(row.last_look_at),
    lastJudgedAt: iso(row.last_judged_at),
    notJudged:
      row.not_judged_reason !== null
        ? {
            reason: row.not_judged_reason,
            since: (row.not_judged_since ?? row.last_look_at ?? row.learning_since).toISOString(),
          }
        : null,
    pictureUrl:
      row.picture_sha256 === null ? null : pictureUrl(`/api/v1/views/${row.id}/picture.jpg`, row.picture_sha256),
    baselines: { accepted: row.accepted, proposed: row.proposed },
    learning:
      row.state === 'learning'
        ? {
            since: row.learning_since.toISOString(),
            until: new Date(row.learning_since.getTime() + learnS * 1000).toISOString(),
            pictures: row.proposed,
          }
        : null,
    openCandidates: row.open,
  };
}

// --- looks and pictures ----------------------------------------------------------------------------------------------

/** Newest first, ids below `beforeId`. */
export async function listLooks(
  db: Db,
  viewId: number,
  filter: { result?: LookResult },
  beforeId: number | undefined,
  rows: number,
): Promise<Look[]> {
  const found = await db
    .selectFrom('look')
    .selectAll()
    .where('view_id', '=', viewId)
    .$if(filter.result !== undefined, (query) => query.where('result', '=', filter.result ?? 'changed'))
    .$if(beforeId !== undefined, (query) => query.where('id', '<', beforeId ?? 0))
    .orderBy('id', 'desc')
    .limit(rows)
    .execute();
  return found.map((row) => ({
    id: row.id,
    capturedAt: row.captured_at.toISOString(),
    result: row.result,
    reason: row.reason,
    stage: row.stage,
    gateScore: row.gate_score,
    maxScore: row.max_score,
    regions: (row.regions ?? []).map((region) => ({
      score: region.score,
      box: [...region.box],
      polygon: region.polygon.map(([x, y]) => [x, y]),
      areaFraction: region.areaFraction,
    })),
    pose:
      row.pose_dx_px !== null && row.pose_dy_px !== null
        ? { dxPx: row.pose_dx_px, dyPx: row.pose_dy_px, residualPx: row.pose_residual_px }
        : null,
    lighting: row.lighting,
    pictureUrl:
      row.picture_sha256 === null
        ? null
        : pictureUrl(`/api/v1/views/${viewId}/looks/${row.id}/picture.jpg`, row.picture_sha256),
    compareMs: row.compare_ms,
  }));
}

/** @throws `web.missing` */
export async function requireView(db: Db, id: number): Promise<void> {
  const row = await db.selectFrom('view').select('id').where('id', '=', id).executeTakeFirst();
  if (!row) throw new SentinelError('web.missing', { what: 'view', id });
}

/** Digest of the newest kept picture of a view. Throws `web.missing`. */
export async function findViewPicture(db: Db, viewId: number): Promise<string> {
  const row = await db
    .selectFrom('look')
    .select('picture_sha256')
    .where('view_id', '=', viewId)
    .where('picture_sha256', 'is not', null)
    .orderBy('id', 'desc')
    .limit(1)
    .executeTakeFirst();
  if (!row?.picture_sha256) throw new SentinelError('web.missing', { what: 'picture of view', id: viewId });
  return row.picture_sha256;
}

/** Digest of a look's picture. Throws `web.missing`. */
export async function findLookPicture(db: Db, viewId: number, lookId: number): Promise<string> {
  const row = await db
    .selectFrom('look')
    .select('picture_sha256')
    .where('id', '=', lookId)
    .where('view_id', '=', viewId)
    .executeTakeFirst();
  if (!row?.picture_sha256) throw new SentinelError('web.missing', { what: 'picture of look', id: lookId });
  return row.picture_sha256;
}

/** A baseline's picture, and the view it is of. Throws `web.missing`. */
export async function findBaselinePicture(db: Db, baselineId: number): Promise<{ sha256: string; viewId: number }> {
  const row = await db
    .selectFrom('baseline')
    .select(['picture_sha256', 'view_id'])
    .where('id', '=', baselineId)
    .executeTakeFirst();
  if (!row) throw new SentinelError('web.missing', { what: 'baseline', id: baselineId });
  return { sha256: row.picture_sha256, viewId: row.view_id };
}
