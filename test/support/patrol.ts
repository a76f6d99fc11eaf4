/** Patrol as a process runs it, over a real database and a simulated dome on real sockets; its looks are gathered. */
import { systemClock } from '../../src/base/clock.ts';
import { silentLogger } from '../../src/base/log.ts';
import { CameraLeases, CameraStore } from '../../src/camera/camera.ts';
import { shiftBetween, StopPoses } from '../../src/comparison/comparison.ts';
import { LiveDecoder, writeJpeg } from '../../src/drivers/codec/codec.ts';
import { openDevice } from '../../src/drivers/onvif/onvif.ts';
import { listen, type Db } from '../../src/drivers/postgres/postgres.ts';
import { HostConnections, RtspPull } from '../../src/drivers/rtsp/rtsp.ts';
import { importRoutes, Patrol, type Visit } from '../../src/patrol/patrol.ts';
import type { StopLook } from '../../src/patrol/stop-visits.ts';
import { parseDemoEstate, startSimulator, type Simulator } from '../../src/simulator/simulator.ts';
import type { TurretPosition } from '../../src/simulator/turret.ts';
import type { MemoryPictures } from './sample-estate.ts';
import { LOGIN } from './simulated.ts';

/** A dome over the published panorama, in steady light. */
export const ONE_DOME = parseDemoEstate(
  `estate: { name: 测试小区, time_zone: Asia/Shanghai }
cameras:
  - { key: roof-1, name: 1号楼屋顶, place: 1号楼, scene: roof-1, clock_offset_s: 0 }
domes:
  - key: dome
    name: 楼顶球机
    place: 30号楼
    north_deg: 0
    clock_offset_s: -2
    presets:
      - { name: 6号楼屋顶, pan_deg: 68.0, tilt_deg: -26.0, zoom: 2 }
      - { name: 主干道东段, pan_deg: 29.0, tilt_deg: -44.0, zoom: 2.2 }
      - { name: 11号楼屋顶, pan_deg: 16.2, tilt_deg: -31.4, zoom: 2 }
      - { name: 18号楼屋顶, pan_deg: 45.5, tilt_deg: -20.4, zoom: 1.5 }
schedule:
  opening: []
  cycle: [{ lighting: clear, for_s: 86400 }]
  structures: []
  vans: []
  dropouts: []
`,
  'test',
);

export function oneDome(schedule = ONE_DOME): Promise<Simulator> {
  return startSimulator({
    ...{ host: '127.0.0.1', port: 0, clock: systemClock, log: silentLogger },
    ...{ credentials: LOGIN, schedule },
  });
}

/** Registers the dome and a route over its presets that always goes. @returns the camera's id */
export async function registerDome(db: Db, simulator: Simulator, route = ROUTE): Promise<number> {
  const [dome] = simulator.domes;
  const estate = await db
    .insertInto('estate')
    .values({ name: '测试小区', time_zone: 'Asia/Shanghai' })
    .returning('id')
    .executeTakeFirstOrThrow();
  const credential = await db
    .insertInto('credential')
    .values({ name: 'dome', username: LOGIN.username, secret_sealed: Buffer.from(LOGIN.password) })
    .returning('id')
    .executeTakeFirstOrThrow();
  const camera = await db
    .insertInto('camera')
    .values({
      ...{ estate_id: estate.id, key: 'dome', name: '楼顶球机', kind: 'ptz', credential_id: credential.id },
      ...{ main_url: dome?.mainUrl, sub_url: dome?.subUrl, onvif_url: dome?.onvifUrl },
    })
    .returning('id')
    .executeTakeFirstOrThrow();
  await db.insertInto('camera_health').values({ camera_id: camera.id }).execute();
  if (route !== '') {
    const taken = await importRoutes({
      db,
      text: route,
      dryRun: false,
      language: 'en',
      userId: null,
      nowMs: Date.now(),
    });
    if (taken.refused > 0) throw new Error(JSON.stringify(taken));
  }
  return camera.id;
}

export const ROUTE = `routes:
  - camera: dome
    name: 全天
    windows: [{ days: [mon, tue, wed, thu, fri, sat, sun], from: "00:00", to: "24:00" }]
    stops: [{ preset: "1", dwell_s: 1 }, { preset: "2", dwell_s: 1 }, { preset: "3", dwell_s: 1 }, { preset: "4", dwell_s: 1 }]
`;

export interface TestPatrol {
  readonly patrol: Patrol;
  readonly looks: (StopLook & { readonly lens: TurretPosition; readonly moving: boolean })[];
  readonly visits: Visit[];
  close(): Promise<void>;
}

export async function startTestPatrol(
  database: { db: Db; url: string },
  simulator: Simulator,
  options: { name?: string; pictures: MemoryPictures; leaseS?: number },
): Promise<TestPatrol> {
  const { db, url } = database;
  const { pictures, name = 'test/patrol', leaseS = 15 } = options;
  const clock = systemClock;
  const connections = new HostConnections({ clock });
  const blobs = { get: async (sha256: string) => Buffer.from(await pictures.get(sha256)) };
  const poses = new StopPoses({ db, blobs, log: silentLogger });
  const looks: TestPatrol['looks'] = [];
  const visits: Visit[] = [];
  const turret = simulator.turretOf('dome');
  const patrol = new Patrol(
    {
      ...{ leaseS, offlineAfterS: 60, frozenAfterS: 120, parkAfterS: 120, arriveWithinS: 30, lookAgainS: 10 },
      recentre: { from: 0.015, upTo: 0.08 },
    },
    {
      ...{ db, clock, log: silentLogger, processName: name, random: Math.random },
      cameras: new CameraStore(db),
      leases: new CameraLeases(db, name, leaseS, 'patrol'),
      connect: async (camera, onError) =>
        new RtspPull(
          { url: camera.subUrl ?? '', credentials: LOGIN },
          { clock, connections, log: silentLogger, onError, onState: () => {} },
        ),
      openDecoder: () => new LiveDecoder(),
      openTurret: async ({ onvifUrl }) =>
        (await openDevice({ url: onvifUrl ?? '', credentials: LOGIN, clock, timeoutMs: 3_000 })).turret(),
      shift: shiftBetween,
      poseOf: (viewId, picture) => poses.poseOf(viewId, picture),
      keepPicture: async (_cameraId, _token, picture) => pictures.put(await writeJpeg(picture)),
      onLook: (look) => {
        looks.push({ ...look, lens: turret.pose(), moving: turret.moving() });
        return Promise.resolve();
      },
      onStanding: () => Promise.resolve(),
      wantedViews: () => Promise.resolve([]),
      onVisit: (visit) => visits.push(visit),
    },
  );
  await patrol.start();
  const listening = listen(url, 'sentinel_turret', {
    ...{ clock, log: silentLogger },
    onPayload: (payload) => patrol.wake(Number(payload)),
    onReconnected: () => patrol.wake(),
  });
  return {
    ...{ patrol, looks, visits },
    async close() {
      await listening.close();
      await patrol.close();
    },
  };
}

/** Waits until something is so. */
export async function until(isSo: () => boolean | Promise<boolean>, withinMs: number, what = 'it'): Promise<void> {
  const beganMs = Date.now();
  while (!(await isSo())) {
    if (Date.now() - beganMs > withinMs) throw new Error(`${what} was not so within ${withinMs} ms`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
