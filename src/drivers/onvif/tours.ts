/**
 * Preset tours (ONVIF PTZ Service, 5.5): routes that the device goes by itself, without a time of day. They go on when
 * nobody is there to steer.
 */
import { SentinelError } from '../../base/errors.ts';
import { LIMITS } from '../../base/limits.ts';
import { attributeOf, elementsOf, escapeXml, textOf } from './answers.ts';
import { writePosition, writeVector, type TurretPosition, type TurretSpaces } from './spaces.ts';

export interface TourSpot {
  /** A preset's token, the home position, or a place. */
  readonly at: { readonly preset: string } | 'home' | TurretPosition;
  /** How long to stay, s. */
  readonly stayS: number;
  /** 0..1; the device's own if left out. */
  readonly speed?: number | undefined;
}

export interface TourPlan {
  readonly name: string;
  readonly spots: readonly TourSpot[];
  /** Starts when the device does; one tour of a turret at most. */
  readonly autoStart?: boolean | undefined;
  readonly backward?: boolean | undefined;
  readonly randomOrder?: boolean | undefined;
  /** How often round; without it, until stopped. */
  readonly rounds?: number | undefined;
}

export interface TurretTour {
  readonly token: string;
  readonly name: string;
  /** Which it is as ONVIF says: touring, paused, idle; `extended` for a state of the maker's own. */
  readonly state: 'idle' | 'touring' | 'paused' | 'extended';
  /** Preset of the spot it is at or on its way to; null where the device does not tell. */
  readonly preset: string | null;
  readonly spots: number;
}

const OPERATIONS = { start: 'Start', stop: 'Stop', pause: 'Pause' } as const;
const STATES: Readonly<Record<string, TurretTour['state']>> = { Idle: 'idle', Touring: 'touring', Paused: 'paused' };

/** Asks in the name of one turret: `content` follows its profile's token. */
type Ask = (request: string, content: string) => Promise<string>;

export class TourDesk {
  readonly #ask: Ask;
  readonly #spaces: TurretSpaces;
  readonly #host: string;

  constructor(ask: Ask, spaces: TurretSpaces, host: string) {
    this.#ask = ask;
    this.#spaces = spaces;
    this.#host = host;
  }

  async list(): Promise<TurretTour[]> {
    const xml = await this.#ask('GetPresetTours', '');
    const tours: TurretTour[] = [];
    for (const element of elementsOf(xml, 'PresetTour').slice(0, LIMITS.onvifTours)) {
      const token = attributeOf(element, 'token');
      if (token === undefined) continue;
      const status = elementsOf(element, 'Status')[0] ?? '';
      const spots = elementsOf(element.replace(status, ''), 'TourSpot');
      tours.push({
        token,
        name: textOf(element, 'Name') ?? '',
        state: STATES[textOf(status, 'State') ?? ''] ?? 'extended',
        preset: textOf(status, 'PresetToken') ?? null,
        spots: spots.length,
      });
    }
    return tours;
  }

  async create(plan: TourPlan): Promise<string> {
    this.#check(plan);
    const token = textOf(await this.#ask('CreatePresetTour', ''), 'PresetTourToken');
    if (token === undefined || token === '') {
      const problem = 'the answer holds no token';
      throw new SentinelError('onvif.protocol', { host: this.#host, request: 'CreatePresetTour', problem });
    }
    try {
      await this.change(token, plan);
    } catch (thrown) {
      // An empty tour of ours left behind would take one of the few places a device has.
      await this.remove(token).catch(() => undefined);
      throw thrown;
    }
    return token;
  }

  async change(token: string, plan: TourPlan): Promise<void> {
    this.#check(plan);
    await this.#ask('ModifyPresetTour', this.#write(token, plan));
  }

  async operate(token: string, operation: keyof typeof OPERATIONS): Promise<void> {
    const which = `<PresetTourToken>${escapeXml(token)}</PresetTourToken>`;
    await this.#ask('OperatePresetTour', `${which}<Operation>${OPERATIONS[operation]}</Operation>`);
  }

  async remove(token: string): Promise<void> {
    await this.#ask('RemovePresetTour', `<PresetTourToken>${escapeXml(token)}</PresetTourToken>`);
  }

  #check({ name, spots }: TourPlan): void {
    const problem =
      spots.length === 0 || spots.length > LIMITS.onvifTourSpots
        ? `a tour has 1 to ${LIMITS.onvifTourSpots} spots, not ${spots.length}`
        : name.length > LIMITS.onvifNameCharacters
          ? `a tour's name has at most ${LIMITS.onvifNameCharacters} letters`
          : undefined;
    if (problem !== undefined) throw new SentinelError('onvif.too_much', { host: this.#host, problem });
  }

  #write(token: string, { name, spots, autoStart, backward, randomOrder, rounds }: TourPlan): string {
    const condition = [
      `<tt:StartingCondition RandomPresetOrder="${randomOrder ?? false}">`,
      rounds === undefined ? '' : `<tt:RecurringTime>${Math.max(1, Math.round(rounds))}</tt:RecurringTime>`,
      `<tt:Direction>${backward ? 'Backward' : 'Forward'}</tt:Direction></tt:StartingCondition>`,
    ].join('');
    return [
      `<PresetTour token="${escapeXml(token)}"><tt:Name>${escapeXml(name)}</tt:Name>`,
      '<tt:Status><tt:State>Idle</tt:State></tt:Status>',
      `<tt:AutoStart>${autoStart ?? false}</tt:AutoStart>${condition}`,
      ...spots.map((spot) => this.#writeSpot(spot)),
      '</PresetTour>',
    ].join('');
  }

  #writeSpot({ at, stayS, speed }: TourSpot): string {
    const detail =
      at === 'home'
        ? '<tt:Home>true</tt:Home>'
        : 'preset' in at
          ? `<tt:PresetToken>${escapeXml(at.preset)}</tt:PresetToken>`
          : `<tt:PTZPosition>${writePosition(at, this.#spaces)}</tt:PTZPosition>`;
    const pace = speed === undefined ? '' : writeVector({ pan: speed, tilt: speed, zoom: speed }, this.#spaces.speed);
    return [
      `<tt:TourSpot><tt:PresetDetail>${detail}</tt:PresetDetail>`,
      pace === '' ? '' : `<tt:Speed>${pace}</tt:Speed>`,
      `<tt:StayTime>PT${Math.max(0, Math.round(stayS))}S</tt:StayTime></tt:TourSpot>`,
    ].join('');
  }
}
