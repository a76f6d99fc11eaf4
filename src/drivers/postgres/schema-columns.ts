/** What columns hold, as Kysely sees them: read, inserted, updated. */
import type { ColumnType } from 'kysely';

export type Stamp = ColumnType<Date, Date | string, Date | string>;
export type OptionalStamp = ColumnType<Date | null, Date | string | null | undefined, Date | string | null>;
export type DefaultStamp = ColumnType<Date, Date | string | undefined, Date | string>;
export type OptionalJson<T> = ColumnType<T | null, string | null | undefined, string | null>;
export type DefaultedJson<T> = ColumnType<T, string | undefined, string>;
export type Optional<T> = ColumnType<T | null, T | null | undefined, T | null>;
export type Defaulted<T> = ColumnType<T, T | undefined, T>;
/** Written once, never changed. */
export type Fixed<T> = ColumnType<T, T, never>;
/** Given by the database, never changed. */
export type Given<T> = ColumnType<T, never, never>;
