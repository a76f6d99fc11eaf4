/**
 * Camera files, read into entries: what each line says, in the file's own order, not yet judged.
 *
 * YAML: a map with `cameras` and `credentials`, each a list of maps, or just the list of cameras. CSV: a header, then one
 * camera a line, or one credential a line where the header is of those; comma, semicolon or tab, RFC 4180 quotes. The
 * header may be English or Chinese; further columns are the estate's own business and are passed over.
 *
 * Errors: `import.unreadable` for a file that cannot be read as a whole, `import.too_large`.
 */
import {
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  parseDocument,
  type Document,
  type Node,
  type YAMLMap,
} from 'yaml';
import { SentinelError } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import { nearest } from '../base/nearest.ts';
import { CsvTable, unreadableFile, type CsvRow } from '../drivers/csv/csv.ts';
import type { Note } from './camera-words.ts';

export type CameraField =
  | 'key'
  | 'name'
  | 'place'
  | 'kind'
  | 'main_url'
  | 'sub_url'
  | 'onvif_url'
  | 'credential'
  | 'username'
  | 'password'
  | 'enabled'
  | 'location_code'
  | 'latitude'
  | 'longitude'
  | 'mounting_height_m';
export type CredentialField = 'name' | 'username' | 'password' | 'password_env';

/** Null: the file has the field and leaves it blank. Absent: it does not speak of it. */
type Fields<F extends string> = Readonly<Partial<Record<F, string | null>>>;

export interface CameraEntry {
  readonly what: 'camera';
  readonly line: number;
  readonly fields: Fields<CameraField>;
  /** What is wrong with its shape already. */
  readonly problems: readonly Note[];
}
export interface CredentialEntry {
  readonly what: 'credential';
  readonly line: number;
  readonly fields: Fields<CredentialField>;
  readonly problems: readonly Note[];
}
export type Entry = CameraEntry | CredentialEntry;

/** Headers as estates write them, beside the field's own name. */
const CAMERA_HEADERS: Readonly<Record<CameraField, readonly string[]>> = {
  key: ['id', 'code', '编号', '摄像机编号', '设备编号', '标识'],
  name: ['camera', 'title', '名称', '摄像机名称', '设备名称', '通道名称', '摄像头名称'],
  place: ['location', 'position', '位置', '安装位置', '地点', '安装地点'],
  kind: ['type', '类型', '摄像机类型', '设备类型'],
  main_url: ['url', 'main', 'rtsp', 'rtspurl', 'mainstream', '主码流', '主码流地址', '主流', '地址', 'rtsp地址'],
  sub_url: ['sub', 'substream', '子码流', '子码流地址', '辅码流', '辅码流地址', '子流'],
  onvif_url: ['onvif', 'onvif地址'],
  credential: ['login', '凭据', '凭证', '登录凭据', '凭据名称'],
  username: ['user', '用户名', '账号', '用户'],
  password: ['pass', '密码', '口令'],
  enabled: ['active', '启用', '是否启用'],
  location_code: ['位置编码', '位置编号', '点位编码', '点位编号', '点位代码', '地点编码'],
  latitude: ['lat', 'latitudedeg', '纬度', 'wgs84纬度'],
  longitude: ['lon', 'lng', 'longitudedeg', '经度', 'wgs84经度'],
  mounting_height_m: ['mountingheight', 'height', '安装高度', '架设高度', '离地高度'],
};
const CREDENTIAL_HEADERS: Readonly<Record<Exclude<CredentialField, 'password_env'>, readonly string[]>> = {
  name: ['credential', '名称', '凭据', '凭证', '凭据名称'],
  username: CAMERA_HEADERS.username,
  password: CAMERA_HEADERS.password,
};
/** A header with one of these is of cameras; `credential` alone may head the names of credentials. */
const CAMERAS_ONLY: readonly CameraField[] = [
  ...(['key', 'place', 'kind', 'main_url', 'sub_url', 'onvif_url', 'enabled'] as const),
  ...(['location_code', 'latitude', 'longitude', 'mounting_height_m'] as const),
];
const CAMERA_KEYS = Object.keys(CAMERA_HEADERS) as CameraField[];
const CREDENTIAL_KEYS: readonly CredentialField[] = ['name', 'username', 'password', 'password_env'];

export function readCameraFile(text: string, format: 'csv' | 'yaml'): Entry[] {
  const bytes = Buffer.byteLength(text);
  if (bytes > LIMITS.importFileBytes) {
    throw new SentinelError('import.too_large', { problem: `${bytes} bytes, more than ${LIMITS.importFileBytes}` });
  }
  const entries = format === 'csv' ? readCsv(text) : readYaml(text);
  if (entries.length > LIMITS.importLines) {
    throw new SentinelError('import.too_large', {
      problem: `${entries.length} lines, more than ${LIMITS.importLines}`,
    });
  }
  return entries;
}

// --- CSV -------------------------------------------------------------------------------------------------------------

function readCsv(text: string): Entry[] {
  const table = CsvTable.read(text);
  const cameras = table.columns(CAMERA_HEADERS);
  if (!cameras.some((field) => field !== undefined && CAMERAS_ONLY.includes(field))) {
    const credentials = table.columns(CREDENTIAL_HEADERS);
    if (credentials.includes('name') && credentials.includes('password')) {
      return table
        .rows(CREDENTIAL_HEADERS)
        .map((row) => ({ what: 'credential', ...entryOf(row, table.header.length) }));
    }
  }
  const rows = table.rows(CAMERA_HEADERS);
  const known = cameras.filter((field) => field !== undefined);
  if (known.length < 2 || !(known.includes('key') || known.includes('name'))) {
    throw unreadableFile(
      1,
      'the first line must be a header with name and main_url, sub_url or onvif_url (名称, 主码流, 子码流), ' +
        'or for credentials name, username and password (名称, 用户名, 密码)',
    );
  }
  return rows.map((row) => ({ what: 'camera', ...entryOf(row, table.header.length) }));
}

function entryOf<F extends string>(
  { line, fields, hasExtraCells }: CsvRow<F>,
  cells: number,
): { line: number; fields: Fields<F>; problems: Note[] } {
  return { line, fields, problems: hasExtraCells ? [{ note: 'too_many_cells', cells }] : [] };
}

// --- YAML ------------------------------------------------------------------------------------------------------------

function readYaml(text: string): Entry[] {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const lineAt = (offset: number | undefined): number => lines.linePos(offset ?? 0).line;
  const [broken] = document.errors;
  if (broken) throw unreadableFile(lineAt(broken.pos[0]), broken.message, broken);

  const { contents } = document;
  const sections: { name: 'cameras' | 'credentials'; node: unknown }[] = [];
  if (isSeq(contents)) sections.push({ name: 'cameras', node: contents });
  else if (isMap(contents)) {
    for (const { key, value } of contents.items) {
      const name = isScalar(key) ? String(key.value) : '';
      if (name !== 'cameras' && name !== 'credentials') {
        const meant = nearest(name, ['cameras', 'credentials']) ?? 'cameras';
        throw unreadableFile(lineAt((key as Node).range?.[0]), `unknown key "${name}"; did you mean "${meant}"?`);
      }
      sections.push({ name, node: value });
    }
  } else throw unreadableFile(undefined, 'it must be a map with cameras and credentials, or a list of cameras');

  return sections.flatMap(({ name, node }) => {
    if (isScalar(node) && node.value === null) return [];
    if (!isSeq(node)) throw unreadableFile(lineAt((node as Node).range?.[0]), `${name} must be a list`);
    return node.items.map((item): Entry => {
      const line = lineAt((item as Node).range?.[0]);
      const map = resolved(document, item);
      if (!isMap(map)) {
        const problems: Note[] = [{ note: 'no_map' }];
        return { what: name === 'cameras' ? 'camera' : 'credential', line, fields: {}, problems };
      }
      return name === 'cameras'
        ? { what: 'camera', line, ...mapFields(document, map, CAMERA_KEYS) }
        : { what: 'credential', line, ...mapFields(document, map, CREDENTIAL_KEYS) };
    });
  });
}

function mapFields<F extends string>(
  document: Document,
  map: YAMLMap,
  known: readonly F[],
): { fields: Fields<F>; problems: Note[] } {
  const fields: Partial<Record<F, string | null>> = {};
  const problems: Note[] = [];
  for (const pair of map.items) {
    const key = isScalar(pair.key) ? String(pair.key.value) : '';
    const field = known.find((name) => name === key);
    const value = resolved(document, pair.value);
    if (field === undefined) {
      problems.push({ note: 'unknown_field', given: key, meant: nearest(key, known) ?? '' });
    } else if (value === null || (isScalar(value) && value.value === null)) fields[field] = null;
    // An unquoted 0123 is a password to its writer, not the number 123.
    else if (isScalar(value)) {
      const written = (typeof value.value === 'string' ? value.value : (value.source ?? String(value.value))).trim();
      fields[field] = written === '' ? null : written;
    } else problems.push({ note: 'no_text', field });
  }
  return { fields, problems };
}

function resolved(document: Document, node: unknown): unknown {
  return isAlias(node) ? node.resolve(document) : node;
}
