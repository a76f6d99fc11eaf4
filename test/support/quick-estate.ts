/** A simulated estate whose structure appears soon, for tests that run the whole flow. */
import { writeFile } from 'node:fs/promises';
import path from 'node:path';

/** When the structure appears: what a busy machine is still learning from by then it takes to be lawful. */
const STRUCTURE_FROM_S = 50;

/** Writes it into `dir`. @returns the environment that makes Sentinel use it, quickly */
export async function quickEstate(dir: string): Promise<Record<string, string>> {
  const file = path.join(dir, 'estate.yaml');
  await writeFile(
    file,
    `estate: { name: 测试小区, time_zone: Asia/Shanghai }
cameras:
  - { key: roof-1, name: 1号楼屋顶, place: 1号楼, scene: roof-1, clock_offset_s: 0 }
  - { key: main-road, name: 主干道, place: 主干道, scene: main-road, clock_offset_s: 3 }
schedule:
  opening: [{ lighting: clear, for_s: 10 }, { lighting: overcast, for_s: 10 }]
  cycle: [{ lighting: clear, for_s: 3600 }]
  structures: [{ camera: roof-1, from_s: ${STRUCTURE_FROM_S}, what: 彩钢板房 }]
  vans: []
  dropouts: []
`,
  );
  return {
    SENTINEL_DEMO_ESTATE_FILE: file,
    SENTINEL_DEMO_CADENCE_S: '2',
    SENTINEL_DEMO_LEARNING_SPAN_S: '18',
    SENTINEL_DEMO_PERSISTENCE_SPAN_S: '6',
    SENTINEL_ADMIN_PASSWORD: 'correct-horse-battery',
    SENTINEL_LOG_PRETTY: 'false',
  };
}
