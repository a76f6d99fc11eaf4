/**
 * The one client of `/api/v1`. Answers are of the contract's types; whatever goes wrong is an {@link ApiProblem} with the
 * server's code and message, or one of our own codes where no answer came.
 */
import type { Static } from 'typebox';
import type {
  AccessBody,
  AcceptedBaselines,
  AreaPlacing,
  AuditEntry,
  AuditWords,
  Acknowledgement,
  AlertList,
  Baseline,
  Building,
  BuildingBody,
  Camera,
  CameraLocation,
  CameraPlacing,
  CamerasChange,
  CamerasChanged,
  Candidate,
  CandidateContext,
  CandidateDetail,
  Concealment,
  ConnectionReport,
  CurrentAccess,
  CustodyEntry,
  ErrorBody,
  EvidenceAccess,
  EvidenceHold,
  HoldBody,
  Household,
  HouseholdBody,
  HouseholdPage,
  ImportReport,
  EstateCoverage,
  KeptPicture,
  LeaseAnswer,
  LeaseBody,
  Look,
  MachineList,
  Mask,
  MaskBody,
  Me,
  MoveBody,
  NewToken,
  Notices,
  Package,
  PackageBody,
  PairedMachine,
  Pairing,
  PairingState,
  PullBody,
  Pulled,
  ReportAnswer,
  ReportBody,
  Role,
  Screen,
  ScreenBody,
  ScreenList,
  ShownScreen,
  Snapshot,
  StoreReport,
  SystemHealth,
  SnapshotDetail,
  OperatorTask,
  PatrolRoute,
  Plan,
  PlanChange,
  PlanDetail,
  PatrolRouteBody,
  PresetList,
  RouteCheck,
  RouteCoverage,
  RouteImportReport,
  TestRun,
  TileList,
  Token,
  Turret,
  TurretChange,
  TurretLogEntry,
  Unit,
  UnitBody,
  User,
  UserBody,
  UserChange,
  VerdictKind,
  View,
  ViewChange,
  ViewDetail,
  ViewDrill,
  WallFigures,
} from '../web/contract.ts';
import { currentLanguage } from './i18n.ts';
import { session } from './session.ts';

export interface Page<T> {
  items: T[];
  next: string | null;
}

export type Query = Readonly<Record<string, string | number | boolean | undefined>>;

const ROOT = '/api/v1';
const ANSWER_WITHIN_MS = 30_000;

/** Codes of our own: `ui.offline` no answer came, `ui.timeout` none in time, `ui.unclear` not one we can read. */
export class ApiProblem extends Error {
  readonly status: number;
  readonly code: string;
  readonly details: Readonly<Record<string, unknown>>;

  constructor(status: number, code: string, message: string, details: Record<string, unknown> = {}) {
    super(message);
    this.name = 'ApiProblem';
    this.status = status;
    this.code = code;
    this.details = details;
  }
}

export function asProblem(thrown: unknown): ApiProblem {
  return thrown instanceof ApiProblem ? thrown : new ApiProblem(0, 'ui.unclear', String(thrown));
}

interface Call {
  query?: Query;
  body?: unknown;
  signal?: AbortSignal;
}

/** A body that is sent as it is written. */
class Yaml {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/** An address under `/api/v1` for a link that the browser itself follows. */
export function linkTo(path: string, query: Query = {}): string {
  return address(path, query);
}

async function call<T>(method: string, path: string, { query = {}, body, signal }: Call = {}): Promise<T> {
  const headers: Record<string, string> = { Accept: 'application/json', 'Accept-Language': currentLanguage() };
  const init: RequestInit = { method, headers, credentials: 'same-origin' };
  if (body instanceof FormData) init.body = body;
  else if (body instanceof Yaml) {
    headers['Content-Type'] = 'application/yaml';
    init.body = body.text;
  } else if (body !== undefined) {
    headers['Content-Type'] = 'application/json';
    init.body = JSON.stringify(body);
  }
  const late = AbortSignal.timeout(ANSWER_WITHIN_MS);
  init.signal = signal ? AbortSignal.any([signal, late]) : late;

  let response: Response;
  let text: string;
  try {
    response = await fetch(address(path, query), init);
    text = await response.text();
  } catch (thrown) {
    if (signal?.aborted) throw thrown;
    throw late.aborted ? new ApiProblem(0, 'ui.timeout', 'timeout') : new ApiProblem(0, 'ui.offline', String(thrown));
  }
  const answer = parsed(text);
  if (response.ok) return answer as T;
  if (response.status === 401 && path !== '/session') session.me = null;
  if (response.status === 423 && session.me) session.me.isLocked = true;
  const error = (answer as Partial<ErrorBody> | undefined)?.error;
  throw error
    ? new ApiProblem(response.status, error.code, error.message, error.details)
    : new ApiProblem(response.status, 'ui.unclear', `HTTP ${response.status}`);
}

function address(path: string, query: Query): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined && value !== '') search.set(name, String(value));
  }
  return ROOT + path + (search.size > 0 ? `?${search}` : '');
}

function formOf(file: File): FormData {
  const form = new FormData();
  form.append('file', file);
  return form;
}

function parsed(text: string): unknown {
  try {
    return text === '' ? undefined : JSON.parse(text);
  } catch {
    return undefined;
  }
}

export const api = {
  signIn: (name: string, password: string) => call<Me>('POST', '/session', { body: { name, password } }),
  signOut: () => call<undefined>('DELETE', '/session'),
  touch: () => call<undefined>('POST', '/session/activity', { body: {} }),
  lock: () => call<undefined>('POST', '/session/lock', { body: {} }),
  unlock: (password: string) => call<Me>('POST', '/session/unlock', { body: { password } }),
  me: () => call<Me>('GET', '/me'),
  changePassword: (current: string, next: string) =>
    call<undefined>('POST', '/me/password', { body: { current, next } }),

  candidates: (query: Query, signal?: AbortSignal) =>
    call<Page<Candidate>>('GET', '/candidates', signal ? { query, signal } : { query }),
  candidateContext: (id: number) => call<CandidateContext>('GET', `/candidates/${id}/context`),
  markSeen: (id: number, isSeen: boolean) =>
    call<CandidateDetail>(isSeen ? 'PUT' : 'DELETE', `/candidates/${id}/seen`, isSeen ? { body: {} } : {}),
  candidate: (id: number, signal?: AbortSignal) =>
    call<CandidateDetail>('GET', `/candidates/${id}`, signal ? { signal } : {}),
  claim: (id: number) => call<CandidateDetail>('POST', `/candidates/${id}/claim`, { body: {} }),
  release: (id: number) => call<CandidateDetail>('POST', `/candidates/${id}/claim`, { body: { release: true } }),
  judge: (id: number, body: { verdict: VerdictKind; reason?: string; duplicateOf?: number; version: number }) =>
    call<CandidateDetail>('POST', `/candidates/${id}/verdict`, { body }),
  undo: (id: number) => call<CandidateDetail>('DELETE', `/candidates/${id}/verdict`),

  cameras: (query: Query) => call<Page<Camera>>('GET', '/cameras', { query }),
  camera: (id: number) => call<Camera>('GET', `/cameras/${id}`),
  importCameras: (file: File, dryRun: boolean) =>
    call<ImportReport>('POST', '/cameras/import', { query: { dryRun }, body: formOf(file) }),

  changeCameras: (body: CamerasChange) => call<CamerasChanged>('POST', '/cameras/change', { body }),
  setLocation: (id: number, body: CameraLocation) => call<Camera>('PUT', `/cameras/${id}/location`, { body }),
  testConnection: (id: number) => call<ConnectionReport>('POST', `/cameras/${id}/connection-test`, { body: {} }),

  views: (query: Query) => call<Page<View>>('GET', '/views', { query }),
  view: (id: number) => call<ViewDetail>('GET', `/views/${id}`),
  changeView: (id: number, body: Static<typeof ViewChange>) => call<ViewDetail>('PATCH', `/views/${id}`, { body }),
  relearn: (id: number) => call<ViewDetail>('POST', `/views/${id}/relearn`, { body: {} }),
  drill: (viewId: number) => call<ViewDrill>('GET', `/views/${viewId}/drill`),
  startDrill: (viewId: number) => call<ViewDrill>('POST', `/views/${viewId}/drill`, { body: {} }),
  cancelDrill: (viewId: number) => call<ViewDrill>('DELETE', `/views/${viewId}/drill`),
  looks: (id: number, query: Query) => call<Page<Look>>('GET', `/views/${id}/looks`, { query }),
  acceptBaselines: (viewIds?: number[]) =>
    call<Static<typeof AcceptedBaselines>>('POST', '/baselines/accept', { body: viewIds ? { viewIds } : {} }),
  removeBaseline: (id: number) => call<Baseline>('DELETE', `/baselines/${id}`),
  addMask: (viewId: number, body: Static<typeof MaskBody>) => call<Mask>('POST', `/views/${viewId}/masks`, { body }),
  changeMask: (viewId: number, id: number, body: Static<typeof MaskBody>) =>
    call<Mask>('PUT', `/views/${viewId}/masks/${id}`, { body }),
  removeMask: (viewId: number, id: number) => call<undefined>('DELETE', `/views/${viewId}/masks/${id}`),

  access: () => call<Static<typeof CurrentAccess>>('GET', '/evidence/accesses/current'),
  openAccess: (body: Static<typeof AccessBody>) => call<EvidenceAccess>('POST', '/evidence/accesses', { body }),
  snapshots: (query: Query, signal?: AbortSignal) =>
    call<Page<Snapshot>>('GET', '/evidence', signal ? { query, signal } : { query }),
  snapshot: (id: string, query: Query) => call<SnapshotDetail>('GET', `/evidence/${id}`, { query }),
  concealment: (id: string, sha256: string, query: Query) =>
    call<Concealment>('GET', `/evidence/${id}/files/${sha256}/concealment`, { query }),
  custodyOf: (id: string, query: Query) => call<Page<CustodyEntry>>('GET', `/evidence/${id}/custody`, { query }),
  custody: (query: Query) => call<Page<CustodyEntry>>('GET', '/evidence/custody', { query }),
  keptPictures: (viewId: number, query: Query) =>
    call<Page<KeptPicture>>('GET', `/evidence/views/${viewId}/kept`, { query }),
  pull: (body: Static<typeof PullBody>) => call<Static<typeof Pulled>>('POST', '/evidence/pulls', { body }),
  hold: (body: Static<typeof HoldBody>) => call<EvidenceHold>('POST', '/evidence/holds', { body }),
  releaseHold: (id: number, reason: string) =>
    call<EvidenceHold>('POST', `/evidence/holds/${id}/release`, { body: { reason } }),
  packages: (query: Query) => call<Page<Package>>('GET', '/evidence/packages', { query }),
  orderPackage: (body: PackageBody) => call<Package>('POST', '/evidence/packages', { body }),
  removePackage: (id: string) => call<undefined>('DELETE', `/evidence/packages/${id}`),

  turret: (cameraId: number) => call<Turret>('GET', `/cameras/${cameraId}/ptz`),
  changeTurret: (cameraId: number, body: Static<typeof TurretChange>) =>
    call<Turret>('PATCH', `/cameras/${cameraId}/ptz`, { body }),
  takeTurret: (cameraId: number, body: LeaseBody) =>
    call<LeaseAnswer>('POST', `/cameras/${cameraId}/ptz/lease`, { body }),
  releaseTurret: (cameraId: number) => call<LeaseAnswer>('DELETE', `/cameras/${cameraId}/ptz/lease`),
  move: (cameraId: number, body: MoveBody) => call<LeaseAnswer>('POST', `/cameras/${cameraId}/ptz/move`, { body }),
  stop: (cameraId: number) => call<LeaseAnswer>('POST', `/cameras/${cameraId}/ptz/stop`, { body: {} }),
  presets: (cameraId: number) => call<PresetList>('GET', `/cameras/${cameraId}/ptz/presets`),
  readPresets: (cameraId: number) => call<PresetList>('POST', `/cameras/${cameraId}/ptz/presets/read`, { body: {} }),
  addPreset: (cameraId: number, name: string) =>
    call<PresetList>('POST', `/cameras/${cameraId}/ptz/presets`, { body: { name } }),
  setPreset: (cameraId: number, token: string, name: string) =>
    call<PresetList>('PUT', `/cameras/${cameraId}/ptz/presets/${encodeURIComponent(token)}`, { body: { name } }),
  removePreset: (cameraId: number, token: string) =>
    call<PresetList>('DELETE', `/cameras/${cameraId}/ptz/presets/${encodeURIComponent(token)}`),
  turretLog: (cameraId: number, query: Query) =>
    call<Page<TurretLogEntry>>('GET', `/cameras/${cameraId}/ptz/log`, { query }),

  routes: (query: Query) => call<Page<PatrolRoute>>('GET', '/patrol-routes', { query }),
  addRoute: (body: PatrolRouteBody) => call<PatrolRoute>('POST', '/patrol-routes', { body }),
  changeRoute: (id: number, body: PatrolRouteBody) => call<PatrolRoute>('PUT', `/patrol-routes/${id}`, { body }),
  removeRoute: (id: number) => call<undefined>('DELETE', `/patrol-routes/${id}`),
  checkRoute: (body: PatrolRouteBody, id: number | undefined, signal: AbortSignal) =>
    call<RouteCheck>('POST', '/patrol-routes/check', { query: { id }, body, signal }),
  importRoutes: (yaml: string, dryRun: boolean) =>
    call<RouteImportReport>('POST', '/patrol-routes/import', { query: { dryRun }, body: new Yaml(yaml) }),
  testRoute: (id: number) => call<TestRun>('POST', `/patrol-routes/${id}/test`, { body: {} }),
  testRun: (id: number) => call<TestRun>('GET', `/patrol-routes/${id}/test`),
  cancelTest: (id: number) => call<TestRun>('DELETE', `/patrol-routes/${id}/test`),
  routeCoverage: (id: number, query: Query) => call<RouteCoverage>('GET', `/patrol-routes/${id}/coverage`, { query }),
  coverage: (query: Query) => call<EstateCoverage>('GET', '/coverage', { query }),
  tasks: (query: Query) => call<Page<OperatorTask>>('GET', '/tasks', { query }),
  closeTask: (id: number, note: string) => call<OperatorTask>('POST', `/tasks/${id}/close`, { body: { note } }),

  measureClock: (cameraId: number) => call<Camera>('POST', `/cameras/${cameraId}/clock/measurement`, { body: {} }),
  setClock: (cameraId: number, reason: string) =>
    call<Camera>('POST', `/cameras/${cameraId}/clock/setting`, { body: { reason } }),

  alerts: (after: number) => call<AlertList>('GET', '/alerts', { query: { after } }),
  acknowledge: (candidateId: number) =>
    call<Acknowledgement>('POST', `/candidates/${candidateId}/acknowledgement`, { body: {} }),
  undoAcknowledgement: (candidateId: number) => call<undefined>('DELETE', `/candidates/${candidateId}/acknowledgement`),
  screen: (number: number) => call<ShownScreen>('GET', `/screens/${number}`),
  screenTiles: (number: number) => call<TileList>('GET', `/screens/${number}/tiles`),
  reportScreen: (number: number, body: ReportBody) =>
    call<Static<typeof ReportAnswer>>('POST', `/screens/${number}/report`, { body }),
  wallFigures: () => call<WallFigures>('GET', '/wall/figures'),
  screens: () => call<Static<typeof ScreenList>>('GET', '/screens'),
  assignScreen: (number: number, body: Static<typeof ScreenBody>) =>
    call<Screen>('PUT', `/screens/${number}`, { body }),
  identifyScreens: (number?: number) =>
    call<undefined>('POST', '/screens/identify', { body: number === undefined ? {} : { number } }),
  beginPairing: (number: number) => call<Pairing>('POST', `/screens/${number}/pairing`, { body: {} }),
  claimPairing: (secret: string) => call<Static<typeof PairingState>>('POST', '/pairings/claim', { body: { secret } }),
  machines: () => call<Static<typeof MachineList>>('GET', '/machines'),
  pairMachine: (code: string, name: string) =>
    call<Static<typeof PairedMachine>>('POST', '/machines', { body: { code, name } }),
  removeMachine: (id: number) => call<undefined>('DELETE', `/machines/${id}`),

  units: () => call<Page<Unit>>('GET', '/units'),
  addUnit: (body: Static<typeof UnitBody>) => call<Unit>('POST', '/units', { body }),
  changeUnit: (id: number, body: Static<typeof UnitBody>) => call<Unit>('PUT', `/units/${id}`, { body }),
  removeUnit: (id: number) => call<undefined>('DELETE', `/units/${id}`),

  buildings: () => call<Page<Building>>('GET', '/buildings'),
  addBuilding: (body: BuildingBody) => call<Building>('POST', '/buildings', { body }),
  changeBuilding: (id: number, body: BuildingBody) => call<Building>('PUT', `/buildings/${id}`, { body }),
  removeBuilding: (id: number, withHouseholds: boolean) =>
    call<undefined>('DELETE', `/buildings/${id}`, { query: { withHouseholds } }),
  households: (query: Query, signal?: AbortSignal) =>
    call<HouseholdPage>('GET', '/households', signal ? { query, signal } : { query }),
  addHousehold: (body: HouseholdBody) => call<Household>('POST', '/households', { body }),
  changeHousehold: (id: number, body: HouseholdBody) => call<Household>('PUT', `/households/${id}`, { body }),
  removeHousehold: (id: number) => call<undefined>('DELETE', `/households/${id}`),
  importHouseholds: (file: File, dryRun: boolean) =>
    call<ImportReport>('POST', '/households/import', { query: { dryRun }, body: formOf(file) }),

  plans: () => call<Page<Plan>>('GET', '/plans'),
  plan: (id: number) => call<PlanDetail>('GET', `/plans/${id}`),
  addPlan: (name: string, file: File) => call<Plan>('POST', '/plans', { query: { name }, body: formOf(file) }),
  changePlan: (id: number, body: Static<typeof PlanChange>) => call<Plan>('PATCH', `/plans/${id}`, { body }),
  changePlanPicture: (id: number, file: File) => call<Plan>('PUT', `/plans/${id}/picture`, { body: formOf(file) }),
  removePlan: (id: number) => call<undefined>('DELETE', `/plans/${id}`),
  placeCamera: (planId: number, id: number, body: CameraPlacing) =>
    call<undefined>('PUT', `/plans/${planId}/cameras/${id}`, { body }),
  placeArea: (planId: number, what: 'views' | 'buildings', id: number, body: AreaPlacing) =>
    call<undefined>('PUT', `/plans/${planId}/${what}/${id}`, { body }),
  takeOff: (planId: number, what: 'cameras' | 'views' | 'buildings', id: number) =>
    call<undefined>('DELETE', `/plans/${planId}/${what}/${id}`),

  audit: (query: Query, signal?: AbortSignal) =>
    call<Page<AuditEntry>>('GET', '/audit', signal ? { query, signal } : { query }),
  auditWords: () => call<Static<typeof AuditWords>>('GET', '/audit/words'),
  notices: () => call<Notices>('GET', '/notices'),
  systemHealth: () => call<SystemHealth>('GET', '/system/health'),
  systemStore: () => call<StoreReport>('GET', '/system/store'),

  users: (query: Query) => call<Page<User>>('GET', '/users', { query }),
  addUser: (body: Static<typeof UserBody>) => call<User>('POST', '/users', { body }),
  changeUser: (id: number, body: Static<typeof UserChange>) => call<User>('PATCH', `/users/${id}`, { body }),
  tokens: () => call<Page<Static<typeof Token>>>('GET', '/tokens'),
  addToken: (name: string, expiresAt?: string) =>
    call<Static<typeof NewToken>>('POST', '/tokens', { body: expiresAt ? { name, expiresAt } : { name } }),
  removeToken: (id: number) => call<undefined>('DELETE', `/tokens/${id}`),
};

export const ROLES: readonly Role[] = ['viewer', 'operator', 'enforcement', 'admin'];

/** Everything a list holds, page by page; `atMost` bounds what a page asks of server and browser. */
export async function everything<T>(page: (query: Query) => Promise<Page<T>>, atMost = 5_000): Promise<T[]> {
  const all: T[] = [];
  let cursor: string | undefined;
  do {
    const { items, next } = await page({ limit: 200, cursor });
    all.push(...items);
    cursor = next ?? undefined;
  } while (cursor !== undefined && all.length < atMost);
  return all;
}
