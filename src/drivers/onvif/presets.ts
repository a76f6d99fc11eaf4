/** Preset lists (ONVIF PTZ Service, 5.4.1), and which of what they list is a preset somebody set. */
import { attributeOf, elementsOf, textOf } from './answers.ts';
import { readPosition, type TurretPosition, type TurretSpaces } from './spaces.ts';

export interface TurretPreset {
  /** The device's handle. */
  readonly token: string;
  /** '' if it has none. */
  readonly name: string;
  /** Where it lies; null if the device does not tell. */
  readonly position: TurretPosition | null;
}

/** What firmware calls a slot nobody has named. */
const UNNAMED = /^(|preset|预置[点位]|prepos|null)[\s_#-]*\d*$/i;

/** @returns everything listed, each token once, in the device's order */
export function readPresets(xml: string, spaces: TurretSpaces): TurretPreset[] {
  const presets = new Map<string, TurretPreset>();
  for (const element of elementsOf(xml, 'Preset')) {
    const token = attributeOf(element, 'token');
    if (token === undefined || token === '' || presets.has(token)) continue;
    const place = elementsOf(element, 'PTZPosition')[0];
    const position = place === undefined ? null : readPosition(place, spaces);
    presets.set(token, { token, name: textOf(element, 'Name') ?? '', position });
  }
  return [...presets.values()];
}

/**
 * Several makes list every slot they have, used or not. A slot is in use if it has a place or a name of its own; where no
 * slot has either, the device tells nothing and all are taken to be.
 */
export function presetsInUse(listed: readonly TurretPreset[]): TurretPreset[] {
  const used = listed.filter(({ name, position }) => position !== null || !UNNAMED.test(name.trim()));
  return used.length > 0 ? used : [...listed];
}
