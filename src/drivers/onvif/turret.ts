/**
 * What points a camera (ONVIF PTZ Service): presets, moves, where it stands. Commands return when the device has taken
 * them, long before the turret arrives; `status` tells the rest as far as the device tells it.
 */
import { SentinelError } from '../../base/errors.ts';
import { LIMITS } from '../../base/limits.ts';
import { attributeOf, elementsOf, escapeXml, numberOf, textOf } from './answers.ts';
import type { DeviceLine } from './device-line.ts';
import type { TurretProfile } from './profiles.ts';
import { presetsInUse, readPresets, type TurretPreset } from './presets.ts';
import {
  ASSUMED_SPACES,
  readSpaces,
  writePosition,
  writeVector,
  type SpacePair,
  type TurretPosition,
  type TurretSpaces,
  type TurretVector,
} from './spaces.ts';
import { readStatus, type TurretStatus } from './status.ts';
import { TourDesk, type TourPlan, type TurretTour } from './tours.ts';

export const PTZ_NAMESPACE = 'http://www.onvif.org/ver20/ptz/wsdl';

export interface TurretOffer {
  readonly absolute: boolean;
  readonly relative: boolean;
  readonly continuous: boolean;
  readonly zoom: boolean;
  /** Shifts counted in the picture, for {@link OnvifTurret.moveInPicture}. */
  readonly inPicture: boolean;
  readonly home: boolean;
  /** Most presets and tours; null where the device does not tell. */
  readonly presetsMost: number | null;
  readonly toursMost: number | null;
}

/**
 * Speeds run from 0 to 1, the device's fastest; without one the device takes its own. All methods throw SentinelError
 * onvif.unreachable, onvif.timeout, onvif.unauthorised, onvif.refused, onvif.protocol.
 */
export interface OnvifTurret {
  readonly offer: TurretOffer;
  /** Those in use, read from the device each time. */
  presets(): Promise<TurretPreset[]>;
  /** @throws also onvif.no_preset: not in the device's list as it stands since the device was last come to */
  goToPreset(token: string, speed?: number): Promise<void>;
  /** Keeps where the turret points now, as a new preset or in the place of `token`. @returns the token */
  setPreset(name: string, token?: string): Promise<string>;
  /** @throws also onvif.no_preset */
  removePreset(token: string): Promise<void>;
  /** @throws also onvif.not_offered, as do the next three */
  goTo(position: TurretPosition, speed?: number): Promise<void>;
  /** A shift in parts of the whole range; makes differ in what they count as the whole, so measure one first. */
  moveBy(shift: TurretVector, speed?: number): Promise<void>;
  /** A shift in halves of the picture: `pan` 1 brings what is at the right edge to the middle, `tilt` 1 the upper edge. */
  moveInPicture(shift: { readonly pan: number; readonly tilt: number }, speed?: number): Promise<void>;
  /**
   * Moves on until stopped or `timeoutMs` have passed on the device. Some makes do not heed the time: who steers stops.
   * @param velocity each part -1..1
   */
  moveContinuously(velocity: TurretVector, timeoutMs: number): Promise<void>;
  stop(): Promise<void>;
  status(): Promise<TurretStatus>;
  goHome(speed?: number): Promise<void>;
  setHome(): Promise<void>;
  /** Preset tours, which the device runs by itself. */
  tours(): Promise<TurretTour[]>;
  /** @returns the tour's token */
  createTour(plan: TourPlan): Promise<string>;
  changeTour(token: string, plan: TourPlan): Promise<void>;
  operateTour(token: string, operation: 'start' | 'stop' | 'pause'): Promise<void>;
  removeTour(token: string): Promise<void>;
}

/** Reads what a turret can do. */
export async function openTurret(line: DeviceLine, path: string, profile: TurretProfile): Promise<OnvifTurret> {
  const node = await readNode(line, path, profile);
  return new Turret(line, path, profile.token, node);
}

/** Turrets that will not describe themselves are taken to count as ONVIF's generic spaces do. */
async function readNode(line: DeviceLine, path: string, profile: TurretProfile): Promise<string | undefined> {
  try {
    const xml = await line.ask({ path, namespace: PTZ_NAMESPACE, request: 'GetNodes', content: '' });
    const nodes = elementsOf(xml, 'PTZNode');
    return nodes.find((node) => attributeOf(node, 'token') === profile.node) ?? nodes[0];
  } catch (thrown) {
    if (thrown instanceof SentinelError && thrown.code === 'onvif.refused') return undefined;
    throw thrown;
  }
}

class Turret implements OnvifTurret {
  readonly offer: TurretOffer;
  readonly #line: DeviceLine;
  readonly #path: string;
  readonly #profile: string;
  readonly #spaces: TurretSpaces;
  readonly #tours: TourDesk;
  /** Tokens as last listed, and how often the device had been lost by then. */
  #known: { readonly tokens: ReadonlySet<string>; readonly losses: number } | undefined;

  constructor(line: DeviceLine, path: string, profile: string, node: string | undefined) {
    this.#line = line;
    this.#path = path;
    this.#profile = escapeXml(profile);
    this.#spaces = node === undefined ? ASSUMED_SPACES : readSpaces(node);
    const { absolute, relative, continuous, inPicture } = this.#spaces;
    const tours = node === undefined ? undefined : elementsOf(node, 'SupportedPresetTour')[0];
    this.offer = {
      absolute: absolute.panTilt !== undefined,
      relative: relative.panTilt !== undefined,
      continuous: continuous.panTilt !== undefined,
      zoom: [absolute, relative, continuous].some(({ zoom }) => zoom !== undefined),
      inPicture: inPicture !== undefined,
      home: node === undefined || textOf(node, 'HomeSupported') !== 'false',
      presetsMost: (node === undefined ? undefined : numberOf(node, 'MaximumNumberOfPresets')) ?? null,
      toursMost: node === undefined ? null : (numberOf(tours ?? '', 'MaximumNumberOfPresetTours') ?? 0),
    };
    this.#tours = new TourDesk((request, content) => this.#ask(request, content), this.#spaces, line.host);
  }

  async presets(): Promise<TurretPreset[]> {
    const listed = readPresets(await this.#ask('GetPresets'), this.#spaces);
    if (listed.length > LIMITS.onvifPresets) {
      throw this.#line.protocolError('GetPresets', `${listed.length} presets, more than ${LIMITS.onvifPresets}`);
    }
    this.#known = { tokens: new Set(listed.map(({ token }) => token)), losses: this.#line.losses };
    return presetsInUse(listed);
  }

  async goToPreset(token: string, speed?: number): Promise<void> {
    await this.#checkPreset(token);
    await this.#ofPreset(token, 'GotoPreset', this.#speed(speed));
  }

  async setPreset(name: string, token?: string): Promise<string> {
    this.#checkName(name);
    const place = token === undefined ? '' : `<PresetToken>${escapeXml(token)}</PresetToken>`;
    const xml = await this.#ask('SetPreset', `<PresetName>${escapeXml(name)}</PresetName>${place}`);
    this.#known = undefined;
    const given = textOf(xml, 'PresetToken') ?? token;
    if (given === undefined || given === '') throw this.#line.protocolError('SetPreset', 'the answer holds no token');
    return given;
  }

  async removePreset(token: string): Promise<void> {
    await this.#ofPreset(token, 'RemovePreset', '');
    this.#known = undefined;
  }

  async goTo(position: TurretPosition, speed?: number): Promise<void> {
    this.#mustOffer('AbsoluteMove', this.#spaces.absolute);
    const place = writePosition(position, this.#spaces);
    await this.#ask('AbsoluteMove', `<Position>${place}</Position>${this.#speed(speed)}`);
  }

  async moveBy(shift: TurretVector, speed?: number): Promise<void> {
    this.#mustOffer('RelativeMove', this.#spaces.relative);
    await this.#shift(writeVector(shift, this.#spaces.relative), speed);
  }

  async moveInPicture(shift: { readonly pan: number; readonly tilt: number }, speed?: number): Promise<void> {
    const space = { panTilt: this.#spaces.inPicture, zoom: undefined };
    this.#mustOffer('RelativeMove', space);
    await this.#shift(writeVector(shift, space), speed);
  }

  async moveContinuously(velocity: TurretVector, timeoutMs: number): Promise<void> {
    this.#mustOffer('ContinuousMove', this.#spaces.continuous);
    const vector = writeVector(velocity, this.#spaces.continuous);
    const timeout = `PT${(Math.max(100, timeoutMs) / 1000).toFixed(3)}S`;
    await this.#ask('ContinuousMove', `<Velocity>${vector}</Velocity><Timeout>${timeout}</Timeout>`);
  }

  async stop(): Promise<void> {
    await this.#ask('Stop', '<PanTilt>true</PanTilt><Zoom>true</Zoom>');
  }

  async status(): Promise<TurretStatus> {
    const status = readStatus(await this.#ask('GetStatus'), this.#spaces);
    if (status === undefined) throw this.#line.protocolError('GetStatus', 'the answer holds no status');
    return status;
  }

  async goHome(speed?: number): Promise<void> {
    await this.#ask('GotoHomePosition', this.#speed(speed));
  }

  async setHome(): Promise<void> {
    await this.#ask('SetHomePosition');
  }

  tours(): Promise<TurretTour[]> {
    return this.#tours.list();
  }

  createTour(plan: TourPlan): Promise<string> {
    return this.#tours.create(plan);
  }

  changeTour(token: string, plan: TourPlan): Promise<void> {
    return this.#tours.change(token, plan);
  }

  operateTour(token: string, operation: 'start' | 'stop' | 'pause'): Promise<void> {
    return this.#tours.operate(token, operation);
  }

  removeTour(token: string): Promise<void> {
    return this.#tours.remove(token);
  }

  #ask(request: string, content = ''): Promise<string> {
    return this.#line.ask({
      path: this.#path,
      namespace: PTZ_NAMESPACE,
      request,
      content: `<ProfileToken>${this.#profile}</ProfileToken>${content}`,
    });
  }

  async #ofPreset(token: string, request: string, content: string): Promise<void> {
    try {
      await this.#ask(request, `<PresetToken>${escapeXml(token)}</PresetToken>${content}`);
    } catch (thrown) {
      if (!(thrown instanceof SentinelError) || thrown.details['subcode'] !== 'NoToken') throw thrown;
      throw new SentinelError('onvif.no_preset', { host: this.#line.host, token }, { cause: thrown });
    }
  }

  /**
   * Devices lose presets when they start anew, and several makes then take the command and stay where they are. So the
   * list is read again once after each loss of the device, and whenever a token is not in it.
   */
  async #checkPreset(token: string): Promise<void> {
    const known = this.#known;
    if (known?.losses === this.#line.losses && known.tokens.has(token)) return;
    await this.presets();
    if (!this.#known?.tokens.has(token)) {
      throw new SentinelError('onvif.no_preset', { host: this.#line.host, token });
    }
  }

  #checkName(name: string): void {
    const letters = name.length;
    if (letters === 0 || letters > LIMITS.onvifNameCharacters) {
      const problem = `a preset's name has 1 to ${LIMITS.onvifNameCharacters} letters, not ${letters}`;
      throw new SentinelError('onvif.too_much', { host: this.#line.host, problem });
    }
  }

  async #shift(vector: string, speed: number | undefined): Promise<void> {
    await this.#ask('RelativeMove', `<Translation>${vector}</Translation>${this.#speed(speed)}`);
  }

  #speed(speed: number | undefined): string {
    if (speed === undefined) return '';
    const vector = writeVector({ pan: speed, tilt: speed, zoom: speed }, this.#spaces.speed);
    return vector === '' ? '' : `<Speed>${vector}</Speed>`;
  }

  #mustOffer(request: string, { panTilt, zoom }: SpacePair): void {
    if (!panTilt && !zoom) throw new SentinelError('onvif.not_offered', { host: this.#line.host, request });
  }
}
