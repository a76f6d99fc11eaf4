/** What is drawn on copies of pictures before they are packed. Places are fractions of the picture. */
import type { PictureMarks } from '../../web/contract.ts';

export type MarkTool = 'frame' | 'blur' | 'words';
export const MARK_TOOLS: readonly MarkTool[] = ['frame', 'blur', 'words'];
export const MARK_TEXT_MOST = 60;

export type Box = [number, number, number, number];

/** One thing drawn, in the order in which it was. */
export interface Mark {
  readonly tool: MarkTool;
  /** Of words: where their base line begins, without size. */
  readonly box: Box;
  readonly text: string;
}

/** Smaller is a slip of the hand. */
const SMALLEST = 0.008;

/** @returns the box between two points; undefined where it is too small to be meant */
export function boxBetween([x0, y0]: readonly [number, number], [x1, y1]: readonly [number, number]): Box | undefined {
  const clamp = (value: number): number => Math.round(Math.min(1, Math.max(0, value)) * 10_000) / 10_000;
  const [left, top] = [clamp(Math.min(x0, x1)), clamp(Math.min(y0, y1))];
  const width = Math.round((clamp(Math.max(x0, x1)) - left) * 10_000) / 10_000;
  const height = Math.round((clamp(Math.max(y0, y1)) - top) * 10_000) / 10_000;
  return width < SMALLEST || height < SMALLEST ? undefined : [left, top, width, height];
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
