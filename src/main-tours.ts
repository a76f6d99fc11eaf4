/** The verb `tours`: lets a dome go round by itself while nobody steers it, by the preset tours of the device. */
import { parseArgs } from 'node:util';
import { systemClock } from './base/clock.ts';
import { problemOf, SentinelError } from './base/errors.ts';
import { CameraStore, openSealer, type CaptureCamera } from './camera/camera.ts';
import type { Config } from './config.ts';
import type { OnvifTurret } from './drivers/onvif/onvif.ts';
import type { Db } from './drivers/postgres/postgres.ts';
import { standOnDatabase } from './main-ground.ts';
import { turretOpener } from './main-turrets.ts';
import {
  granted,
  logTurret,
  readRoutes,
  releaseLease,
  requireTurret,
  takeLease,
  tourOfRoute,
  type Holder,
} from './patrol/patrol.ts';

const OPERATIONS = ['start', 'stop', 'pause', 'remove'] as const;
type Operation = (typeof OPERATIONS)[number];

export type TourWish =
  | { readonly do: 'list' }
  | { readonly do: 'make'; readonly route: string; readonly autoStart: boolean }
  | { readonly do: Operation; readonly token: string };

const USAGE =
  'usage: sentinel tours CAMERA [--make ROUTE [--auto-start] | --start TOKEN | --stop TOKEN | --pause TOKEN | --remove TOKEN]';
/** Nobody else steers while a tour is made; a device takes a second or two. */
const LEASE_MS = 60_000;
const SYSTEM: Holder = { kind: 'system', userId: null, routeId: null, name: 'sentinel tours', purpose: 'tour' };

/** `tours CAMERA …`: exit code 0 when it was done. */
export async function tours(config: Config, args: readonly string[]): Promise<number> {
  const { cameraKey, wish } = readArguments(args);
  const { db, life } = await standOnDatabase(config, 'clerk');
  try {
    const sealer = await openSealer(config.credential);
    const openTurret = turretOpener(config, sealer);
    const lines = await workOnTours({ db, cameraKey, wish, openTurret, nowMs: () => systemClock.nowMs() });
    process.stdout.write(lines.map((line) => `${line}\n`).join(''));
    return 0;
  } finally {
    await life.close();
  }
}

function readArguments(args: readonly string[]): { cameraKey: string; wish: TourWish } {
  const text = { type: 'string' } as const;
  const { values, positionals } = parseArgs({
    args: [...args],
    options: { make: text, start: text, stop: text, pause: text, remove: text, 'auto-start': { type: 'boolean' } },
    allowPositionals: true,
  });
  const [cameraKey] = positionals;
  const wishes: TourWish[] = OPERATIONS.flatMap((operation) => {
    const token = values[operation];
    return token === undefined ? [] : [{ do: operation, token }];
  });
  if (values.make !== undefined) {
    wishes.push({ do: 'make', route: values.make, autoStart: values['auto-start'] ?? false });
  }
  if (cameraKey === undefined || positionals.length > 1 || wishes.length > 1) {
    throw new SentinelError('config.usage', { problem: USAGE });
  }
  return { cameraKey, wish: wishes[0] ?? { do: 'list' } };
}

export interface TourWork {
  readonly db: Db;
  readonly cameraKey: string;
  readonly wish: TourWish;
  readonly openTurret: (camera: CaptureCamera) => Promise<OnvifTurret>;
  readonly nowMs: () => number;
}

/**
 * @returns what there is to say
 * @throws SentinelError `config.usage`, `patrol.no_turret`, `patrol.held` while somebody steers by hand, `onvif.*`
 */
export async function workOnTours({ db, cameraKey, wish, openTurret, nowMs }: TourWork): Promise<string[]> {
  const row = await db.selectFrom('camera').select('id').where('key', '=', cameraKey).executeTakeFirst();
  const [camera] = row ? await new CameraStore(db).forCapture([row.id]) : [];
  if (!camera) throw new SentinelError('config.usage', { problem: `There is no camera ${cameraKey}` });
  await requireTurret(db, camera.id);
  const turret = await openTurret(camera);
  if (wish.do === 'list') {
    const tours = await turret.tours();
    return tours.map(({ token, name, state, spots }) => `${token}  ${state.padEnd(8)}  ${spots} spots  ${name}`);
  }
  granted(await takeLease(db, camera.id, SYSTEM, LEASE_MS));
  const details = wish.do === 'make' ? { route: wish.route } : { tour: wish.token };
  const entry = { cameraId: camera.id, by: SYSTEM, action: `tour.${wish.do}`, details };
  try {
    const said = wish.do === 'make' ? await make(db, camera.id, turret, wish) : await operate(turret, wish);
    await logTurret(db, { ...entry, outcome: 'done' }, nowMs());
    return said;
  } catch (thrown) {
    await logTurret(db, { ...entry, outcome: 'failed', problem: problemOf(thrown) }, nowMs());
    throw thrown;
  } finally {
    await releaseLease(db, camera.id, SYSTEM);
  }
}

async function make(
  db: Db,
  cameraId: number,
  turret: OnvifTurret,
  wish: { readonly route: string; readonly autoStart: boolean },
): Promise<string[]> {
  const routes = await readRoutes(db, cameraId);
  const route = routes.find(({ name }) => name === wish.route);
  if (!route) {
    const names = routes.map(({ name }) => name).join(', ');
    throw new SentinelError('config.usage', { problem: `There is no route ${wish.route}; there are: ${names}` });
  }
  const { zoomLost, ...plan } = tourOfRoute(route);
  const token = await turret.createTour({ ...plan, autoStart: wish.autoStart });
  return [
    `made ${token} of ${route.name}, ${plan.spots.length} spots`,
    ...zoomLost.map((stop) => `the zoom of ${stop} is its preset’s: a tour knows no other`),
    ...(route.enabled ? [`${route.name} still goes at its hours, and ends the tour whenever it does`] : []),
  ];
}

async function operate(
  turret: OnvifTurret,
  wish: { readonly do: Operation; readonly token: string },
): Promise<string[]> {
  if (wish.do === 'remove') await turret.removeTour(wish.token);
  else await turret.operateTour(wish.token, wish.do);
  return [`${wish.do}: ${wish.token}`];
}
