/** Screens of the wall: what each shows, what it says of itself, and assigning it from the console. */
import { Type } from 'typebox';
import { LIMITS } from '../../base/limits.ts';
import { automaticTurn, readTiles, takeoverPlace, type StoredTile } from '../../wall/wall.ts';
import {
  ReportAnswer,
  ReportBody,
  Screen,
  ScreenBody,
  ScreenList,
  ScreenNumber,
  ScreenParams,
  ShownScreen,
  TileList,
  WallFigures,
  type Tile,
} from '../contract.ts';
import { signedIn } from '../guard.ts';
import { prolongMachine } from '../pairing-store.ts';
import {
  assignedScreens,
  assignScreen,
  camerasInTurn,
  forgetReports,
  identifyScreens,
  listScreens,
  recordReport,
  wallFigures,
} from '../screen-store.ts';
import { answers, type Server, type ViewDefaults, type WebParts } from '../server.ts';
import { camerasSeenBy } from '../unit-store.ts';

const TAGS = ['wall'];
/** Figures change slowly; twenty screens share what was counted this lately. */
const FIGURES_SHARED_MS = 5_000;

export function screenRoutes(server: Server, parts: WebParts): void {
  const { db, clock, cookie, viewDefaults, wishForStills } = parts;
  const nowIso = (): string => new Date(clock.nowMs()).toISOString();

  server.get(
    '/api/v1/screens',
    {
      config: { permission: 'screens.read' },
      schema: { tags: TAGS, summary: 'Every screen, and the pages that show it', response: answers(ScreenList) },
    },
    async () => {
      await forgetReports(db, clock.nowMs());
      return { items: await listScreens(db, clock.nowMs()), serverTime: nowIso() };
    },
  );

  server.put(
    '/api/v1/screens/:number',
    {
      config: { permission: 'screens.assign' },
      schema: {
        tags: TAGS,
        summary: 'Assign what a screen shows; it changes at once',
        params: ScreenParams,
        body: ScreenBody,
        response: answers(Screen),
      },
    },
    async (request) => {
      const { number } = request.params;
      await assignScreen(db, number, request.body, signedIn(request).userId, clock.nowMs());
      const screens = await listScreens(db, clock.nowMs());
      return screens[number - 1];
    },
  );

  server.post(
    '/api/v1/screens/identify',
    {
      config: { permission: 'screens.assign' },
      schema: {
        tags: TAGS,
        summary: 'Let screens show their numbers for a moment',
        body: Type.Object({ number: Type.Optional(ScreenNumber) }, { additionalProperties: false }),
        response: { ...answers(Type.Null()), 204: Type.Null() },
      },
    },
    async (request, reply) => {
      await identifyScreens(db, request.body.number, clock.nowMs());
      return reply.status(204).send(null);
    },
  );

  server.get(
    '/api/v1/screens/:number',
    {
      config: { permission: 'screens.show' },
      schema: { tags: TAGS, summary: 'What a screen is to show', params: ScreenParams, response: answers(ShownScreen) },
    },
    async ({ params: { number } }) => {
      const { screen, all } = await assignedScreens(db, number, clock.nowMs());
      const { name, layout, version } = screen;
      return { number, name, layout, version, takeoverPlace: takeoverPlace(all, number) ?? null, serverTime: nowIso() };
    },
  );

  server.get(
    '/api/v1/screens/:number/tiles',
    {
      config: { permission: 'screens.show' },
      schema: {
        tags: TAGS,
        summary: 'The cameras of a screen’s grid at this moment, with their stills and how old they are',
        params: ScreenParams,
        response: answers(TileList),
      },
    },
    async (request) => {
      const { number } = request.params;
      const nowMs = clock.nowMs();
      const { screen, all } = await assignedScreens(db, number, nowMs);
      const { panel } = screen.layout;
      if (panel.kind !== 'cameras') return { tiles: [], turn: null, serverTime: nowIso() };
      const seen = await camerasSeenBy(db, signedIn(request));
      const turn =
        panel.cameraIds === null ? automaticTurn(await camerasInTurn(db, seen), all, number, nowMs) : undefined;
      const wanted = turn?.cameraIds ?? panel.cameraIds ?? [];
      const cameraIds = wanted.filter((id) => seen?.includes(id) ?? true).slice(0, LIMITS.tilesPerScreen);
      await wishForStills(cameraIds);
      const tiles = await readTiles(db, cameraIds);
      return {
        tiles: tiles.map((tile) => tileOf(tile, viewDefaults)),
        turn: turn
          ? {
              ...{ turn: turn.turn, of: turn.of },
              until: turn.untilMs === null ? null : new Date(turn.untilMs).toISOString(),
            }
          : null,
        serverTime: nowIso(),
      };
    },
  );

  server.post(
    '/api/v1/screens/:number/report',
    {
      config: { permission: 'screens.show' },
      schema: {
        tags: TAGS,
        summary: 'What a page that shows the screen says of itself; answers the version it should show',
        params: ScreenParams,
        body: ReportBody,
        response: answers(ReportAnswer),
      },
    },
    async (request, reply) => {
      const account = signedIn(request);
      const version = await recordReport(db, request.params.number, request.body, account, clock.nowMs());
      const { machineId, sessionKey } = account;
      if (machineId !== undefined && sessionKey !== undefined) {
        const expiresAtMs = await prolongMachine(db, machineId, sessionKey, clock.nowMs());
        const value = request.cookies[cookie.name];
        if (expiresAtMs !== undefined && value !== undefined) cookie.set(reply, value, expiresAtMs);
      }
      return { version, serverTime: nowIso() };
    },
  );

  let figures: { readonly madeAtMs: number; readonly answer: Promise<WallFigures> } | undefined;
  server.get(
    '/api/v1/wall/figures',
    {
      config: { permission: 'screens.show' },
      schema: { tags: TAGS, summary: 'Counts of the estate for a screen', response: answers(WallFigures) },
    },
    async () => {
      const nowMs = clock.monotonicMs();
      if (!figures || nowMs - figures.madeAtMs >= FIGURES_SHARED_MS) {
        figures = { madeAtMs: nowMs, answer: wallFigures(db, clock.nowMs()) };
        figures.answer.catch(() => (figures = undefined));
      }
      return { ...(await figures.answer), serverTime: nowIso() };
    },
  );
}

function tileOf(row: StoredTile, defaults: ViewDefaults): Tile {
  const cadenceS = row.cadence_s ?? defaults.cadenceS;
  const floorS = row.kind === 'ptz' ? LIMITS.domeStillOldAfterS : LIMITS.stillOldAfterS;
  const view =
    row.view_id === null || row.view_state === null
      ? null
      : {
          ...{ id: row.view_id, name: row.view_name ?? '', state: row.view_state },
          notJudged:
            row.not_judged_reason === null
              ? null
              : {
                  reason: row.not_judged_reason,
                  since: (row.not_judged_since ?? row.captured_at ?? row.created_at).toISOString(),
                },
        };
  return {
    ...{ cameraId: row.camera_id, name: row.name, place: row.place, kind: row.kind, enabled: row.enabled },
    state: row.state ?? 'unknown',
    since: (row.since ?? row.created_at).toISOString(),
    reason: row.reason,
    view,
    capturedAt: row.captured_at?.toISOString() ?? null,
    stillUrl:
      row.captured_at === null ? null : `/api/v1/cameras/${row.camera_id}/still.jpg?v=${row.captured_at.getTime()}`,
    oldAfterS: Math.max(3 * cadenceS, floorS),
    masked: row.masked,
    alertAt: row.alert_at?.toISOString() ?? null,
  };
}
