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

/** So many unnamed slots at one and the same place were put there by nobody. */
const SHARED_BY = 8;

/**
 * Several makes list every slot they have, used or not; unused ones without a place, or all at the same. A slot is in use
 * if it has a name of its own, or a place of its own. Where no slot has either, the device tells nothing and all are taken to be.
 */
export function presetsInUse(listed: readonly TurretPreset[]): TurretPreset[] {
  const unnamed = new Set(listed.filter(({ name }) => UNNAMED.test(name.trim())));
  const sharers = new Map<string, number>();
  for (const { position } of unnamed) sharers.set(keyOf(position), (sharers.get(keyOf(position)) ?? 0) + 1);
  const used = listed.filter((preset) => {
    const { position } = preset;
    return !unnamed.has(preset) || (position !== null && (sharers.get(keyOf(position)) ?? 0) < SHARED_BY);
  });
  return used.length > 0 ? used : [...listed];
}

const keyOf = (position: TurretPosition | null): string => JSON.stringify(position);
