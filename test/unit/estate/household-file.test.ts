import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { naturalKey } from '../../../src/base/natural-order.ts';
import { textOfFile } from '../../../src/base/text-file.ts';
import { csvOf } from '../../../src/drivers/csv/csv.ts';
import {
  placeOf,
  planHouseholds,
  readHouseholds,
  type HouseholdRegister,
  type RegisteredHousehold,
} from '../../../src/estate/household-file.ts';

const NOBODY: HouseholdRegister = { buildings: new Set(), households: new Map() };
const plan = (text: string, register = NOBODY, language: 'en' | 'zh' = 'en') =>
  planHouseholds(readHouseholds(text), register, language);
const registered = (values: Partial<RegisteredHousehold>): HouseholdRegister => {
  const household = {
    ...{
      id: 1,
      building: '3号楼',
      entrance: '1单元',
      number: '1202',
      storey: 12,
      resident: '王',
      phone: '1',
      note: '',
    },
    ...values,
  };
  return { buildings: new Set([household.building]), households: new Map([[placeOf(household), household]]) };
};

describe('a file of households', () => {
  it('is read with Chinese or English heads, in whatever order', () => {
    const { added, newBuildings } = plan(
      '室号,楼栋（必填）,单元,楼层,业主姓名,联系电话\n1202,3号楼,1单元,12层,王伟,13800000000\n',
    );
    expect(newBuildings).toEqual(['3号楼']);
    expect(added).toEqual([
      {
        building: '3号楼',
        entrance: '1单元',
        number: '1202',
        storey: 12,
        resident: '王伟',
        phone: '13800000000',
        note: '',
      },
    ]);
    expect(plan('building;unit;room;floor\nA;;101;B1\n').added[0]).toMatchObject({ number: '101', storey: -1 });
  });

  it('is read in GB 18030, as spreadsheets in China write it', () => {
    const bytes = Buffer.concat([
      Buffer.from([0xc2, 0xa5, 0xb6, 0xb0]), // 楼栋
      Buffer.from(','),
      Buffer.from([0xca, 0xd2, 0xba, 0xc5]), // 室号
      Buffer.from('\n3,101\n'),
    ]);
    expect(plan(textOfFile(bytes)).added).toHaveLength(1);
  });

  it('finds households again: twice changes nothing, and what it does not speak of stays', () => {
    const same = plan('楼栋,单元,室号,住户\n3号楼,1单元,1202,王\n', registered({}));
    expect(same.lines).toEqual([{ line: 2, key: '3号楼 1单元 1202', outcome: 'unchanged', detail: '' }]);
    const moved = plan('楼栋,单元,室号,住户\n3号楼,1单元,1202,李\n', registered({}), 'zh');
    expect(moved.changed[0]?.after).toMatchObject({ resident: '李', phone: '1', storey: 12 });
    expect(moved.lines[0]).toMatchObject({ outcome: 'changed', detail: '变更：住户' });
    expect(plan('楼栋,单元,室号,住户\n3号楼,1单元,1202,\n', registered({})).changed[0]?.after.resident).toBe('');
  });

  it('refuses bad lines by their number and lets the good ones in', () => {
    const { lines, added } = plan(
      ['楼栋,室号,楼层', '3号楼,101,1', ',102,1', '3号楼,,1', '3号楼,103,顶层', '3号楼,101,2', '3号楼,104,1,多余'].join(
        '\n',
      ),
      NOBODY,
      'zh',
    );
    expect(added.map(({ number }) => number)).toEqual(['101']);
    expect(lines.map(({ line, outcome, detail }) => [line, outcome, detail])).toEqual([
      [2, 'added', '新楼栋'],
      [3, 'refused', '缺少楼栋'],
      [4, 'refused', '缺少室号'],
      [5, 'refused', '楼层应为 -20 到 200 的整数'],
      [6, 'refused', '与第 2 行重复'],
      [7, 'refused', '值的个数超过列数；含逗号的值请加引号'],
    ]);
  });

  it('is refused as a whole where its heads are not understood', () => {
    expect(() => plan('name,place\na,b\n')).toThrow(/header with building and number/);
    expect(() => plan('')).toThrow(/it is empty/);
    expect(() => plan('building,number,numbr\na,1,2\n')).not.toThrow();
    expect(() => plan('building,room,storye\na,1,2\n')).toThrow(/did you mean "storey"/);
  });

  it('takes any text for what it is', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ minLength: 1, maxLength: 20 }), { minLength: 1, maxLength: 5 }), (residents) => {
        const rows = residents.map((resident, n) => ['A', String(n + 1), resident]);
        const { added, lines } = plan(csvOf([['building', 'number', 'resident'], ...rows]));
        expect(added.length + lines.filter(({ outcome }) => outcome === 'refused').length).toBe(residents.length);
      }),
    );
  });
});

describe('the natural order', () => {
  it('counts as people do', () => {
    const sorted = ['10号楼', '9号楼', '1号楼', '2单元', '１２号楼'].sort((a, b) =>
      naturalKey(a) < naturalKey(b) ? -1 : 1,
    );
    expect(sorted).toEqual(['1号楼', '2单元', '9号楼', '10号楼', '１２号楼']);
  });
});
