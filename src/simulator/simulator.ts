/**
 * A housing estate made of pictures, for the demo and for tests: its cameras play on one RTSP server, and its schedule lets
 * the light change, a van park, a camera drop out, and three structures appear that must not stand there.
 *
 * In: the estate (`readDemoEstate`), credentials, a clock. Out: cameras with their URLs; a hand on each scene for tests.
 * Domes are steered over ONVIF and look about in one panorama of the estate, in which structures go up stage by stage.
 * Paths: `/<camera>/main`, `/<camera>/sub`, and `/fault/<fault>/<camera>/<main|sub>` for a stream that goes wrong by itself.
 * Knows base and drivers alone; nothing of the flow knows that its cameras are simulated.
 */
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Clock } from '../base/clock.ts';
import { SentinelError } from '../base/errors.ts';
import type { Logger } from '../base/log.ts';
import type { AuthScheme, Credentials } from './challenge.ts';
import { ClipShelf, STREAMS, type StreamName } from './clip-shelf.ts';
import type { DemoDome, DemoEstate, WatchArea } from './estate-file.ts';
import { DOME_STREAMS } from './dome-stream.ts';
import { widestView } from './dome-window.ts';
import { isFault } from './faults.ts';
import { startOnvifServer, type OnvifServer } from './onvif-server.ts';
import { PanoramaShelf } from './panorama.ts';
import type { Stream } from './rtsp-connection.ts';
import { RtspServer } from './rtsp-server.ts';
import { worksAt, type Scene, type SceneState } from './schedule.ts';
import { SimulatedCamera, type SceneOverride } from './simulated-camera.ts';
import { SimulatedDome } from './simulated-dome.ts';
import type { Turret } from './turret.ts';

export { parseDemoEstate, readDemoEstate, type DemoCamera, type DemoEstate, type WatchArea } from './estate-file.ts';
export type { Fault } from './faults.ts';
export { drawSitePlan, SITE_BUILDINGS, SITE_CAMERAS, SITE_SIZE } from './site-plan.ts';
export type { Scene, SceneLighting, Schedule } from './schedule.ts';
export type { AuthScheme, Credentials } from './challenge.ts';
export type { SceneOverride } from './simulated-camera.ts';

const MEDIA_DIR = fileURLToPath(new URL('../../src/simulator/media/', import.meta.url));
const SESSION_TIMEOUT_S = 60;
const NONCE_LIFETIME_MS = 300_000;

export interface SimulatorOptions {
  /** Address to listen on; loopback unless cameras are to be shown to other machines. */
  readonly host: string;
  /** 0 takes any free port. */
  readonly port: number;
  readonly clock: Clock;
  readonly log: Logger;
  readonly credentials: Credentials;
  readonly schedule: DemoEstate;
  /** When the demo first started, UTC ms since 1970; default now. A later start with the same value resumes the schedule. */
  readonly startedAtMs?: number;
  /** What the server offers, in this order; default Digest with MD5. None: no login is asked. */
  readonly auth?: readonly AuthScheme[];
  /** Digest with `qop="auth"`; default false, as most cameras. */
  readonly qop?: boolean;
  readonly nonceLifetimeMs?: number;
  readonly sessionTimeoutS?: number;
  /** Only requests keep a session alive; default false: RTCP does too. */
  readonly strictKeepAlive?: boolean;
  readonly mediaDir?: string;
  /** Where the `corrupt` and `loss` faults take their chances from; default Math.random. */
  readonly random?: () => number;
}

export interface SimulatedCameraAddress {
  readonly key: string;
  readonly name: string;
  readonly place: string;
  /** Without credentials. */
  readonly mainUrl: string;
  readonly subUrl: string;
  readonly watch: WatchArea | undefined;
}

export interface SimulatedDomeAddress {
  readonly key: string;
  readonly name: string;
  readonly place: string;
  /** Without credentials. */
  readonly mainUrl: string;
  readonly subUrl: string;
  readonly onvifUrl: string;
}

export interface Simulator {
  readonly port: number;
  readonly cameras: readonly SimulatedCameraAddress[];
  readonly domes: readonly SimulatedDomeAddress[];
  /** When the demo first started: keep it and hand it to the next start. */
  readonly startedAtMs: number;
  /** Sessions playing now. */
  readonly playing: number;
  /** @throws SentinelError `simulator.no_camera` */
  sceneOf(cameraKey: string): Scene;
  /**
   * Sets what a camera shows, from its next group of pictures on (2 s at most); a fault acts at once.
   * @throws SentinelError `simulator.no_camera`
   */
  setScene(cameraKey: string, change: SceneOverride): void;
  /**
   * A dome's motors, and the faults they can have.
   * @throws SentinelError `simulator.no_camera`
   */
  turretOf(domeKey: string): Turret;
  /**
   * The device that steers a dome: its clock, presets and faults.
   * @throws SentinelError `simulator.no_camera`
   */
  deviceOf(domeKey: string): OnvifServer;
  /**
   * A JPEG of what a dome sees now, 1280x720.
   * @throws SentinelError `simulator.no_camera`
   */
  snapshotOf(domeKey: string): Promise<Buffer>;
  /** Puts a structure of the panorama up to a stage, 0 for none of it; undefined: the schedule has its say again. */
  setWork(structure: string, stage: number | undefined): void;
  close(): Promise<void>;
}

/** @throws SentinelError `simulator.media`, `simulator.not_listening` */
export async function startSimulator(options: SimulatorOptions): Promise<Simulator> {
  const { clock, log, schedule: estate, host } = options;
  const startedAtMs = options.startedAtMs ?? clock.nowMs();
  const shelf = new ClipShelf(options.mediaDir ?? MEDIA_DIR);
  const wallTime = wallTimeIn(estate.timeZone);
  const cameras = new Map<string, SimulatedCamera>();
  estate.cameras.forEach((camera, index) => {
    shelf.addScene(camera.scene, statesOf(estate, camera.key));
    const demoS = (): number => (clock.nowMs() - startedAtMs) / 1000;
    const { schedule } = estate;
    cameras.set(camera.key, new SimulatedCamera({ clock, shelf, camera, index, schedule, demoS, wallTime }));
  });
  const domes = new Map<string, SimulatedDome>();
  const works = new Map<string, number>();
  if (estate.domes.length > 0) {
    const panoramaDir = path.join(options.mediaDir ?? MEDIA_DIR, 'panorama');
    const panoramas = new PanoramaShelf(panoramaDir, (thrown) => {
      log.error({ err: thrown }, 'the simulated domes keep what they show');
    });
    for (const [index, dome] of estate.domes.entries()) {
      const demoS = (): number => (clock.nowMs() - startedAtMs) / 1000;
      domes.set(
        dome.key,
        await SimulatedDome.open({
          ...{ clock, shelf: panoramas, dome, index, schedule: estate.schedule, demoS, wallTime },
          works: () => new Map([...worksAt(estate.schedule, demoS()), ...works]),
          plateFile: path.join(panoramaDir, `name-${dome.key}.png`),
        }),
      );
    }
  }
  const server = await RtspServer.listen({
    host,
    port: options.port,
    clock,
    find: (path) => findStream(path, (key) => cameras.get(key) ?? domes.get(key)),
    auth: {
      credentials: options.credentials,
      schemes: options.auth ?? ['digest-md5'],
      qop: options.qop ?? false,
      nonceLifetimeMs: options.nonceLifetimeMs ?? NONCE_LIFETIME_MS,
    },
    sessionTimeoutS: options.sessionTimeoutS ?? SESSION_TIMEOUT_S,
    strictKeepAlive: options.strictKeepAlive ?? false,
    random: options.random ?? Math.random,
  });
  const { port } = server;
  const base = `rtsp://${host.includes(':') ? `[${host}]` : host}:${port}`;
  const devices = new Map<string, OnvifServer>();
  for (const [index, dome] of estate.domes.entries()) {
    const simulated = domes.get(dome.key);
    if (simulated) devices.set(dome.key, await startDevice(dome, index, simulated, base, options));
  }
  log.info({ host, port, cameras: cameras.size, domes: domes.size }, 'simulated cameras are playing');

  const found = <T>(one: T | undefined, key: string): T => {
    if (!one) throw new SentinelError('simulator.no_camera', { key });
    return one;
  };
  const cameraOf = (key: string): SimulatedCamera | SimulatedDome => found(cameras.get(key) ?? domes.get(key), key);
  const addressed = <T extends { readonly key: string; readonly name: string; readonly place: string }>({
    key,
    name,
    place,
  }: T) => ({
    ...{ key, name, place },
    ...{ mainUrl: `${base}/${key}/main`, subUrl: `${base}/${key}/sub` },
  });
  return {
    port,
    startedAtMs,
    cameras: estate.cameras.map((camera) => ({ ...addressed(camera), watch: camera.watch })),
    domes: estate.domes.map((dome) => ({ ...addressed(dome), onvifUrl: found(devices.get(dome.key), dome.key).url })),
    get playing() {
      return server.playing;
    },
    sceneOf: (key) => cameraOf(key).scene,
    setScene: (key, change) => cameraOf(key).override(change),
    turretOf: (key) => found(domes.get(key), key).turret,
    deviceOf: (key) => found(devices.get(key), key),
    snapshotOf: (key) => found(domes.get(key), key).snapshot(),
    setWork: (structure, stage) => {
      if (stage === undefined) works.delete(structure);
      else works.set(structure, stage);
    },
    close: async () => {
      for (const device of devices.values()) await device.close();
      await server.close();
      for (const dome of domes.values()) dome.close();
    },
  };
}

function startDevice(
  { key, name, clockOffsetS, presets }: DemoDome,
  index: number,
  dome: SimulatedDome,
  base: string,
  { host, clock, credentials }: SimulatorOptions,
): Promise<OnvifServer> {
  const stream = (of: StreamName): { url: string; widthPx: number; heightPx: number } => {
    const { widthPx, heightPx } = DOME_STREAMS[of];
    return { url: `${base}/${key}/${of}`, widthPx, heightPx };
  };
  const number = String(index + 1).padStart(2, '0');
  return startOnvifServer({
    ...{ host, port: 0, clock, credentials },
    about: {
      ...{ make: 'Sentinel', model: 'Simulated Dome', firmware: '1.0', serial: `SIM-DOME-${number}`, name },
      mac: `02:00:5e:00:53:${number}`,
      ...{ main: stream('main'), sub: stream('sub') },
    },
    turret: dome.turret,
    widestDeg: widestView(DOME_STREAMS.main),
    uuid: `5e171e1d-0000-4000-8000-0000000000${number}`,
    clockOffsetMs: clockOffsetS * 1000,
    snapshot: () => dome.snapshot(),
  }).then((device) => {
    presets.forEach(({ name: preset, ...position }, at) => device.addPreset(String(at + 1), preset, position));
    return device;
  });
}

function wallTimeIn(timeZone: string): (atMs: number) => string {
  const format = new Intl.DateTimeFormat('sv-SE', { timeZone, dateStyle: 'short', timeStyle: 'medium' });
  return (atMs) => format.format(atMs);
}

function findStream(
  path: string,
  cameraOf: (key: string) => SimulatedCamera | SimulatedDome | undefined,
): Stream | undefined {
  const steps = path.split('/');
  const [, fault] = steps[0] === 'fault' ? steps.splice(0, 2) : [];
  const [key = '', name = ''] = steps;
  if (steps.length !== 2 || !isStream(name)) return undefined;
  if (fault !== undefined && !isFault(fault)) return undefined;
  return cameraOf(key)?.stream(name, fault);
}

function isStream(text: string): text is StreamName {
  return (STREAMS as readonly string[]).includes(text);
}

function statesOf({ schedule }: DemoEstate, camera: string): Set<SceneState> {
  const states = new Set<SceneState>(['plain']);
  if (schedule.structures.some((event) => event.camera === camera)) states.add('structure');
  if (schedule.vans.some((event) => event.camera === camera)) states.add('van');
  return states;
}
