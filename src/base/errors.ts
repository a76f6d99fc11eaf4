/**
 * The one error table: every failure a person or a program may meet has a code here, with its HTTP status and what it
 * says in English and Chinese. `{name}` in a message is filled from the error's `details`. A library's error becomes one
 * of these in the driver that calls the library, with the library's error as `cause`.
 */

interface ErrorEntry {
  readonly status: number;
  readonly en: string;
  readonly zh: string;
}

export const ERROR_TABLE = {
  'config.invalid': { status: 500, en: '{where}: {problem}', zh: '{where}：{problem}' },
  'config.var_dir_unwritable': {
    status: 500,
    en: 'The data directory {dir} cannot be written: {problem}',
    zh: '数据目录 {dir} 无法写入：{problem}',
  },
  'config.port_taken': {
    status: 500,
    en: 'Port {port} on {host} is already in use; set SENTINEL_HTTP_PORT to another',
    zh: '{host} 的端口 {port} 已被占用，请用 SENTINEL_HTTP_PORT 指定其他端口',
  },
  'config.usage': { status: 500, en: '{problem}', zh: '{problem}' },
  'database.unreachable': {
    status: 503,
    en: 'The database cannot be reached: {problem}',
    zh: '无法连接数据库：{problem}',
  },
  'database.embedded_failed': {
    status: 500,
    en: 'The embedded PostgreSQL did not start: {problem}',
    zh: '内置 PostgreSQL 未能启动：{problem}',
  },
  'database.migration_failed': {
    status: 500,
    en: 'Migration {migration} failed: {problem}',
    zh: '数据库迁移 {migration} 失败：{problem}',
  },
  'blob.missing': { status: 404, en: 'Stored bytes {sha256} are missing', zh: '存储内容 {sha256} 缺失' },
  'blob.damaged': {
    status: 500,
    en: 'Stored bytes {sha256} do not match their digest',
    zh: '存储内容 {sha256} 与其摘要不符',
  },
  'blob.too_large': {
    status: 413,
    en: '{bytes} bytes are more than the {limitBytes} that may be stored at once',
    zh: '{bytes} 字节超过单次存储上限 {limitBytes}',
  },
  'picture.unreadable': {
    status: 422,
    en: 'The picture {what} cannot be read: {problem}',
    zh: '图片 {what} 无法读取：{problem}',
  },
  'picture.too_large': {
    status: 422,
    en: 'The picture {what} has {pixels} pixels, more than the {limitPixels} allowed',
    zh: '图片 {what} 有 {pixels} 像素，超过上限 {limitPixels}',
  },
} as const satisfies Record<string, ErrorEntry>;

export type ErrorCode = keyof typeof ERROR_TABLE;
export type ErrorDetails = Readonly<Record<string, string | number | boolean | null>>;

/** An error with a code of {@link ERROR_TABLE}; `message` is the filled-in English text. */
export class SentinelError extends Error {
  readonly code: ErrorCode;
  readonly details: ErrorDetails;

  constructor(code: ErrorCode, details: ErrorDetails = {}, options?: { cause?: unknown }) {
    super(fill(ERROR_TABLE[code].en, details), options);
    this.name = 'SentinelError';
    this.code = code;
    this.details = details;
  }

  get status(): number {
    return ERROR_TABLE[this.code].status;
  }

  /** The text for a reader of `language`. */
  messageIn(language: 'en' | 'zh'): string {
    return fill(ERROR_TABLE[this.code][language], this.details);
  }
}

/** The text of anything thrown, for a log line or as a `problem` detail. */
export function problemOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}

function fill(template: string, details: ErrorDetails): string {
  return template.replace(/\{(\w+)\}/g, (whole, name: string) => (name in details ? String(details[name]) : whole));
}
