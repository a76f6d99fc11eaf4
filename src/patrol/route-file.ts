/**
 * Routes as a file. A camera is named by its key, a route by its name: importing a file twice changes nothing, and routes
 * that it does not list are left alone. Each route goes in or is refused by itself, with its line and a plain reason.
 */
import { Ajv, type ErrorObject } from 'ajv';
import { Type, type Static } from 'typebox';
import { isMap, isNode, isSeq, LineCounter, parseDocument, stringify } from 'yaml';
import { problemOf, SentinelError } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import type { Db } from '../drivers/postgres/postgres.ts';
import { readDrawn, RouteInvalid, saveRoute, type DrawnRoute } from './route-store.ts';
import { problemsText, type Language } from './route-words.ts';

const DAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const;

const closed = { additionalProperties: false };
const fraction = Type.Number({ minimum: 0, maximum: 1 });
const signed = Type.Number({ minimum: -1, maximum: 1 });
const FileRoute = Type.Object(
  {
    camera: Type.String({ minLength: 1, maxLength: 100 }),
    name: Type.String({ minLength: 1, maxLength: 100 }),
    enabled: Type.Boolean({ default: true }),
    priority: Type.Integer({ minimum: 0, maximum: 100, default: 0 }),
    random_order: Type.Boolean({ default: false }),
    time_zone: Type.Optional(Type.String({ maxLength: 64 })),
    windows: Type.Array(
      Type.Object(
        {
          days: Type.Array(Type.Enum([...DAYS]), { minItems: 1, maxItems: 7 }),
          from: Type.String({ pattern: '^([01]\\d|2[0-3]):[0-5]\\d$' }),
          to: Type.String({ pattern: '^(([01]\\d|2[0-3]):[0-5]\\d|24:00)$' }),
        },
        closed,
      ),
      { maxItems: LIMITS.windowsPerRoute, default: [] },
    ),
    stops: Type.Array(
      Type.Object(
        {
          name: Type.String({ maxLength: 100, default: '' }),
          preset: Type.Optional(Type.String({ minLength: 1, maxLength: 64 })),
          position: Type.Optional(Type.Object({ pan: signed, tilt: signed, zoom: fraction }, closed)),
          dwell_s: Type.Number({ minimum: 0, maximum: 3600 }),
          speed: Type.Optional(Type.Number({ minimum: 0.01, maximum: 1 })),
          zoom: Type.Optional(fraction),
          judged: Type.Boolean({ default: true }),
          min_score: Type.Optional(fraction),
          persistence: Type.Optional(
            Type.Object(
              {
                found: Type.Integer({ minimum: 1, maximum: 100 }),
                of: Type.Integer({ minimum: 1, maximum: 100 }),
                span_s: Type.Number({ minimum: 0, maximum: 604_800 }),
              },
              closed,
            ),
          ),
        },
        closed,
      ),
      { maxItems: LIMITS.stopsPerRoute },
    ),
  },
  closed,
);
type FileRoute = Static<typeof FileRoute>;

const validate = new Ajv({ useDefaults: true, allErrors: false, strict: false }).compile(FileRoute);

function isRoute(value: unknown): value is FileRoute {
  return validate(value);
}

/** The same shape as the HTTP contract's. */
export interface RouteImportReport {
  dryRun: boolean;
  added: number;
  changed: number;
  unchanged: number;
  refused: number;
  routes: { line: number; name: string; outcome: 'added' | 'changed' | 'unchanged' | 'refused'; detail: string }[];
}

export interface RouteImport {
  readonly db: Db;
  readonly text: string;
  readonly dryRun: boolean;
  readonly language: Language;
  /** Cameras of this estate alone; absent: of any. */
  readonly estateId?: number;
  /** Of these cameras alone; absent: of any. */
  readonly cameras?: readonly number[] | undefined;
  /** Null: the installation itself. */
  readonly userId: number | null;
  readonly nowMs: number;
}

const WORDS = {
  camera: { en: 'there is no camera with the key "{0}"', zh: '没有编号为“{0}”的摄像机' },
  again: { en: 'the camera has a route of this name further up', zh: '该摄像机的同名路线在前面已出现' },
} as const;

/** @throws `patrol.route_file` for a file that cannot be read as a whole */
export async function importRoutes(options: RouteImport): Promise<RouteImportReport> {
  const { db, dryRun, language, estateId, userId, nowMs } = options;
  const report: RouteImportReport = { dryRun, added: 0, changed: 0, unchanged: 0, refused: 0, routes: [] };
  const cameras = await db
    .selectFrom('camera')
    .select(['id', 'key'])
    .$if(estateId !== undefined, (query) => query.where('estate_id', '=', estateId ?? 0))
    .orderBy('id')
    .execute();
  const seen = new Set<string>();
  const takenBack = new Error('dry run');
  // One transaction a route: a wrong one does not take the others with it.
  for (const { line, value } of readFile(options.text)) {
    const note = (name: string, outcome: RouteImportReport['routes'][number]['outcome'], detail = ''): void => {
      report[outcome]++;
      report.routes.push({ line, name, outcome, detail });
    };
    const name = nameOf(value);
    if (!isRoute(value)) {
      note(name, 'refused', errorText(validate.errors?.[0]));
      continue;
    }
    const camera = cameras.find(({ id, key }) => key === value.camera && (options.cameras?.includes(id) ?? true));
    const place = `${value.camera} ${value.name}`;
    if (!camera || seen.has(place)) {
      note(name, 'refused', WORDS[camera ? 'again' : 'camera'][language].replace('{0}', value.camera));
      continue;
    }
    seen.add(place);
    const drawn = drawnOf(value, camera.id);
    try {
      const standing = (await readDrawn(db, { cameraId: camera.id })).find(({ route }) => route.name === drawn.name);
      if (standing && isSame(standing.route, drawn)) {
        note(name, 'unchanged');
        continue;
      }
      await db.transaction().execute(async (trx) => {
        await saveRoute(trx, drawn, standing && { id: standing.id, version: undefined }, userId, nowMs);
        if (dryRun) throw takenBack;
      });
      note(name, standing ? 'changed' : 'added');
    } catch (thrown) {
      if (thrown === takenBack) {
        const standing = (await readDrawn(db, { cameraId: camera.id })).some(({ route }) => route.name === drawn.name);
        note(name, standing ? 'changed' : 'added');
      } else if (thrown instanceof RouteInvalid) {
        note(name, 'refused', problemsText(thrown.problems, language, thrown.timeZone));
      } else if (thrown instanceof SentinelError) note(name, 'refused', thrown.messageIn(language));
      else throw thrown;
    }
  }
  return report;
}

/** The routes of a camera, or of all, as a file that {@link importRoutes} takes. */
export async function exportRoutes(
  db: Db,
  filter: { cameraId?: number; cameras?: readonly number[] | undefined },
): Promise<string> {
  const { cameras } = filter;
  const drawn = (await readDrawn(db, filter)).filter(({ route }) => cameras?.includes(route.cameraId) ?? true);
  return stringify({ routes: drawn.map(({ cameraKey, route }) => fileOf(cameraKey, route)) }, { lineWidth: 0 });
}

function readFile(text: string): { line: number; value: unknown }[] {
  const fail = (problem: string, cause?: unknown): never => {
    throw new SentinelError('patrol.route_file', { problem }, { cause });
  };
  if (Buffer.byteLength(text) > LIMITS.routeFileBytes) fail(`it is larger than ${LIMITS.routeFileBytes} bytes`);
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const [broken] = document.errors;
  if (broken) return fail(`line ${lines.linePos(broken.pos[0]).line}: ${broken.message}`, broken);
  const list = isMap(document.contents) ? document.contents.get('routes', true) : undefined;
  if (!isSeq(list)) return fail('it must hold a list "routes:"');
  if (list.items.length > LIMITS.routesPerFile) fail(`it lists more than ${LIMITS.routesPerFile} routes`);
  try {
    return list.items.map((item) => ({
      line: lines.linePos(isNode(item) ? (item.range?.[0] ?? 0) : 0).line,
      value: (isNode(item) ? item.toJS(document, { maxAliasCount: 20 }) : item) as unknown,
    }));
  } catch (thrown) {
    return fail(problemOf(thrown), thrown);
  }
}

function nameOf(value: unknown): string {
  const name = typeof value === 'object' && value !== null ? (value as { name?: unknown }).name : undefined;
  return typeof name === 'string' ? name.slice(0, 100) : '';
}

function errorText(error: ErrorObject | undefined): string {
  const path = (error?.instancePath ?? '').split('/').slice(1).join('.');
  const unknown: unknown = error?.params['additionalProperty'];
  return `${path} ${error?.message ?? 'is invalid'}${typeof unknown === 'string' ? ` ("${unknown}")` : ''}`.trim();
}

function drawnOf(file: FileRoute, cameraId: number): DrawnRoute {
  return {
    ...{ cameraId, name: file.name, enabled: file.enabled, priority: file.priority },
    ...{ randomOrder: file.random_order, timeZone: file.time_zone ?? null },
    windows: file.windows.map(({ days, from, to }) => ({
      days: [...new Set(days.map((day) => DAYS.indexOf(day) + 1))].sort((a, b) => a - b),
      ...{ from, to },
    })),
    stops: file.stops.map((stop) => ({
      ...{ name: stop.name, preset: stop.preset ?? null, position: stop.position ?? null, dwellS: stop.dwell_s },
      ...{ speed: stop.speed ?? null, zoom: stop.zoom ?? null },
      watch: {
        judged: stop.judged,
        minScore: stop.min_score ?? null,
        persistenceRule: stop.persistence
          ? { found: stop.persistence.found, of: stop.persistence.of, spanS: stop.persistence.span_s }
          : null,
      },
    })),
  };
}

function fileOf(camera: string, route: DrawnRoute): Record<string, unknown> {
  const given = <T>(name: string, value: T | null | undefined): Record<string, T> =>
    value === null || value === undefined ? {} : { [name]: value };
  return {
    ...{ camera, name: route.name, enabled: route.enabled, priority: route.priority, random_order: route.randomOrder },
    ...given('time_zone', route.timeZone),
    windows: route.windows.map(({ days, from, to }) => ({ days: days.map((day) => DAYS[day - 1]), from, to })),
    stops: route.stops.map(({ name, preset, position, dwellS, speed, zoom, watch }) => ({
      ...(name !== '' && { name }),
      ...given('preset', preset),
      ...given('position', position && { pan: position.pan, tilt: position.tilt, zoom: position.zoom }),
      dwell_s: rounded(dwellS),
      ...given('speed', speed === null ? null : rounded(speed)),
      ...given('zoom', zoom === null ? null : rounded(zoom)),
      ...(watch && !watch.judged && { judged: false }),
      ...given('min_score', typeof watch?.minScore === 'number' ? rounded(watch.minScore) : null),
      ...given(
        'persistence',
        watch?.persistenceRule && {
          ...{ found: watch.persistenceRule.found, of: watch.persistenceRule.of, span_s: watch.persistenceRule.spanS },
        },
      ),
    })),
  };
}

/** The database keeps single precision, which shows as 0.30000001192092896. */
function rounded(value: number): number {
  return Math.round(value * 1e6) / 1e6;
}

function isSame(a: DrawnRoute, b: DrawnRoute): boolean {
  return JSON.stringify(fileOf('', a)) === JSON.stringify(fileOf('', b));
}
