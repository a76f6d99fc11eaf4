/** The size at which the networks look at a picture. Pure. */

export interface WorkingSize {
  readonly widthPx: number;
  readonly heightPx: number;
}

const WORKING_AREA_PX = 512 * 288;
const GRID_PX = 32;

/** Working size of a picture: a multiple of 32 each way, about the working area, nearly the picture's proportions. */
export function workingSizeOf(widthPx: number, heightPx: number): WorkingSize {
  const scale = Math.sqrt(WORKING_AREA_PX / (widthPx * heightPx));
  // A ribbon of a picture is squeezed rather than worked at a size nothing was trained on.
  const side = (px: number): number => Math.min(1024, Math.max(128, Math.round((px * scale) / GRID_PX) * GRID_PX));
  return { widthPx: side(widthPx), heightPx: side(heightPx) };
}
