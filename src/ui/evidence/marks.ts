/** What is drawn on copies of pictures before they are packed. Places are fractions of the picture. Pure. */
import type { PictureMarks } from '../../web/contract.ts';

export type MarkTool = 'frame' | 'blur' | 'words';
export const MARK_TOOLS: readonly MarkTool[] = ['frame', 'blur', 'words'];
export const MARK_TEXT_MOST = 60;
/** As the server takes them on one picture. */
export const MARKS_MOST: Readonly<Record<MarkTool, number>> = { frame: 20, blur: 50, words: 20 };

export type Box = [number, number, number, number];

/** One thing drawn, in the order in which it was. */
export interface Mark {
  readonly tool: MarkTool;
  /** Of words: where their base line begins, without size. */
  readonly box: Box;
  readonly text: string;
  /** The machine put it there, and nobody has touched it. */
  readonly isProposed?: boolean;
}

/** Smaller is a slip of the hand. */
const SMALLEST = 0.008;

const rounded = (value: number): number => Math.round(value * 10_000) / 10_000;
const clamped = (value: number, most = 1): number => rounded(Math.min(most, Math.max(0, value)));

/** @returns the box between two points; undefined where it is too small to be meant */
export function boxBetween([x0, y0]: readonly [number, number], [x1, y1]: readonly [number, number]): Box | undefined {
  const [left, top] = [clamped(Math.min(x0, x1)), clamped(Math.min(y0, y1))];
  const width = rounded(clamped(Math.max(x0, x1)) - left);
  const height = rounded(clamped(Math.max(y0, y1)) - top);
  return width < SMALLEST || height < SMALLEST ? undefined : [left, top, width, height];
}

/** The box elsewhere, as far as the picture goes. */
export function shifted([x, y, width, height]: Box, dx: number, dy: number): Box {
  return [clamped(x + dx, 1 - width), clamped(y + dy, 1 - height), width, height];
}

/**
 * What the machine proposes to cover, instead of what it proposed before; what a person drew stays.
 * @returns how many of them the picture takes, and how many it does not
 */
export function withProposed(
  marks: readonly Mark[],
  areas: readonly Box[],
): { marks: readonly Mark[]; taken: number; left: number } {
  const own = marks.filter(({ isProposed }) => !isProposed);
  const room = Math.max(0, MARKS_MOST.blur - own.filter(({ tool }) => tool === 'blur').length);
  const taken = areas.slice(0, room).map(([x, y, width, height]): Mark => {
    const box: Box = [rounded(x), rounded(y), rounded(width), rounded(height)];
    return { tool: 'blur', box, text: '', isProposed: true };
  });
  return { marks: [...own, ...taken], taken: taken.length, left: areas.length - taken.length };
}

/** As the server takes them; undefined where nothing was drawn. */
export function marksOf(
  snapshotId: string,
  role: PictureMarks['role'],
  marks: readonly Mark[],
): PictureMarks | undefined {
  if (marks.length === 0) return undefined;
  const of = (tool: MarkTool): readonly Mark[] => marks.filter((mark) => mark.tool === tool);
  return {
    snapshotId,
    role,
    frames: of('frame').map(({ box, text }) => ({ box, text })),
    words: of('words').map(({ box: [x, y], text }) => ({ at: [x, y], text })),
    blurred: of('blur').map(({ box }) => box),
  };
}
