/** The PTZ service of a simulated dome: presets, moves, status, home and tours, on turret that take their time. */
import type { Clock } from '../base/clock.ts';
import { LIMITS } from '../base/limits.ts';
import { invalid, notSupported, OnvifFault } from './onvif-fault.ts';
import {
  placeOf,
  readVector,
  shiftedFrom,
  SPACES,
  velocityOf,
  writePlace,
  type WidestView,
  type Wish,
} from './onvif-scale.ts';
import { TourShelf } from './onvif-tours.ts';
import { Markup, readDurationMs, xml, type Element } from './onvif-xml.ts';
import { PresetWatch, type PresetMoment } from './preset-watch.ts';
import { HOME, turned, type Turret, type TurretPosition } from './turret.ts';

/** Ways in which makes differ from the letter. */
export interface TurretQuirks {
  /** GetPresets lists as many slots as there can be, used or not. */
  readonly listsEverySlot?: boolean;
  /** Status without MoveStatus, or without Position. */
  readonly tellsNoMoveStatus?: boolean;
  readonly tellsNoPosition?: boolean;
  /** A preset that is not there is gone to without complaint, and without moving. */
  readonly takesUnknownPresets?: boolean;
}

export interface TurretServiceOptions {
  readonly clock: Clock;
  readonly turret: Turret;
  readonly widestDeg: WidestView;
  readonly quirks: TurretQuirks;
  /** The device's clock, UTC ms since 1970. */
  readonly deviceNowMs: () => number;
  readonly random: () => number;
  readonly tell: (moment: PresetMoment, preset: { token: string; name: string }) => void;
}

interface Preset {
  readonly name: string;
  readonly position: TurretPosition;
}

export const TURRET_NODE = 'node-1';
export const TURRET_CONFIGURATION = 'ptz-1';
const LONGEST_MOVE_MS = 60_000;
const NEAR_DEG = 0.5;
const NEAR_ZOOM = 0.05;

export class TurretService {
  readonly #options: TurretServiceOptions;
  readonly #presets = new Map<string, Preset>();
  readonly #watch: PresetWatch;
  readonly #tours: TourShelf;
  #home = HOME;
  #made = 0;

  constructor(options: TurretServiceOptions) {
    this.#options = options;
    const moving = (): boolean => options.turret.moving();
    this.#watch = new PresetWatch(options.clock, moving, (moment, token) => {
      options.tell(moment, { token, name: this.#presets.get(token)?.name ?? '' });
    });
    this.#tours = new TourShelf({
      clock: options.clock,
      travel: (detail, speed, onEnd) => this.#travel(detail, speed, onEnd),
      check: (detail) => void this.#placeOf(detail),
      halt: () => this.#halt(),
      moving,
      random: options.random,
    });
  }

  /** Presets by token, as a test or a demo sets them up. */
  addPreset(token: string, name: string, position: TurretPosition): void {
    this.#presets.set(token, { name, position });
  }

  losePresets(): void {
    this.#presets.clear();
  }

  /** The device has started anew: whatever ran does not. */
  restart(): void {
    this.#tours.interrupt();
    this.#watch.leave();
    this.#tours.autoStart();
  }

  close(): void {
    this.#tours.interrupt();
    this.#watch.close();
  }

  answer(request: string, body: Element): Markup {
    switch (request) {
      case 'GetServiceCapabilities': {
        const { tellsNoMoveStatus, tellsNoPosition } = this.#options.quirks;
        return xml`<tptz:GetServiceCapabilitiesResponse><tptz:Capabilities EFlip="false" Reverse="false" GetCompatibleConfigurations="false" MoveStatus="${!tellsNoMoveStatus}" StatusPosition="${!tellsNoPosition}"/></tptz:GetServiceCapabilitiesResponse>`;
      }
      case 'GetNodes':
        return xml`<tptz:GetNodesResponse>${describeNode()}</tptz:GetNodesResponse>`;
      case 'GetNode':
        return xml`<tptz:GetNodeResponse>${describeNode()}</tptz:GetNodeResponse>`;
      case 'GetConfigurations':
        return xml`<tptz:GetConfigurationsResponse><tptz:PTZConfiguration token="${TURRET_CONFIGURATION}">${describeConfiguration()}</tptz:PTZConfiguration></tptz:GetConfigurationsResponse>`;
      case 'GetConfigurationOptions':
        return xml`<tptz:GetConfigurationOptionsResponse><tptz:PTZConfigurationOptions><tt:Spaces>${describeSpaces()}</tt:Spaces><tt:PTZTimeout><tt:Min>PT0.1S</tt:Min><tt:Max>PT${LONGEST_MOVE_MS / 1000}S</tt:Max></tt:PTZTimeout></tptz:PTZConfigurationOptions></tptz:GetConfigurationOptionsResponse>`;
      case 'GetStatus':
        return this.#status();
      case 'GetPresets':
        return xml`<tptz:GetPresetsResponse>${this.#list()}</tptz:GetPresetsResponse>`;
      case 'SetPreset':
        return xml`<tptz:SetPresetResponse><tptz:PresetToken>${this.#keep(body)}</tptz:PresetToken></tptz:SetPresetResponse>`;
      case 'RemovePreset':
        if (!this.#presets.delete(body.text('PresetToken') ?? '')) throw noPreset();
        return xml`<tptz:RemovePresetResponse/>`;
      case 'SetHomePosition':
        this.#home = this.#options.turret.position();
        return xml`<tptz:SetHomePositionResponse/>`;
      default:
        return this.#tours.answer(request, body) ?? this.#move(request, body);
    }
  }

  /** What moves by hand: it ends a tour. */
  #move(request: string, body: Element): Markup {
    const speed = readSpeed(body.child('Speed'));
    switch (request) {
      case 'GotoPreset': {
        const token = body.text('PresetToken') ?? '';
        const preset = this.#presets.get(token);
        if (!preset && !this.#options.quirks.takesUnknownPresets) throw noPreset();
        this.#tours.interrupt();
        if (preset) this.#goTo(preset.position, speed, token);
        return xml`<tptz:GotoPresetResponse/>`;
      }
      case 'GotoHomePosition':
        this.#tours.interrupt();
        this.#goTo(this.#home, speed);
        return xml`<tptz:GotoHomePositionResponse/>`;
      case 'AbsoluteMove': {
        const target = placeOf(mustBe(readVector(body.child('Position')), 'InvalidPosition'));
        this.#tours.interrupt();
        this.#goTo(target, speed);
        return xml`<tptz:AbsoluteMoveResponse/>`;
      }
      case 'RelativeMove': {
        const wish = mustBe(readVector(body.child('Translation')), 'InvalidTranslation');
        this.#tours.interrupt();
        this.#goTo(shiftedFrom(this.#options.turret.position(), wish, this.#options.widestDeg), speed);
        return xml`<tptz:RelativeMoveResponse/>`;
      }
      case 'ContinuousMove':
        this.#moveOn(body);
        return xml`<tptz:ContinuousMoveResponse/>`;
      case 'Stop':
        this.#tours.interrupt();
        this.#watch.leave();
        this.#options.turret.stop({
          panTilt: body.text('PanTilt') !== 'false',
          zoom: body.text('Zoom') !== 'false',
        });
        return xml`<tptz:StopResponse/>`;
      default:
        throw notSupported();
    }
  }

  #moveOn(body: Element): void {
    const velocity = mustBe(readVector(body.child('Velocity')), 'InvalidVelocity');
    const asked = body.text('Timeout');
    const timeoutMs = asked === undefined ? LONGEST_MOVE_MS : readDurationMs(asked);
    if (timeoutMs === undefined) throw invalid('TimeoutNotSupported', 'The timeout is no duration');
    this.#tours.interrupt();
    this.#watch.leave();
    this.#options.turret.moveContinuously(velocityOf(velocity), Math.min(timeoutMs, LONGEST_MOVE_MS) / 1000);
  }

  #travel(detail: Element, speed: Element | undefined, onEnd: () => void): void {
    const { place, token } = this.#placeOf(detail);
    this.#goTo(place, readSpeed(speed), token, onEnd);
  }

  #placeOf(detail: Element): { place: Partial<TurretPosition>; token?: string } {
    const token = detail.text('PresetToken');
    if (token !== undefined) {
      const preset = this.#presets.get(token);
      if (!preset) throw noPreset();
      return { place: preset.position, token };
    }
    if (detail.text('Home') === 'true') return { place: this.#home };
    return { place: placeOf(mustBe(readVector(detail.child('PTZPosition')), 'InvalidPosition')) };
  }

  #goTo(place: Partial<TurretPosition>, speed: number | undefined, preset?: string, onEnd?: () => void): void {
    const { turret } = this.#options;
    turret.goTo(place, speed);
    this.#watch.setOut(preset, () => isNear(turret.position(), place), onEnd);
  }

  #halt(): void {
    this.#watch.leave();
    this.#options.turret.stop();
  }

  #status(): Markup {
    const { turret, quirks, deviceNowMs } = this.#options;
    const told = turret.knowsPosition && !quirks.tellsNoPosition;
    const place = told ? xml`<tt:Position>${writePlace(turret.position())}</tt:Position>` : undefined;
    const state = turret.moving() ? 'MOVING' : 'IDLE';
    const moves = quirks.tellsNoMoveStatus
      ? undefined
      : xml`<tt:MoveStatus><tt:PanTilt>${state}</tt:PanTilt><tt:Zoom>${state}</tt:Zoom></tt:MoveStatus>`;
    const at = new Date(deviceNowMs()).toISOString();
    return xml`<tptz:GetStatusResponse><tptz:PTZStatus>${place}${moves}<tt:UtcTime>${at}</tt:UtcTime></tptz:PTZStatus></tptz:GetStatusResponse>`;
  }

  #list(): Markup[] {
    const { quirks } = this.#options;
    const used = [...this.#presets].map(
      ([token, { name, position }]) =>
        xml`<tptz:Preset token="${token}"><tt:Name>${name}</tt:Name><tt:PTZPosition>${writePlace(position)}</tt:PTZPosition></tptz:Preset>`,
    );
    if (!quirks.listsEverySlot) return used;
    const empty = Array.from({ length: LIMITS.simulatorPresets }, (_, index) => String(index + 1));
    const unused = empty.filter((token) => !this.#presets.has(token));
    return [
      ...used,
      ...unused.map((token) => xml`<tptz:Preset token="${token}"><tt:Name>Preset ${token}</tt:Name></tptz:Preset>`),
    ];
  }

  #keep(body: Element): string {
    const given = body.text('PresetToken');
    if (given !== undefined && !this.#presets.has(given) && !this.#options.quirks.listsEverySlot) throw noPreset();
    if (given === undefined && this.#presets.size >= LIMITS.simulatorPresets) {
      throw new OnvifFault('Receiver', ['Action', 'TooManyPresets'], 'The device holds its most presets');
    }
    if (this.#options.turret.moving()) {
      throw new OnvifFault('Receiver', ['Action', 'MovingPTZ'], 'A preset cannot be set while the turret moves');
    }
    const token = given ?? this.#freeToken();
    this.addPreset(
      token,
      body.text('PresetName') ?? this.#presets.get(token)?.name ?? '',
      this.#options.turret.position(),
    );
    return token;
  }

  #freeToken(): string {
    do this.#made++;
    while (this.#presets.has(String(this.#made)));
    return String(this.#made);
  }
}

const noPreset = (): OnvifFault => invalid('NoToken', 'The requested preset token does not exist');

function mustBe(wish: Wish | undefined, subcode: string): Wish {
  if (!wish) throw invalid(subcode, 'The vector lies outside what the turret can do');
  return wish;
}

/** The share of top speed: the greater part of a speed vector. */
function readSpeed(speed: Element | undefined): number | undefined {
  if (!speed) return undefined;
  const wish = readVector(speed);
  if (!wish) throw invalid('InvalidSpeed', 'The speed lies outside what the turret can do');
  const fastest = Math.max(...[wish.pan, wish.tilt, wish.zoom].map((part) => Math.abs(part ?? 0)));
  return fastest > 0 ? fastest : undefined;
}

function isNear(at: TurretPosition, { panDeg, tiltDeg, zoom }: Partial<TurretPosition>): boolean {
  const off = panDeg === undefined ? 0 : Math.abs(turned(at.panDeg - panDeg));
  return (
    off < NEAR_DEG &&
    (tiltDeg === undefined || Math.abs(at.tiltDeg - tiltDeg) < NEAR_DEG) &&
    (zoom === undefined || Math.abs(at.zoom - zoom) < NEAR_ZOOM)
  );
}

function range(axis: string, [least, most]: readonly [number, number]): Markup {
  return new Markup(`<tt:${axis}><tt:Min>${least}</tt:Min><tt:Max>${most}</tt:Max></tt:${axis}>`);
}

function space(name: string, uri: string, x: readonly [number, number], y?: readonly [number, number]): Markup {
  const ranges = `${range('XRange', x).text}${y ? range('YRange', y).text : ''}`;
  return new Markup(`<tt:${name}><tt:URI>${uri}</tt:URI>${ranges}</tt:${name}>`);
}

function describeSpaces(): Markup[] {
  const whole = [-1, 1] as const;
  const upper = [0, 1] as const;
  return [
    space('AbsolutePanTiltPositionSpace', SPACES.position, whole, whole),
    space('AbsoluteZoomPositionSpace', SPACES.zoomPosition, upper),
    space('RelativePanTiltTranslationSpace', SPACES.translation, whole, whole),
    space('RelativePanTiltTranslationSpace', SPACES.inPicture, whole, whole),
    space('RelativeZoomTranslationSpace', SPACES.zoomTranslation, whole),
    space('ContinuousPanTiltVelocitySpace', SPACES.velocity, whole, whole),
    space('ContinuousZoomVelocitySpace', SPACES.zoomVelocity, whole),
    space('PanTiltSpeedSpace', SPACES.speed, upper),
    space('ZoomSpeedSpace', SPACES.zoomSpeed, upper),
  ];
}

function describeNode(): Markup {
  const operations = ['Start', 'Stop', 'Pause'].map(
    (name) => xml`<tt:PTZPresetTourOperation>${name}</tt:PTZPresetTourOperation>`,
  );
  return xml`<tptz:PTZNode token="${TURRET_NODE}" FixedHomePosition="false"><tt:Name>turret</tt:Name><tt:SupportedPTZSpaces>${describeSpaces()}</tt:SupportedPTZSpaces><tt:MaximumNumberOfPresets>${LIMITS.simulatorPresets}</tt:MaximumNumberOfPresets><tt:HomeSupported>true</tt:HomeSupported><tt:Extension><tt:SupportedPresetTour><tt:MaximumNumberOfPresetTours>${LIMITS.simulatorTours}</tt:MaximumNumberOfPresetTours>${operations}</tt:SupportedPresetTour></tt:Extension></tptz:PTZNode>`;
}

/** What stands within a PTZConfiguration, here and in media profiles. The first name is spelt as the schema spells it. */
export function describeConfiguration(): Markup {
  return xml`<tt:Name>turret</tt:Name><tt:UseCount>2</tt:UseCount><tt:NodeToken>${TURRET_NODE}</tt:NodeToken><tt:DefaultAbsolutePantTiltPositionSpace>${SPACES.position}</tt:DefaultAbsolutePantTiltPositionSpace><tt:DefaultAbsoluteZoomPositionSpace>${SPACES.zoomPosition}</tt:DefaultAbsoluteZoomPositionSpace><tt:DefaultRelativePanTiltTranslationSpace>${SPACES.translation}</tt:DefaultRelativePanTiltTranslationSpace><tt:DefaultContinuousPanTiltVelocitySpace>${SPACES.velocity}</tt:DefaultContinuousPanTiltVelocitySpace><tt:DefaultPTZTimeout>PT10S</tt:DefaultPTZTimeout>`;
}
