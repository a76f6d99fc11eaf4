import { describe, expect, it } from 'vitest';
import { parseDemoEstate, readDemoEstate } from '../../../src/simulator/simulator.ts';

const GOOD = `estate:
  name: 示范小区
  time_zone: Asia/Shanghai
cameras:
  - { key: roof-1, name: 屋顶, place: 1号楼, scene: roof-1, clock_offset_s: 2.5 }
  - { key: gate, name: 大门, place: 南门, scene: gate, clock_offset_s: 0 }
schedule:
  opening:
    - { lighting: clear, for_s: 12 }
  cycle:
    - { lighting: night, for_s: 60 }
  structures:
    - { camera: roof-1, from_s: 75, what: 彩钢棚 }
  vans: []
  dropouts:
    - { camera: gate, from_s: 10, until_s: 20 }
  works:
    - { structure: hut, stage: 1, from_s: 60, what: 彩钢房 }
domes:
  - key: dome-1
    name: 球机
    place: 楼顶
    north_deg: 90
    clock_offset_s: -1
    presets:
      - { name: 大门, pan_deg: 10, tilt_deg: -20, zoom: 2 }
`;

function problemWith(from: string, to: string): string {
  expect(GOOD).toContain(from);
  try {
    parseDemoEstate(GOOD.replace(from, to), 'estate.yaml');
  } catch (thrown) {
    return (thrown as Error).message;
  }
  return 'none';
}

describe('the file of the simulated estate', () => {
  it('has domes with their presets, and what goes up before them', () => {
    const { domes, schedule } = parseDemoEstate(GOOD, 'estate.yaml');
    expect(domes).toEqual([
      {
        ...{ key: 'dome-1', name: '球机', place: '楼顶', northDeg: 90, clockOffsetS: -1 },
        presets: [{ name: '大门', panDeg: 10, tiltDeg: -20, zoom: 2 }],
      },
    ]);
    expect(schedule.works).toEqual([{ structure: 'hut', stage: 1, fromS: 60, untilS: undefined }]);
    expect(problemWith('key: dome-1', 'key: gate')).toContain('the camera key "gate" is given twice');
    expect(problemWith('from_s: 60, what', 'from_s: 60, until_s: 50, what')).toMatch(/^estate\.yaml:18: .*later/);
  });

  it('is read', () => {
    const estate = parseDemoEstate(GOOD, 'estate.yaml');
    expect(estate.timeZone).toBe('Asia/Shanghai');
    expect(estate.cameras[0]).toEqual({
      key: 'roof-1',
      name: '屋顶',
      place: '1号楼',
      scene: 'roof-1',
      clockOffsetS: 2.5,
      inBandOnly: false,
    });
    expect(estate.schedule.structures).toEqual([{ camera: 'roof-1', fromS: 75, untilS: undefined, what: '彩钢棚' }]);
    expect(estate.schedule.cycle).toEqual([{ lighting: 'night', forS: 60 }]);
  });

  it.each([
    [
      'an unknown key',
      'time_zone: Asia/Shanghai',
      'time_zone: Asia/Shanghai\n  colour: red',
      'estate.yaml:4: estate.colour is not a known key',
    ],
    ['a misspelt key', 'from_s: 75', 'form_s: 75', 'estate.yaml:13: schedule.structures.0.form_s is not a known key'],
    [
      'an unknown lighting',
      'lighting: night',
      'lighting: foggy',
      'estate.yaml:11: schedule.cycle.0.lighting must be one of clear, overcast, dusk, night',
    ],
    [
      'an empty cycle',
      'cycle:\n    - { lighting: night, for_s: 60 }',
      'cycle: []',
      'estate.yaml:10: schedule.cycle must not have fewer than 1 items',
    ],
    [
      'a camera that is not there',
      'camera: gate',
      'camera: gates',
      'estate.yaml:16: there is no camera "gates"; the keys are roof-1, gate',
    ],
    ['a key given twice', 'key: gate', 'key: roof-1', 'estate.yaml:6: the camera key "roof-1" is given twice'],
    ['a key that no URL can hold', 'key: gate', 'key: 大门', 'estate.yaml:6: cameras.1.key must match pattern'],
    [
      'an end before the beginning',
      'until_s: 20',
      'until_s: 5',
      'estate.yaml:16: until_s (5) must be later than from_s (10)',
    ],
    ['no such time zone', 'Asia/Shanghai', 'Asia/Nantong', 'estate.yaml:3: "Asia/Nantong" is not a time zone'],
    [
      'a word for a number',
      'clock_offset_s: 2.5',
      'clock_offset_s: fast',
      'estate.yaml:5: cameras.0.clock_offset_s must be number',
    ],
    ['no YAML', 'vans: []', 'vans: [', 'estate.yaml:'],
  ])('refuses %s, naming the line', (_what, from, to, message) => {
    expect(problemWith(from, to)).toContain(message);
  });

  it('refuses a file that is not there', async () => {
    await expect(readDemoEstate('/nowhere/estate.yaml')).rejects.toMatchObject({ code: 'config.invalid' });
  });

  it('comes with the program and is valid', async () => {
    const estate = await readDemoEstate('config/estate.demo.yaml');
    expect(estate.cameras.length).toBeGreaterThanOrEqual(12);
    expect(estate.schedule.structures).toHaveLength(3);
    expect(estate.schedule.vans).toHaveLength(1);
    expect(estate.schedule.dropouts).toHaveLength(1);
  });
});
