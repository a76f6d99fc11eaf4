/** A simulated estate of two cameras on a free port, for tests of the simulator itself. */
import { systemClock } from '../../src/base/clock.ts';
import { silentLogger } from '../../src/base/log.ts';
import {
  parseDemoEstate,
  startSimulator,
  type Simulator,
  type SimulatorOptions,
} from '../../src/simulator/simulator.ts';
import { RawRtsp, type RawAnswer } from './raw-rtsp.ts';

export const LOGIN = { username: 'viewer', password: 'viewer-of-cameras' };

export const ESTATE = parseDemoEstate(
  `estate: { name: 测试小区, time_zone: Asia/Shanghai }
cameras:
  - { key: roof-1, name: 1号楼屋顶, place: 1号楼, scene: roof-1, clock_offset_s: 0 }
  - { key: main-road, name: 主干道, place: 主干道, scene: main-road, clock_offset_s: -7.5, in_band_only: true }
schedule:
  opening: []
  cycle: [{ lighting: clear, for_s: 3600 }]
  structures: [{ camera: roof-1, from_s: 3000, what: 彩钢板房 }]
  vans: [{ camera: main-road, from_s: 3000, until_s: 3100 }]
  dropouts: [{ camera: main-road, from_s: 2000, until_s: 2100 }]
`,
  'test',
);

export function simulated(options: Partial<SimulatorOptions> = {}): Promise<Simulator> {
  return startSimulator({
    host: '127.0.0.1',
    port: 0,
    clock: systemClock,
    log: silentLogger,
    credentials: LOGIN,
    schedule: ESTATE,
    ...options,
  });
}

/** Connects to a simulator that asks for no login and plays a path. */
export async function play(
  simulator: Simulator,
  path: string,
  channel = 0,
): Promise<{ client: RawRtsp; setup: RawAnswer; play: RawAnswer; url: string }> {
  const url = `rtsp://127.0.0.1:${simulator.port}/${path}`;
  const client = await RawRtsp.connect(simulator.port);
  const setup = await client.request('SETUP', `${url}/trackID=1`, {
    Transport: `RTP/AVP/TCP;unicast;interleaved=${channel}-${channel + 1}`,
  });
  const session = setup.headers.get('session')?.split(';')[0] ?? '';
  return { client, setup, play: await client.request('PLAY', url, { Session: session }), url };
}
