/**
 * What the screens of the wall show. Each has a layout, assigned from the console; one that was never assigned shows the
 * default. Pure rules here; the layout's shape is the HTTP contract's.
 */

/** Of a layout, what these rules look at. */
export interface AssignedScreen {
  readonly number: number;
  readonly takeover: 'none' | 'safety' | 'all';
  /** How many cameras an automatic grid shows at once; 0 where the screen shows none, or chosen ones. */
  readonly automaticTiles: number;
  /** Seconds that an automatic grid stays before it turns to the next cameras. */
  readonly turnS: number;
}

export interface Turn {
  readonly cameraIds: readonly number[];
  /** Which of so many turns this is, from 1. */
  readonly turn: number;
  readonly of: number;
  /** When the next begins, by the server's clock; null where one turn shows all. */
  readonly untilMs: number | null;
}

/**
 * The cameras of an automatic screen at a moment. Automatic screens share the cameras and turn together: at any moment no
 * two of them show the same one while there are enough, and over the turns they show every one.
 */
export function automaticTurn(
  cameraIds: readonly number[],
  screens: readonly AssignedScreen[],
  number: number,
  nowMs: number,
): Turn {
  const automatic = screens.filter(({ automaticTiles }) => automaticTiles > 0).sort((a, b) => a.number - b.number);
  const mine = automatic.find((screen) => screen.number === number);
  const count = cameraIds.length;
  if (!mine || count === 0) return { cameraIds: [], turn: 1, of: 1, untilMs: null };
  const tilesOf = (some: readonly AssignedScreen[]): number =>
    some.reduce((sum, { automaticTiles }) => sum + automaticTiles, 0);
  const together = tilesOf(automatic);
  const of = Math.ceil(count / together);
  const turnMs = Math.max(...automatic.map(({ turnS }) => turnS)) * 1000;
  const step = Math.floor(nowMs / turnMs);
  const turn = step % of;
  const first = turn * together + tilesOf(automatic.filter((screen) => screen.number < number));
  const shown = Array.from(
    { length: Math.min(mine.automaticTiles, count) },
    (_, at) => cameraIds[(first + at) % count] as number,
  );
  return { cameraIds: shown, turn: turn + 1, of, untilMs: of === 1 ? null : (step + 1) * turnMs };
}

/**
 * Which of the ranked alerts takes the middle of a screen: the gravest on the first screen that is configured for it, the
 * next on the second, and so on. @returns from 0; undefined where the screen takes none
 */
export function takeoverPlace(screens: readonly AssignedScreen[], number: number): number | undefined {
  const taking = screens.filter(({ takeover }) => takeover !== 'none').map((screen) => screen.number);
  const place = taking.sort((a, b) => a - b).indexOf(number);
  return place < 0 ? undefined : place;
}
