/** Driving one turret by hand: one command at a time, the newest wish wins, and it stands still when the hand lets go. */
import { onBeforeUnmount, ref } from 'vue';
import { systemClock } from '../../base/clock.ts';
import type { MoveBody } from '../../web/contract.ts';
import { api } from '../api.ts';
import { tellProblem } from '../say.ts';
import { turnSpeed } from './gesture.ts';

/** A held key says so again this often; without a word the turret stops by itself after {@link LASTS_S}. */
const AGAIN_MS = 500;
const LASTS_S = 1.2;

export interface Heading {
  readonly pan: -1 | 0 | 1;
  readonly tilt: -1 | 0 | 1;
  readonly zoom: -1 | 0 | 1;
}

const STILL: Heading = { pan: 0, tilt: 0, zoom: 0 };

export function useDrive(cameraId: () => number | undefined, zoom: () => number, after: () => void) {
  /** 1 … 10 */
  const level = ref(5);
  const isBusy = ref(false);
  const held = new Map<string, Heading>();
  let isTurning = false;

  const isMoving = (heading: Heading): boolean => heading.pan !== 0 || heading.tilt !== 0 || heading.zoom !== 0;

  function heading(): Heading {
    const all = [...held.values()];
    const of = (part: keyof Heading): -1 | 0 | 1 => all.map((one) => one[part]).findLast((way) => way !== 0) ?? 0;
    return { pan: of('pan'), tilt: of('tilt'), zoom: of('zoom') };
  }

  /** Turns as long as something is held. */
  async function turn(): Promise<void> {
    const id = cameraId();
    if (isTurning || id === undefined) return;
    isTurning = true;
    let hasMoved = false;
    try {
      for (let wish = heading(); isMoving(wish); wish = heading()) {
        hasMoved = true;
        const speed = turnSpeed(level.value, zoom());
        await api.move(id, {
          kind: 'continuous',
          ...{ pan: wish.pan * speed, tilt: wish.tilt * speed, zoom: wish.zoom * Math.max(0.1, level.value / 10) },
          forS: LASTS_S,
        });
        const said = JSON.stringify(wish);
        for (let waited = 0; waited < AGAIN_MS && JSON.stringify(heading()) === said; waited += 25) {
          await systemClock.sleep(25);
        }
      }
      if (hasMoved) await api.stop(id);
    } catch (thrown) {
      held.clear();
      tellProblem(thrown);
    } finally {
      isTurning = false;
      after();
    }
    if (isMoving(heading())) void turn();
  }

  /** One command that ends by itself. While one is under way another is not sent: the turret could not follow. */
  async function command(body: MoveBody): Promise<boolean> {
    const id = cameraId();
    if (id === undefined || isBusy.value) return false;
    isBusy.value = true;
    try {
      await api.move(id, body);
      return true;
    } catch (thrown) {
      tellProblem(thrown);
      return false;
    } finally {
      isBusy.value = false;
      after();
    }
  }

  async function halt(): Promise<void> {
    held.clear();
    const id = cameraId();
    if (id === undefined) return;
    try {
      await api.stop(id);
    } catch (thrown) {
      tellProblem(thrown);
    }
    after();
  }

  function hold(name: string, change: Partial<Heading>): void {
    if (held.has(name)) return;
    held.set(name, { ...STILL, ...change });
    void turn();
  }

  function letGo(name: string): void {
    held.delete(name);
  }

  const letAllGo = (): void => held.clear();
  // A key let go while the page is not looked at is never told of.
  window.addEventListener('blur', letAllGo);
  onBeforeUnmount(() => {
    window.removeEventListener('blur', letAllGo);
    held.clear();
  });
  return { level, isBusy, hold, letGo, letAllGo, halt, command };
}
