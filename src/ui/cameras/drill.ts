/** How the drill's sizes are told. */

const LOOK_WIDTH_PX = 640;
const LOOK_HEIGHT_PX = 360;
/** Width over height of a structure of the usual shape. */
const USUAL_ASPECT = 1.6;

/** A share of the picture in percent, without digits that say nothing. */
export function shareText(share: number): string {
  return (share * 100).toFixed(share < 0.02 ? 1 : 0);
}

/** About how large that is on the picture that is looked at. */
export function pixelsOf(share: number): readonly [width: number, height: number] {
  const height = Math.sqrt((share * LOOK_WIDTH_PX * LOOK_HEIGHT_PX) / USUAL_ASPECT);
  return [Math.round(height * USUAL_ASPECT), Math.round(height)];
}
