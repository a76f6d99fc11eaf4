/** Where a camera hangs, as it is written and as it is typed. Pure. */

/** Degrees of WGS-84, north and east positive, to about a decimetre. */
export function coordinatesText(at: { readonly latitudeDeg: number; readonly longitudeDeg: number }): string {
  return `${at.latitudeDeg.toFixed(6)}°, ${at.longitudeDeg.toFixed(6)}°`;
}

/** @returns null where nothing was typed, undefined where it is no number of that range */
export function figureOf(typed: string, from: number, to: number): number | null | undefined {
  const text = typed.trim();
  if (text === '') return null;
  const value = /^[-+]?\d{1,4}(?:\.\d{1,15})?$/.test(text) ? Number(text) : Number.NaN;
  return value >= from && value <= to ? value : undefined;
}

/** @returns the two numbers of a pair that was pasted as one, `31.980123, 120.894130` */
export function pairOf(typed: string): [string, string] | undefined {
  const match = /^\s*([-+]?\d{1,3}(?:\.\d+)?)°?\s*[,，;\s]\s*([-+]?\d{1,3}(?:\.\d+)?)°?\s*$/.exec(typed);
  return match ? [match[1] ?? '', match[2] ?? ''] : undefined;
}
