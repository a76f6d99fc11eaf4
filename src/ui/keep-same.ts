/**
 * Lists that are asked for again and again: what has not changed stays the very object it was, so that nothing that
 * shows it is made anew.
 */

/** @param keyOf what makes two items the same thing, changed or not */
export function keepSame<Item>(
  before: readonly Item[] | undefined,
  now: readonly Item[],
  keyOf: (item: Item) => unknown,
): Item[] {
  const known = new Map(before?.map((item) => [keyOf(item), item]));
  return now.map((item) => {
    const old = known.get(keyOf(item));
    return old !== undefined && JSON.stringify(old) === JSON.stringify(item) ? old : item;
  });
}
