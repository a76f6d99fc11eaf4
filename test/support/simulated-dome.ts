/** A simulated dome on a real socket and real time, with motors in a hurry. */
import { systemClock, type Clock } from '../../src/base/clock.ts';
import { startOnvifServer, type OnvifServer, type OnvifServerOptions } from '../../src/simulator/onvif-server.ts';
import { Turret } from '../../src/simulator/turret.ts';

export const domeCredentials = { username: 'admin', password: 'dome-secret-1' };

/** How much faster than a real dome it turns, for the sake of whoever waits for the tests. */
export const PACE = 4;
const hurried: Clock = { ...systemClock, monotonicMs: () => systemClock.monotonicMs() * PACE };

export interface StandingDome extends OnvifServer {
  readonly turret: Turret;
}

export async function startDome(options: Partial<OnvifServerOptions> = {}): Promise<StandingDome> {
  const turret = new Turret(hurried);
  const server = await startOnvifServer({
    host: '127.0.0.1',
    port: 0,
    clock: systemClock,
    credentials: domeCredentials,
    turret,
    widestDeg: [60, 36],
    uuid: '6f1d1f52-0d5c-4f0a-9a3e-000000000001',
    about: {
      make: 'Sentinel',
      model: 'Simulated dome',
      firmware: '1.10',
      serial: '0012345678901234567',
      mac: 'AA-BB-CC-00-11-22',
      name: '3号楼 球机',
      main: { url: 'rtsp://127.0.0.1:8554/dome/main', widthPx: 1920, heightPx: 1080 },
      sub: { url: 'rtsp://127.0.0.1:8554/dome/sub', widthPx: 640, heightPx: 360 },
    },
    ...options,
  });
  return Object.assign(server, { turret });
}
