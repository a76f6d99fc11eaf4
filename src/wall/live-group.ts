/** All who look at one stream: its units are taken from the connection, and gathered, once for all of them. */
import type { AccessUnit, PullState, RtspTarget, SharedPull } from '../drivers/rtsp/rtsp.ts';
import { Gathering, type LiveBeat } from './live-beat.ts';
import type { Hold, LivePace, LiveState, LiveViewer } from './live-relay.ts';

/** Waking for each packet would cost most of what relaying does. */
const READ = { soon: 'soon', calm: 'unhurried' } as const;

export class LiveGroup {
  readonly #pull: SharedPull;
  readonly #gathering: Gathering<AccessUnit>;
  /** Those who look, and whether they have had a key unit to begin with. */
  readonly #viewers = new Map<LiveViewer, { hasBegun: boolean }>();
  #isHurried = false;

  /** @throws SentinelError `rtsp.too_many_waiting` */
  constructor(target: RtspTarget, pace: LivePace, hold: Hold, beat: LiveBeat) {
    this.#gathering = new Gathering(beat, (units) => this.#handOn(units));
    this.#pull = hold(target, { onError() {}, onState: (state) => this.#show(state) });
    try {
      this.#pull.subscribe((unit) => this.#onUnit(unit), { pace: READ[pace] });
    } catch (thrown) {
      void this.#pull.stop();
      throw thrown;
    }
    this.#pull.start();
  }

  get isUnwatched(): boolean {
    return this.#viewers.size === 0;
  }

  add(viewer: LiveViewer): void {
    this.#viewers.set(viewer, { hasBegun: false });
    void this.#hurry();
    const state = stateOf(this.#pull.state);
    if (state) viewer.onState(state);
  }

  remove(viewer: LiveViewer): boolean {
    return this.#viewers.delete(viewer);
  }

  async close(): Promise<void> {
    await this.#pull.stop();
  }

  /** What is waited for is read soon; that it came is seen where all units come. */
  async #hurry(): Promise<void> {
    if (this.#isHurried) return;
    this.#isHurried = true;
    await this.#pull.nextKeyFrame().catch(() => {});
    this.#isHurried = false;
  }

  #show(pullState: PullState): void {
    // What came before it is handed on before it.
    this.#gathering.flush();
    const state = stateOf(pullState);
    if (state) for (const viewer of [...this.#viewers.keys()]) viewer.onState(state);
  }

  #onUnit(unit: AccessUnit): void {
    this.#gathering.add(unit);
    // The first picture does not wait for a beat.
    if (unit.isKey && [...this.#viewers.values()].some(({ hasBegun }) => !hasBegun)) this.#gathering.flush();
  }

  #handOn(units: readonly AccessUnit[]): void {
    let fromKey: readonly AccessUnit[] | undefined;
    for (const [viewer, seat] of [...this.#viewers]) {
      if (seat.hasBegun) {
        viewer.onUnits(units);
        continue;
      }
      fromKey ??= fromKeyUnit(units);
      if (fromKey.length === 0) continue;
      seat.hasBegun = true;
      viewer.onUnits(fromKey);
    }
  }
}

/** From the first key unit on, with which a decoder can begin; nothing without one. */
export function fromKeyUnit(units: readonly AccessUnit[]): readonly AccessUnit[] {
  const at = units.findIndex(({ isKey }) => isKey);
  return at < 0 ? [] : at === 0 ? units : units.slice(at);
}

function stateOf({ name, codec, error }: PullState): LiveState | undefined {
  return name === 'stopped' ? undefined : { name, ...(codec && { codec }), ...(error && { problem: error.code }) };
}
