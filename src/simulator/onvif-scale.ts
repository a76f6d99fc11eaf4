/** Between the degrees and magnifications of a simulated turret and ONVIF's generic spaces: pan and tilt -1..1, zoom 0..1. */
import { xml, type Element, type Markup } from './onvif-xml.ts';
import { TURRET_MAKE, type TurretPosition, type TurretVelocity } from './turret.ts';

/** Width and height of the picture at zoom 1, degrees. */
export type WidestView = readonly [widthDeg: number, heightDeg: number];

const PTZ_SPACES = 'http://www.onvif.org/ver10/tptz';
export const SPACES = {
  position: `${PTZ_SPACES}/PanTiltSpaces/PositionGenericSpace`,
  zoomPosition: `${PTZ_SPACES}/ZoomSpaces/PositionGenericSpace`,
  translation: `${PTZ_SPACES}/PanTiltSpaces/TranslationGenericSpace`,
  zoomTranslation: `${PTZ_SPACES}/ZoomSpaces/TranslationGenericSpace`,
  inPicture: `${PTZ_SPACES}/PanTiltSpaces/TranslationSpaceFov`,
  velocity: `${PTZ_SPACES}/PanTiltSpaces/VelocityGenericSpace`,
  zoomVelocity: `${PTZ_SPACES}/ZoomSpaces/VelocityGenericSpace`,
  speed: `${PTZ_SPACES}/PanTiltSpaces/GenericSpeedSpace`,
  zoomSpeed: `${PTZ_SPACES}/ZoomSpaces/ZoomGenericSpeedSpace`,
} as const;

/** What one vector of a request asks for, each part -1..1; a part not named is left out. */
export interface Wish {
  readonly pan?: number;
  readonly tilt?: number;
  readonly zoom?: number;
  /** The space the pan and tilt are counted in, if one was named. */
  readonly space?: string | undefined;
}

/** @returns the `PanTilt` and `Zoom` of a vector; undefined if a number is none or lies outside -1..1 */
export function readVector(vector: Element | undefined): Wish | undefined {
  if (!vector) return undefined;
  const panTilt = vector.child('PanTilt');
  const zoom = vector.child('Zoom');
  const [x, y, z] = [panTilt?.number('x'), panTilt?.number('y'), zoom?.number('x')];
  const missing = (panTilt && (x === undefined || y === undefined)) || (zoom && z === undefined);
  if (missing || [x, y, z].some((value) => value !== undefined && Math.abs(value) > 1)) return undefined;
  return {
    ...(x !== undefined && { pan: x }),
    ...(y !== undefined && { tilt: y }),
    ...(z !== undefined && { zoom: z }),
    space: panTilt?.attribute('space'),
  };
}

const TILT = TURRET_MAKE.tilt.range;
const ZOOM = TURRET_MAKE.zoom.range;

const between = ([least, most]: readonly [number, number], share: number): number => least + share * (most - least);

const shareOf = ([least, most]: readonly [number, number], value: number): number => (value - least) / (most - least);

/** Where a position of the generic spaces lies. */
export function placeOf({ pan, tilt, zoom }: Wish): Partial<TurretPosition> {
  return {
    ...(pan !== undefined && { panDeg: pan * 180 }),
    ...(tilt !== undefined && { tiltDeg: between(TILT, (tilt + 1) / 2) }),
    ...(zoom !== undefined && { zoom: between(ZOOM, Math.max(0, zoom)) }),
  };
}

/** How fast a velocity of the generic spaces goes. */
export function velocityOf({ pan, tilt, zoom }: Wish): Partial<TurretVelocity> {
  return {
    ...(pan !== undefined && { panDegPerS: pan * TURRET_MAKE.pan.topSpeedPerS }),
    ...(tilt !== undefined && { tiltDegPerS: tilt * TURRET_MAKE.tilt.topSpeedPerS }),
    ...(zoom !== undefined && { zoomPerS: zoom * TURRET_MAKE.zoom.topSpeedPerS }),
  };
}

/** Where a shift leads from `at`. A shift of 1 is the whole range, in the picture half of it. */
export function shiftedFrom(at: TurretPosition, wish: Wish, [widthDeg, heightDeg]: WidestView): TurretPosition {
  const { pan = 0, tilt = 0, zoom = 0, space } = wish;
  const inPicture = space === SPACES.inPicture;
  const panDeg = inPicture ? angleOf(pan, widthDeg, at.zoom) : pan * 360;
  const tiltDeg = inPicture ? angleOf(tilt, heightDeg, at.zoom) : tilt * (TILT[1] - TILT[0]);
  return {
    panDeg: at.panDeg + panDeg,
    tiltDeg: at.tiltDeg + tiltDeg,
    zoom: at.zoom + zoom * (ZOOM[1] - ZOOM[0]),
  };
}

/** A position as a device tells it. */
export function writePlace({ panDeg, tiltDeg, zoom }: TurretPosition): Markup {
  const pan = panDeg / 180;
  const tilt = shareOf(TILT, tiltDeg) * 2 - 1;
  return xml`<tt:PanTilt x="${pan.toFixed(6)}" y="${tilt.toFixed(6)}" space="${SPACES.position}"/><tt:Zoom x="${shareOf(ZOOM, zoom).toFixed(6)}" space="${SPACES.zoomPosition}"/>`;
}

/** How far off the middle lies what stands `share` of half the picture from it, at a magnification: pictures are flat. */
function angleOf(share: number, widestDeg: number, zoom: number): number {
  return (Math.atan((share * Math.tan((widestDeg * Math.PI) / 360)) / zoom) * 180) / Math.PI;
}
