/**
 * Where a turret can point and how a device counts it (ONVIF PTZ Service, 5.7 and annex A; XML schema `PTZSpaces`).
 * Outside the driver pan and tilt run from -1 to 1 and zoom from 0 to 1, as in ONVIF's generic spaces; where a device
 * counts otherwise, in degrees for instance, it is told and asked in its own numbers.
 */
import { attributeOf, elementsOf, numberOf, readNumber, textOf } from './answers.ts';

/** Pan and tilt -1..1: right and up positive; zoom 0..1: 1 is the narrowest. */
export interface TurretPosition {
  readonly pan: number;
  readonly tilt: number;
  /** null where the device has no zoom or does not tell it. */
  readonly zoom: number | null;
}

/** A shift or a speed, each part -1..1; a part left out is not moved. */
export interface TurretVector {
  readonly pan?: number;
  readonly tilt?: number;
  readonly zoom?: number;
}

interface Range {
  readonly least: number;
  readonly most: number;
}

interface Space {
  readonly uri: string;
  readonly x: Range;
  readonly y: Range;
}

/** The spaces of one kind of movement; undefined where the device has none. */
export interface SpacePair {
  readonly panTilt: Space | undefined;
  readonly zoom: Space | undefined;
}

export interface TurretSpaces {
  readonly absolute: SpacePair;
  readonly relative: SpacePair;
  readonly continuous: SpacePair;
  readonly speed: SpacePair;
  /** Shifts counted in the picture: 1 brings what is at the right or upper edge to the middle. */
  readonly inPicture: Space | undefined;
}

const WHOLE: Range = { least: -1, most: 1 };
const UPPER: Range = { least: 0, most: 1 };

/** What a turret is taken to have that does not describe itself: ONVIF's generic spaces. */
export const ASSUMED_SPACES: TurretSpaces = {
  absolute: { panTilt: { uri: '', x: WHOLE, y: WHOLE }, zoom: { uri: '', x: UPPER, y: UPPER } },
  relative: { panTilt: { uri: '', x: WHOLE, y: WHOLE }, zoom: { uri: '', x: WHOLE, y: WHOLE } },
  continuous: { panTilt: { uri: '', x: WHOLE, y: WHOLE }, zoom: { uri: '', x: WHOLE, y: WHOLE } },
  speed: { panTilt: { uri: '', x: UPPER, y: UPPER }, zoom: { uri: '', x: UPPER, y: UPPER } },
  inPicture: undefined,
};

const GENERIC = /Generic(Speed)?Space$/i;
const IN_PICTURE = /TranslationSpaceFov$/i;

/** @param xml a PTZNode, or anything that holds its `SupportedPTZSpaces` */
export function readSpaces(xml: string): TurretSpaces {
  const generic = (name: string): Space | undefined => {
    const spaces = elementsOf(xml, name)
      .map(readSpace)
      .filter((space) => space !== undefined);
    return spaces.find((space) => GENERIC.test(space.uri)) ?? spaces.find((space) => !IN_PICTURE.test(space.uri));
  };
  const pair = (panTilt: string, zoom: string): SpacePair => ({ panTilt: generic(panTilt), zoom: generic(zoom) });
  return {
    absolute: pair('AbsolutePanTiltPositionSpace', 'AbsoluteZoomPositionSpace'),
    relative: pair('RelativePanTiltTranslationSpace', 'RelativeZoomTranslationSpace'),
    continuous: pair('ContinuousPanTiltVelocitySpace', 'ContinuousZoomVelocitySpace'),
    speed: pair('PanTiltSpeedSpace', 'ZoomSpeedSpace'),
    inPicture: elementsOf(xml, 'RelativePanTiltTranslationSpace')
      .map(readSpace)
      .find((space) => space && IN_PICTURE.test(space.uri)),
  };
}

/** @returns the `Position` or `PTZPosition` in `xml`; null where the device gives no pan and tilt, or no numbers */
export function readPosition(xml: string, spaces: TurretSpaces): TurretPosition | null {
  const panTilt = elementsOf(xml, 'PanTilt')[0];
  const zoom = elementsOf(xml, 'Zoom')[0];
  const x = panTilt === undefined ? undefined : readNumber(attributeOf(panTilt, 'x'));
  const y = panTilt === undefined ? undefined : readNumber(attributeOf(panTilt, 'y'));
  const z = zoom === undefined ? undefined : readNumber(attributeOf(zoom, 'x'));
  if (x === undefined || y === undefined) return null;
  const { panTilt: turning, zoom: zooming } = spaces.absolute;
  return {
    pan: share(x, turning?.x ?? WHOLE) * 2 - 1,
    tilt: share(y, turning?.y ?? WHOLE) * 2 - 1,
    zoom: z === undefined ? null : share(z, zooming?.x ?? UPPER),
  };
}

/** Writes a place to go to in the device's numbers. */
export function writePosition({ pan, tilt, zoom }: TurretPosition, { absolute }: TurretSpaces): string {
  const { panTilt, zoom: zooming } = absolute;
  const turn = panTilt ? writePanTilt(place((pan + 1) / 2, panTilt.x), place((tilt + 1) / 2, panTilt.y), panTilt) : '';
  return turn + (zooming && zoom !== null ? writeZoom(place(zoom, zooming.x), zooming) : '');
}

/** Writes a shift or a speed in the device's numbers; a part that the device cannot move is left out. */
export function writeVector({ pan, tilt, zoom }: TurretVector, { panTilt, zoom: zooming }: SpacePair): string {
  const turns = pan !== undefined || tilt !== undefined;
  return (
    (turns && panTilt ? writePanTilt(scaled(pan ?? 0, panTilt.x), scaled(tilt ?? 0, panTilt.y), panTilt) : '') +
    (zoom !== undefined && zooming ? writeZoom(scaled(zoom, zooming.x), zooming) : '')
  );
}

function readSpace(xml: string): Space | undefined {
  const x = readRange(elementsOf(xml, 'XRange')[0]);
  if (!x) return undefined;
  return { uri: textOf(xml, 'URI') ?? '', x, y: readRange(elementsOf(xml, 'YRange')[0]) ?? x };
}

function readRange(xml: string | undefined): Range | undefined {
  const least = xml === undefined ? undefined : numberOf(xml, 'Min');
  const most = xml === undefined ? undefined : numberOf(xml, 'Max');
  return least === undefined || most === undefined || least >= most ? undefined : { least, most };
}

const share = (value: number, { least, most }: Range): number => clamp((value - least) / (most - least), 0, 1);

const place = (part: number, { least, most }: Range): number => least + clamp(part, 0, 1) * (most - least);

const scaled = (part: number, { least, most }: Range): number =>
  clamp(part, -1, 1) * (part < 0 && least < 0 ? -least : most);

const clamp = (value: number, least: number, most: number): number => Math.min(most, Math.max(least, value));

const writePanTilt = (x: number, y: number, { uri }: Space): string =>
  `<tt:PanTilt x="${written(x)}" y="${written(y)}"${spaceAttribute(uri)}/>`;

const writeZoom = (x: number, { uri }: Space): string => `<tt:Zoom x="${written(x)}"${spaceAttribute(uri)}/>`;

/** A device reads a vector without a space by its own default, which is the generic one unless somebody changed it. */
const spaceAttribute = (uri: string): string => (uri === '' || /["&<>]/.test(uri) ? '' : ` space="${uri}"`);

/** Not in exponents, which some devices cannot read, and no finer than any turret stands. */
const written = (value: number): string => String(Number(value.toFixed(6))).replace(/^-0$/, '0');
