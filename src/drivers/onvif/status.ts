/** What a turret says of itself at one moment (ONVIF PTZ Service, GetStatus). */
import { elementsOf, textOf } from './answers.ts';
import { readPosition, type TurretPosition, type TurretSpaces } from './spaces.ts';

export interface TurretStatus {
  /** null where the device does not tell. */
  readonly position: TurretPosition | null;
  /** Whether pan, tilt or zoom runs; null where the device does not tell. */
  readonly moving: boolean | null;
  /** The stamp of this status by the device's clock, UTC ms since 1970; null if it has none. */
  readonly utcMs: number | null;
  /** What the device says is wrong with its turret; '' while nothing is. */
  readonly problem: string;
}

/** @returns the status in a GetStatus answer; undefined if it holds none */
export function readStatus(xml: string, spaces: TurretSpaces): TurretStatus | undefined {
  const status = elementsOf(xml, 'PTZStatus')[0];
  if (status === undefined) return undefined;
  const position = elementsOf(status, 'Position')[0];
  const problem = textOf(status, 'Error') ?? '';
  return {
    position: position === undefined ? null : readPosition(position, spaces),
    moving: readMoving(elementsOf(status, 'MoveStatus')[0]),
    utcMs: readStampMs(textOf(status, 'UtcTime')),
    problem: /^(no ?error|none|ok|)$/i.test(problem.trim()) ? '' : problem,
  };
}

function readMoving(xml: string | undefined): boolean | null {
  if (xml === undefined) return null;
  const states = [textOf(xml, 'PanTilt'), textOf(xml, 'Zoom')].map((state) => state?.toUpperCase());
  if (states.includes('MOVING')) return true;
  return states.includes('IDLE') && !states.includes('UNKNOWN') ? false : null;
}

/** Devices leave the Z off; the time is UTC all the same. */
function readStampMs(text: string | undefined): number | null {
  if (text === undefined) return null;
  const ms = Date.parse(/(z|[+-]\d\d:?\d\d)$/i.test(text) ? text : `${text}Z`);
  return Number.isFinite(ms) ? ms : null;
}
