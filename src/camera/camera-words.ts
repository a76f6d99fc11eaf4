/** What an import says of a line, in English and Chinese. `{name}` is filled from the note. */

const WORDS = {
  // what is wrong
  no_map: { en: 'not a map with keys such as name and main_url', zh: '应为包含 name、main_url 等键的映射' },
  no_text: { en: '{field} must be a text', zh: '{field}应为文本' },
  unknown_field: { en: 'unknown key "{given}"', zh: '未知的键“{given}”' },
  unknown_field_meant: {
    en: 'unknown key "{given}"; did you mean "{meant}"?',
    zh: '未知的键“{given}”，是否应为“{meant}”？',
  },
  too_many_cells: {
    en: 'more values than the {cells} columns; a value with a comma needs quotes',
    zh: '值的个数超过 {cells} 列；含逗号的值请加引号',
  },
  no_name: { en: 'has neither key nor name', zh: '缺少编号和名称' },
  too_long: { en: '{field} has more than {limit} characters', zh: '{field}超过 {limit} 个字符' },
  unprintable: { en: '{field} has control characters', zh: '{field}含有控制字符' },
  kind_unknown: { en: 'kind must be fixed or ptz', zh: '类型应为 固定 或 球机' },
  enabled_unknown: { en: 'enabled must be yes or no', zh: '启用应为 是 或 否' },
  figure_bad: {
    en: '{field} must be a number from {from} to {to}',
    zh: '{field}应为 {from} 至 {to} 的数字',
  },
  coordinates_incomplete: {
    en: 'latitude and longitude must both be given',
    zh: '纬度和经度必须同时填写',
  },
  no_address: {
    en: 'has no address: main_url, sub_url or onvif_url must be given',
    zh: '缺少地址：主码流、子码流、ONVIF 地址至少填写一项',
  },
  bad_address: { en: '{field}: {problem}', zh: '{field}：{problem}' },
  no_onvif_address: {
    en: 'onvif_url must be an http:// or https:// address, or host or host:port',
    zh: 'ONVIF 地址应为 http:// 或 https:// 地址，或“主机”“主机:端口”',
  },
  stray_at: {
    en: '{field} has an "@" behind the host; write / ? # @ in a password as %2F %3F %23 %40, or give the login apart',
    zh: '{field}在主机之后含有“@”；密码中的 / ? # @ 请写作 %2F %3F %23 %40，或单独填写登录信息',
  },
  secret_in_path: {
    en: '{field} carries a password in its path, where it cannot be kept secret',
    zh: '{field}的路径中含有密码，无法保密',
  },
  logins_differ: { en: 'its addresses carry different logins', zh: '各地址中的登录信息不一致' },
  login_and_credential: {
    en: 'gives a login and names a credential; keep one of them',
    zh: '既填写了登录信息又引用了凭据，请只保留一项',
  },
  login_incomplete: { en: 'username and password must both be given', zh: '用户名和密码必须同时填写' },
  credential_unknown: { en: 'credential "{name}" is not known', zh: '凭据“{name}”不存在' },
  credential_refused: { en: 'credential "{name}" was refused on line {line}', zh: '凭据“{name}”在第 {line} 行被拒绝' },
  credential_unnamed: { en: 'the credential has no name', zh: '凭据缺少名称' },
  password_twice: { en: 'give password or password_env, not both', zh: 'password 与 password_env 只能填写一项' },
  environment_closed: {
    en: 'password_env works on the command line only',
    zh: 'password_env 只能在命令行导入时使用',
  },
  environment_empty: { en: 'the environment variable {name} is not set', zh: '环境变量 {name} 未设置' },
  key_again: { en: 'stands on line {line} already', zh: '与第 {line} 行重复' },
  too_many_cameras: {
    en: 'an installation takes {limit} cameras at most',
    zh: '每套系统最多登记 {limit} 台摄像机',
  },
  // what is worth saying
  changed: { en: 'changed: {fields}', zh: '变更：{fields}' },
  login_moved: {
    en: 'its login is kept encrypted as credential "{name}", not in the address',
    zh: '登录信息已加密保存为凭据“{name}”，地址中不保留',
  },
  same_stream: { en: 'same {field} as line {line}', zh: '{field}与第 {line} 行相同' },
  resealed: {
    en: 'the password kept before cannot be opened with the present key and was replaced',
    zh: '原保存的密码无法用当前密钥解开，已替换',
  },
} as const;

const FIELDS: Readonly<Record<string, string>> = {
  key: '编号',
  name: '名称',
  place: '位置',
  kind: '类型',
  main_url: '主码流',
  sub_url: '子码流',
  onvif_url: 'ONVIF 地址',
  credential: '凭据',
  username: '用户名',
  password: '密码',
  enabled: '启用',
  location_code: '位置编码',
  latitude: '纬度',
  longitude: '经度',
  mounting_height_m: '安装高度（米）',
};

export type Language = 'en' | 'zh';

/** One thing said of a line; what it needs beyond its name fills the text. */
export interface Note {
  readonly note: keyof typeof WORDS;
  readonly [filling: string]: string | number | readonly string[];
}

export function noteText(note: Note, language: Language): string {
  const words = WORDS[note.note === 'unknown_field' && note['meant'] !== '' ? 'unknown_field_meant' : note.note];
  const shown = (name: string): string => {
    const value = note[name] ?? '';
    if (name !== 'field' && name !== 'fields') return String(value);
    const fields = typeof value === 'object' ? value : [String(value)];
    return fields
      .map((field) => (language === 'zh' ? (FIELDS[field] ?? field) : field))
      .join(language === 'zh' ? '、' : ', ');
  };
  return words[language].replace(/\{(\w+)\}/g, (_, name: string) => shown(name));
}

export function notesText(notes: readonly Note[], language: Language): string {
  return notes.map((note) => noteText(note, language)).join(language === 'zh' ? '；' : '; ');
}
