/** The keys of the review page, once: the page acts by this table and the help is written from it. */
interface KeyEntry {
  readonly group: 'queue' | 'look' | 'decide';
  /** What it does; its sentence is `help.<what>`. */
  readonly what: string;
  /** As `KeyboardEvent.key` names them, letters small. */
  readonly keys: readonly string[];
}

export const REVIEW_KEYS = [
  { group: 'queue', what: 'next', keys: ['j', 'ArrowDown'] },
  { group: 'queue', what: 'previous', keys: ['k', 'ArrowUp'] },
  { group: 'queue', what: 'fresh', keys: ['n'] },
  { group: 'queue', what: 'order', keys: ['g'] },
  { group: 'queue', what: 'bundle', keys: ['x'] },
  { group: 'queue', what: 'states', keys: ['t'] },
  { group: 'queue', what: 'filter', keys: ['f', '/'] },
  { group: 'queue', what: 'seen', keys: ['m'] },
  { group: 'look', what: 'slide', keys: ['ArrowLeft', 'ArrowRight'] },
  { group: 'look', what: 'blink', keys: ['b'] },
  { group: 'look', what: 'modeSlide', keys: ['s'] },
  { group: 'look', what: 'modeSide', keys: ['d'] },
  { group: 'look', what: 'overlay', keys: ['o'] },
  { group: 'look', what: 'place', keys: ['z'] },
  { group: 'look', what: 'zoom', keys: ['+', '=', '-'] },
  { group: 'look', what: 'whole', keys: ['0'] },
  { group: 'look', what: 'looks', keys: ['[', ']'] },
  { group: 'look', what: 'neighbour', keys: ['h'] },
  { group: 'decide', what: 'claim', keys: ['c'] },
  { group: 'decide', what: 'violation', keys: ['1'] },
  { group: 'decide', what: 'falseAlarm', keys: ['2'] },
  { group: 'decide', what: 'permitted', keys: ['3'] },
  { group: 'decide', what: 'duplicate', keys: ['4'] },
  { group: 'decide', what: 'transferred', keys: ['5'] },
  { group: 'decide', what: 'reasons', keys: ['6', '7', '8', '9'] },
  { group: 'decide', what: 'again', keys: ['r'] },
  { group: 'decide', what: 'undo', keys: ['u'] },
  { group: 'decide', what: 'escape', keys: ['Escape'] },
  { group: 'decide', what: 'help', keys: ['?'] },
] as const satisfies readonly KeyEntry[];

export type ReviewAction = (typeof REVIEW_KEYS)[number]['what'];

/** How a key is written on its cap. */
const CAPS: Readonly<Record<string, string>> = {
  ArrowDown: '↓',
  ArrowUp: '↑',
  ArrowLeft: '←',
  ArrowRight: '→',
  Escape: 'Esc',
};

export function capOf(key: string): string {
  return CAPS[key] ?? key;
}

/** Binds every action to its keys; one that is left out does not compile. */
export function hotkeysOf<Act>(acts: Readonly<Record<ReviewAction, Act>>): Readonly<Record<string, Act>> {
  return Object.fromEntries(REVIEW_KEYS.flatMap(({ what, keys }) => keys.map((key) => [key, acts[what]])));
}
