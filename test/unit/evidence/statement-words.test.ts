import { describe, expect, test } from 'vitest';
import type { SnapshotRecord } from '../../../src/evidence/snapshot.ts';
import { snapshotFacts } from '../../../src/evidence/statement-words.ts';

/** Of a record, as far as its facts are asked for here. */
function factsOf(course: SnapshotRecord['cause']['course'], location?: SnapshotRecord['camera']['location']) {
  const record = {
    ...{ id: 'x', sealedAt: '2026-06-01T08:00:00.000Z', candidate: null, decision: null, health: null },
    cause: { kind: 'pulled', by: null, reason: '', purpose: '', course },
    camera: { name: '球机', key: 'dome', place: '楼顶', device: null, ...(location && { location }) },
    view: { name: '6号楼屋顶', preset: null, registration: null },
    clock: { camera: null, server: null },
    stream: { state: 'none', stream: null, codec: null, file: null, units: [], problem: null },
    software: { modelSha256: null, configSha256: 'c' },
  } as unknown as SnapshotRecord;
  return new Map(snapshotFacts(record, (iso) => iso).map(([{ zh }, value]) => [zh, value]));
}

describe('what a statement says of a snapshot', () => {
  test.each([
    ['1234567 06:00-19:00 (Asia/Shanghai)', '每日 daily 06:00-19:00 (Asia/Shanghai)'],
    ['135 06:00-12:00; 67 20:00-22:00', '周一、三、五 Mon, Wed, Fri 06:00-12:00; 周六、日 Sat, Sun 20:00-22:00'],
  ])('names days of a timetable, and counts stops from one: %s', (timetable, words) => {
    const course = { route: { id: 1, name: '东侧' }, stop: 0, timetable, operator: null };
    expect(factsOf(course).get('来由')).toBe(`巡航路线 route 东侧，停靠点 stop 1，${words}`);
  });

  test('says of where the camera hangs what was not registered, and what was never asked for', () => {
    expect(factsOf(null).get('安装位置')).toContain('存证时未记载');
    const unknown = { code: null, coordinates: null, mountingHeightM: null, plan: null };
    expect(factsOf(null, unknown).get('安装位置')).toBe('未登记 not registered');
    expect(factsOf(null, unknown).get('平面图')).toBe('未登记 not registered');
    expect(factsOf(null, { ...unknown, mountingHeightM: 4.2 }).get('安装位置')).toBe(
      '编码未登记 no code registered，坐标未登记 no coordinates，离地 above ground 4.2 m',
    );
  });
});
