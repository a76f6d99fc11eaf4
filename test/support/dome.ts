/** An estate with one dome and its presets, for tests of patrol. */
import type { Db } from '../../src/drivers/postgres/postgres.ts';
import type { PatrolRouteBody } from '../../src/web/contract.ts';

export interface SampleDome {
  estateId: number;
  cameraId: number;
  fixedId: number;
}

/** One dome that has listed four presets, and a fixed camera beside it. */
export async function fillDome(db: Db, nowMs: number): Promise<SampleDome> {
  const estate = await db
    .insertInto('estate')
    .values({ name: '滨江花园', time_zone: 'Asia/Shanghai' })
    .returning('id')
    .executeTakeFirstOrThrow();
  const rows = await db
    .insertInto('camera')
    .values([
      {
        ...{ estate_id: estate.id, key: 'dome-1', name: '1号楼球机', place: '1号楼 30层屋面', kind: 'ptz' as const },
        onvif_url: 'http://127.0.0.1/onvif/device_service',
      },
      { estate_id: estate.id, key: 'gate', name: '大门', sub_url: 'rtsp://127.0.0.1/gate' },
    ])
    .returning('id')
    .execute();
  const [cameraId = 0, fixedId = 0] = rows.map(({ id }) => id);
  await db
    .insertInto('turret')
    .values({ camera_id: cameraId, presets_read_at: new Date(nowMs) })
    .execute();
  await db
    .insertInto('turret_preset')
    .values(
      ['大门', '主干道', '外墙', '盲区'].map((name, index) => ({
        ...{ camera_id: cameraId, token: `${index + 1}`, name, seen_at: new Date(nowMs) },
        position: JSON.stringify({ pan: index * 0.3 - 0.5, tilt: -0.2, zoom: 0 }),
      })),
    )
    .execute();
  return { estateId: estate.id, cameraId, fixedId };
}

export function routeBody(cameraId: number, change: Partial<PatrolRouteBody> = {}): PatrolRouteBody {
  return {
    ...{ cameraId, name: '白天', enabled: true, priority: 0, randomOrder: false },
    windows: [{ days: [1, 2, 3, 4, 5], from: '07:00', to: '19:00' }],
    stops: ['1', '2', '3'].map((preset) => ({ name: '', preset, dwellS: 10 })),
    ...change,
  };
}
