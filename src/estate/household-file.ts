/**
 * Households from a CSV file, read and weighed against those that are registered: what each line would do, and why a line
 * is refused. Pure; `household-import.ts` carries it out.
 *
 * A household is found again by its building, entrance and number, so reading a file twice changes nothing; what a file has
 * no column for stays as it was, and households that it does not list are left alone. Buildings come with their first
 * household.
 *
 * Errors: `import.unreadable`, `import.too_large` for the file as a whole.
 */
import { SentinelError } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import { CsvTable, unreadableFile, type CsvHeaders, type CsvRow } from '../drivers/csv/csv.ts';

export type Language = 'en' | 'zh';

export type HouseholdField = 'building' | 'entrance' | 'number' | 'storey' | 'resident' | 'phone' | 'note';

export interface HouseholdValues {
  readonly building: string;
  readonly entrance: string;
  readonly number: string;
  readonly storey: number | null;
  readonly resident: string;
  readonly phone: string;
  readonly note: string;
}

export interface RegisteredHousehold extends HouseholdValues {
  readonly id: number;
}

export interface HouseholdRegister {
  readonly buildings: ReadonlySet<string>;
  /** By {@link placeOf}. */
  readonly households: ReadonlyMap<string, RegisteredHousehold>;
}

export interface HouseholdLine {
  line: number;
  key: string;
  outcome: 'added' | 'changed' | 'unchanged' | 'refused';
  detail: string;
}

export interface HouseholdPlan {
  readonly newBuildings: readonly string[];
  readonly added: readonly HouseholdValues[];
  readonly changed: readonly { readonly before: RegisteredHousehold; readonly after: HouseholdValues }[];
  readonly lines: HouseholdLine[];
}

const HEADERS: CsvHeaders<HouseholdField> = {
  building: ['楼栋', '楼号', '楼', '栋', '幢', '楼栋号', '楼栋名称'],
  entrance: ['unit', '单元', '单元号', '门洞'],
  number: ['room', 'flat', '室号', '房号', '房间号', '门牌', '门牌号', '户号', '室'],
  storey: ['floor', '楼层', '层', '所在楼层'],
  resident: ['owner', 'name', '住户', '业主', '户主', '业主姓名', '住户姓名', '姓名'],
  phone: ['tel', 'mobile', '电话', '联系电话', '手机', '手机号', '联系方式'],
  note: ['remark', '备注', '说明'],
};

const LENGTHS = { building: 100, entrance: 50, number: 50, resident: 100, phone: 50, note: 500 } as const;
const STOREY = { least: -20, most: 200 } as const;

const FIELD_WORDS: Readonly<Record<HouseholdField, string>> = {
  building: '楼栋',
  entrance: '单元',
  number: '室号',
  storey: '楼层',
  resident: '住户',
  phone: '电话',
  note: '备注',
};

export function readHouseholds(text: string): CsvRow<HouseholdField>[] {
  const bytes = Buffer.byteLength(text);
  if (bytes > LIMITS.importFileBytes) {
    throw new SentinelError('import.too_large', { problem: `${bytes} bytes, more than ${LIMITS.importFileBytes}` });
  }
  const table = CsvTable.read(text);
  const columns = table.columns(HEADERS);
  if (!columns.includes('building') || !columns.includes('number')) {
    throw unreadableFile(1, 'the first line must be a header with building and number (楼栋, 室号)');
  }
  const rows = table.rows(HEADERS);
  if (rows.length > LIMITS.households) {
    throw new SentinelError('import.too_large', { problem: `${rows.length} lines, more than ${LIMITS.households}` });
  }
  return rows;
}

/** By what a household is found. */
export function placeOf({
  building,
  entrance,
  number,
}: Pick<HouseholdValues, 'building' | 'entrance' | 'number'>): string {
  return [building, entrance, number].join('\u0001');
}

export function planHouseholds(
  rows: readonly CsvRow<HouseholdField>[],
  register: HouseholdRegister,
  language: Language,
): HouseholdPlan {
  const say = (zh: string, en: string): string => (language === 'zh' ? zh : en);
  const field = (name: HouseholdField): string => say(FIELD_WORDS[name], name);
  const newBuildings = new Set<string>();
  const seen = new Map<string, number>();
  const added: HouseholdValues[] = [];
  const changed: { before: RegisteredHousehold; after: HouseholdValues }[] = [];
  const lines: HouseholdLine[] = [];
  let left = LIMITS.households - register.households.size;
  let buildingsLeft = LIMITS.buildings - register.buildings.size;

  for (const { line, fields, hasExtraCells } of rows) {
    const place = { building: fields.building ?? '', entrance: fields.entrance ?? '', number: fields.number ?? '' };
    const key = [place.building, place.entrance, place.number].filter(Boolean).join(' ');
    const wrong: string[] = [];
    if (hasExtraCells)
      wrong.push(
        say('值的个数超过列数；含逗号的值请加引号', 'more values than columns; a value with a comma needs quotes'),
      );
    for (const name of ['building', 'number'] as const) {
      if (place[name] === '') wrong.push(say(`缺少${field(name)}`, `has no ${name}`));
    }
    for (const [name, limit] of Object.entries(LENGTHS) as [keyof typeof LENGTHS, number][]) {
      const value = fields[name] ?? '';
      if (value.length > limit)
        wrong.push(say(`${field(name)}超过 ${limit} 个字符`, `${name} has more than ${limit} characters`));
      if (/[\u0000-\u0008\u000b-\u001f\u007f]|\p{Surrogate}/u.test(value))
        wrong.push(say(`${field(name)}含有控制字符`, `${name} has control characters`));
    }
    const storey = storeyOf(fields.storey);
    if (storey === 'wrong') {
      wrong.push(
        say(
          `楼层应为 ${STOREY.least} 到 ${STOREY.most} 的整数`,
          `storey must be a whole number from ${STOREY.least} to ${STOREY.most}`,
        ),
      );
    }
    const where = placeOf(place);
    const earlier = seen.get(where);
    if (earlier !== undefined) wrong.push(say(`与第 ${earlier} 行重复`, `stands on line ${earlier} already`));
    else seen.set(where, line);
    const before = register.households.get(where);
    if (!before && wrong.length === 0 && left <= 0) {
      wrong.push(
        say(
          `每套系统最多登记 ${LIMITS.households} 户`,
          `an installation takes ${LIMITS.households} households at most`,
        ),
      );
    }
    const isNewBuilding = !register.buildings.has(place.building) && !newBuildings.has(place.building);
    if (isNewBuilding && wrong.length === 0 && buildingsLeft <= 0) {
      wrong.push(
        say(`每套系统最多登记 ${LIMITS.buildings} 栋楼`, `an installation takes ${LIMITS.buildings} buildings at most`),
      );
    }
    if (wrong.length > 0) {
      lines.push({ line, key, outcome: 'refused', detail: wrong.join(say('；', '; ')) });
      continue;
    }
    const text = (name: 'resident' | 'phone' | 'note'): string =>
      fields[name] === undefined ? (before?.[name] ?? '') : (fields[name] ?? '');
    const after: HouseholdValues = {
      ...place,
      storey: fields.storey === undefined ? (before?.storey ?? null) : (storey as number | null),
      ...{ resident: text('resident'), phone: text('phone'), note: text('note') },
    };
    if (!before) {
      if (isNewBuilding) {
        newBuildings.add(place.building);
        buildingsLeft -= 1;
      }
      left -= 1;
      added.push(after);
      lines.push({ line, key, outcome: 'added', detail: isNewBuilding ? say('新楼栋', 'new building') : '' });
      continue;
    }
    const differing = (['storey', 'resident', 'phone', 'note'] as const).filter((name) => before[name] !== after[name]);
    if (differing.length === 0) {
      lines.push({ line, key, outcome: 'unchanged', detail: '' });
      continue;
    }
    changed.push({ before, after });
    const names = differing.map(field).join(say('、', ', '));
    lines.push({ line, key, outcome: 'changed', detail: say(`变更：${names}`, `changed: ${names}`) });
  }
  return { newBuildings: [...newBuildings], added, changed, lines };
}

function storeyOf(text: string | null | undefined): number | null | 'wrong' {
  if (text === null || text === undefined) return null;
  // 12层, 12F, B1, 地下1层, 负1
  const written = text.normalize('NFKC').replace(/\s/g, '');
  const found = /^(?:(b|-|负|地下)?(\d{1,3}))(?:层|楼|f)?$/i.exec(written);
  if (!found) return 'wrong';
  const storey = (found[1] ? -1 : 1) * Number(found[2]);
  return storey < STOREY.least || storey > STOREY.most ? 'wrong' : storey;
}
