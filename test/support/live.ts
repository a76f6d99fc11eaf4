/** Live pictures of cameras in a database whose streams all ask for one login, over real connections. */
import { systemClock } from '../../src/base/clock.ts';
import { silentLogger } from '../../src/base/log.ts';
import type { Db } from '../../src/drivers/postgres/postgres.ts';
import { HostConnections, SharedPulls } from '../../src/drivers/rtsp/rtsp.ts';
import { openLive } from '../../src/pipeline.ts';
import type { LiveRelay } from '../../src/wall/wall.ts';

export function liveOf(
  db: Db,
  credentials: { username: string; password: string },
): { live: LiveRelay; pulls: SharedPulls } {
  const clock = systemClock;
  const pulls = new SharedPulls({ clock, log: silentLogger, connections: new HostConnections({ clock }) });
  const unused = (): never => {
    throw new Error('only live pictures here');
  };
  const aim = async (camera: { subUrl: string | null; mainUrl: string | null }, stream: 'look' | 'evidence') => ({
    target: { url: (stream === 'look' ? camera.subUrl : camera.mainUrl) ?? '', credentials },
  });
  return {
    live: openLive(
      { db, clock, log: silentLogger },
      { pulls, aim, visit: unused, probe: unused, record: unused, identify: unused },
    ),
    pulls,
  };
}
