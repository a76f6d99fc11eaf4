/** Preset tours of a simulated dome, which really go round (PTZ Service, 5.5). */
import type { Clock, Timer } from '../base/clock.ts';
import { LIMITS } from '../base/limits.ts';
import { invalid, OnvifFault } from './onvif-fault.ts';
import { readDurationMs, xml, type Element, type Markup } from './onvif-xml.ts';

type State = 'Idle' | 'Touring' | 'Paused';

interface Spot {
  readonly detail: Element;
  readonly speed: Element | undefined;
  readonly stayMs: number;
}

interface Tour {
  readonly token: string;
  name: string;
  state: State;
  spots: readonly Spot[];
  autoStart: boolean;
  backward: boolean;
  random: boolean;
  rounds: number;
  /** Spots gone to since the start. */
  gone: number;
  at: number;
}

export interface TourHands {
  readonly clock: Clock;
  /** Goes where a `PresetDetail` says. @throws OnvifFault if there is no such place */
  readonly travel: (detail: Element, speed: Element | undefined, onEnd: () => void) => void;
  /** @throws OnvifFault if there is no such place */
  readonly check: (detail: Element) => void;
  readonly halt: () => void;
  readonly moving: () => boolean;
  readonly random: () => number;
}

export class TourShelf {
  readonly #hands: TourHands;
  readonly #tours = new Map<string, Tour>();
  #made = 0;
  #running: Tour | undefined;
  #stay: Timer | undefined;

  constructor(hands: TourHands) {
    this.#hands = hands;
  }

  /** Answers what is asked of tours; undefined if `request` is about something else. */
  answer(request: string, body: Element): Markup | undefined {
    switch (request) {
      case 'GetPresetTours':
        return xml`<tptz:GetPresetToursResponse>${[...this.#tours.values()].map((tour) => describe(tour))}</tptz:GetPresetToursResponse>`;
      case 'GetPresetTour':
        return xml`<tptz:GetPresetTourResponse>${describe(this.#find(body))}</tptz:GetPresetTourResponse>`;
      case 'CreatePresetTour':
        return xml`<tptz:CreatePresetTourResponse><tptz:PresetTourToken>${this.#create()}</tptz:PresetTourToken></tptz:CreatePresetTourResponse>`;
      case 'ModifyPresetTour':
        this.#modify(body.child('PresetTour'));
        return xml`<tptz:ModifyPresetTourResponse/>`;
      case 'OperatePresetTour':
        this.#operate(this.#find(body), body.text('Operation') ?? '');
        return xml`<tptz:OperatePresetTourResponse/>`;
      case 'RemovePresetTour': {
        const tour = this.#find(body);
        if (this.#running === tour) this.interrupt();
        this.#tours.delete(tour.token);
        return xml`<tptz:RemovePresetTourResponse/>`;
      }
      default:
        return undefined;
    }
  }

  /** A move by hand ends the tour that runs. */
  interrupt(): void {
    this.#stay?.cancel();
    if (this.#running) this.#running.state = 'Idle';
    this.#running = undefined;
  }

  /** The device has started. */
  autoStart(): void {
    const first = [...this.#tours.values()].find((tour) => tour.autoStart && tour.spots.length > 0);
    if (first) this.#operate(first, 'Start');
  }

  #create(): string {
    if (this.#tours.size >= LIMITS.simulatorTours) {
      throw new OnvifFault('Receiver', ['Action', 'TooManyPresetTours'], 'The device holds its most preset tours');
    }
    const token = `tour-${++this.#made}`;
    const plain = { spots: [], autoStart: false, backward: false, random: false, rounds: Infinity };
    this.#tours.set(token, { token, name: '', state: 'Idle', gone: 0, at: 0, ...plain });
    return token;
  }

  #modify(given: Element | undefined): void {
    const tour = this.#tours.get(given?.attribute('token') ?? '');
    if (!given || !tour) throw invalid('NoToken', 'The requested preset tour token does not exist');
    const spots = given.children('TourSpot').map((spot): Spot => {
      const detail = spot.child('PresetDetail');
      const stayMs = readDurationMs(spot.text('StayTime') ?? 'PT0S');
      if (!detail || stayMs === undefined) throw invalid('InvalidPresetTour', 'A tour spot lacks where or how long');
      this.#hands.check(detail);
      return { detail, speed: spot.child('Speed'), stayMs };
    });
    if (this.#running === tour) this.interrupt();
    const condition = given.child('StartingCondition');
    const rounds = Number(condition?.text('RecurringTime') ?? Number.NaN);
    tour.name = given.text('Name') ?? '';
    tour.spots = spots;
    tour.autoStart = given.text('AutoStart') === 'true';
    tour.backward = condition?.text('Direction') === 'Backward';
    tour.random = condition?.attribute('RandomPresetOrder') === 'true';
    tour.rounds = rounds > 0 ? rounds : Infinity;
  }

  #find(body: Element): Tour {
    const tour = this.#tours.get(body.text('PresetTourToken') ?? '');
    if (!tour) throw invalid('NoToken', 'The requested preset tour token does not exist');
    return tour;
  }

  #operate(tour: Tour, operation: string): void {
    switch (operation) {
      case 'Start': {
        const busy = this.#running !== undefined && this.#running !== tour;
        if (busy || tour.state === 'Touring' || tour.spots.length === 0 || this.#hands.moving()) {
          throw new OnvifFault(
            'Receiver',
            ['Action', 'ActivationFailed'],
            'The requested preset tour cannot be started',
          );
        }
        if (tour.state === 'Idle') {
          tour.gone = 0;
          tour.at = tour.backward ? tour.spots.length - 1 : 0;
        }
        this.#running = tour;
        tour.state = 'Touring';
        this.#go(tour);
        return;
      }
      case 'Stop':
        if (this.#running === tour) {
          this.interrupt();
          this.#hands.halt();
        }
        tour.state = 'Idle';
        return;
      case 'Pause':
        if (tour.state !== 'Touring') return;
        this.#stay?.cancel();
        this.#hands.halt();
        tour.state = 'Paused';
        return;
      default:
        throw invalid('InvalidOperation', `There is no operation ${operation}`);
    }
  }

  #go(tour: Tour): void {
    const spot = tour.spots[tour.at];
    if (!spot) return;
    this.#hands.travel(spot.detail, spot.speed, () => {
      if (tour.state !== 'Touring') return;
      this.#stay = this.#hands.clock.after(spot.stayMs, () => this.#next(tour));
    });
  }

  #next(tour: Tour): void {
    if (tour.state !== 'Touring') return;
    tour.gone++;
    const count = tour.spots.length;
    if (tour.gone >= tour.rounds * count) {
      this.interrupt();
      return;
    }
    tour.at = tour.random
      ? Math.floor(this.#hands.random() * count)
      : (tour.at + (tour.backward ? count - 1 : 1)) % count;
    this.#go(tour);
  }
}

function describe(tour: Tour): Markup {
  const spot = tour.state === 'Idle' ? undefined : tour.spots[tour.at];
  const now = spot && xml`<tt:CurrentTourSpot>${describeDetail(spot.detail)}</tt:CurrentTourSpot>`;
  const rounds = Number.isFinite(tour.rounds) ? xml`<tt:RecurringTime>${tour.rounds}</tt:RecurringTime>` : undefined;
  const spots = tour.spots.map(
    ({ detail, stayMs }) =>
      xml`<tt:TourSpot>${describeDetail(detail)}<tt:StayTime>PT${stayMs / 1000}S</tt:StayTime></tt:TourSpot>`,
  );
  return xml`<tptz:PresetTour token="${tour.token}"><tt:Name>${tour.name}</tt:Name><tt:Status><tt:State>${tour.state}</tt:State>${now}</tt:Status><tt:AutoStart>${tour.autoStart}</tt:AutoStart><tt:StartingCondition RandomPresetOrder="${tour.random}">${rounds}<tt:Direction>${tour.backward ? 'Backward' : 'Forward'}</tt:Direction></tt:StartingCondition>${spots}</tptz:PresetTour>`;
}

function describeDetail(detail: Element): Markup {
  const preset = detail.text('PresetToken');
  if (preset !== undefined) return xml`<tt:PresetDetail><tt:PresetToken>${preset}</tt:PresetToken></tt:PresetDetail>`;
  if (detail.text('Home') === 'true') return xml`<tt:PresetDetail><tt:Home>true</tt:Home></tt:PresetDetail>`;
  const [panTilt, zoom] = [detail.child('PanTilt'), detail.child('Zoom')];
  const turn = panTilt && xml`<tt:PanTilt x="${panTilt.attribute('x')}" y="${panTilt.attribute('y')}"/>`;
  const closer = zoom && xml`<tt:Zoom x="${zoom.attribute('x')}"/>`;
  return xml`<tt:PresetDetail><tt:PTZPosition>${turn}${closer}</tt:PTZPosition></tt:PresetDetail>`;
}
