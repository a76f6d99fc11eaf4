/** Opaque cursors: the sort key of a page's last item, as JSON in base64url. */
import { SentinelError } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';

/** Of PostgreSQL's `integer`. */
const INTEGER_MOST = 2_147_483_647;

export function writeCursor(key: number): string {
  return Buffer.from(JSON.stringify([key])).toString('base64url');
}

/**
 * @param most the largest key the list's table can have
 * @throws `web.bad_cursor` for a text that {@link writeCursor} did not make
 */
export function readCursor(cursor: string | undefined, most: number = INTEGER_MOST): number | undefined {
  if (cursor === undefined) return undefined;
  const key = readKey(cursor);
  if (typeof key !== 'number' || !Number.isSafeInteger(key) || key < 0 || key > most) {
    throw new SentinelError('web.bad_cursor');
  }
  return key;
}

function readKey(cursor: string): unknown {
  try {
    const read: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'));
    return Array.isArray(read) && read.length === 1 ? read[0] : undefined;
  } catch (thrown) {
    throw new SentinelError('web.bad_cursor', {}, { cause: thrown });
  }
}

export function pageSize(limit: number | undefined): number {
  return Math.min(limit ?? LIMITS.pageItemsDefault, LIMITS.pageItemsMost);
}

/** One page out of up to `limit + 1` rows: the extra row only says that there is a next page. */
export function pageOf<Row, Item>(
  rows: readonly Row[],
  limit: number,
  itemOf: (row: Row) => Item,
  keyOf: (row: Row) => number,
): { items: Item[]; next: string | null } {
  const shown = rows.slice(0, limit);
  const last = shown.at(-1);
  return {
    items: shown.map(itemOf),
    next: rows.length > limit && last !== undefined ? writeCursor(keyOf(last)) : null,
  };
}
