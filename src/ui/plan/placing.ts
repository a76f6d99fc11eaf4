/** Placing on a plan: each change goes to the server at once, and leaves a step that takes it back. */
import { computed, ref, type Ref } from 'vue';
import type { CameraPlacing, PlanDetail } from '../../web/contract.ts';
import { api } from '../api.ts';
import { tellProblem } from '../say.ts';
import { useUndo } from './undo.ts';

export type Polygon = [number, number][];
export type AreaKind = 'views' | 'buildings';

interface Change {
  readonly run: () => Promise<unknown>;
  readonly undo: () => Promise<unknown>;
}

export function usePlacing(plan: Readonly<Ref<PlanDetail | undefined>>, reload: () => Promise<void>) {
  const steps = useUndo();
  const inLine = ref(0);
  let line: Promise<unknown> = Promise.resolve();

  /** One after another, each on what the one before it left: a key pressed while another is served is not lost. */
  function inTurn(act: () => Promise<boolean>): Promise<boolean> {
    inLine.value++;
    const turn = line.then(async () => {
      try {
        return await act();
      } catch (thrown) {
        tellProblem(thrown);
        return false;
      } finally {
        await reload();
        inLine.value--;
      }
    });
    line = turn;
    return turn;
  }

  function change(what: string, changeNow: () => Change | undefined): Promise<boolean> {
    return inTurn(async () => {
      const now = changeNow();
      if (!now) return false;
      await now.run();
      steps.did({
        what,
        undo: async () => {
          await now.undo();
        },
      });
      return true;
    });
  }

  function placingOf(cameraId: number): CameraPlacing | undefined {
    const placed = plan.value?.placed.find((one) => one.cameraId === cameraId);
    if (!placed) return undefined;
    const { x, y, headingDeg, spreadDeg, reach } = placed;
    return { x, y, headingDeg, spreadDeg, reach };
  }

  function polygonOf(kind: AreaKind, id: number): Polygon | undefined {
    const found =
      kind === 'views'
        ? plan.value?.views.find(({ viewId }) => viewId === id)
        : plan.value?.buildings.find(({ buildingId }) => buildingId === id);
    return found?.polygon;
  }

  return {
    isBusy: computed(() => inLine.value > 0),
    last: steps.last,
    forget: steps.forget,

    putCamera(cameraId: number, at: CameraPlacing, name: string): Promise<boolean> {
      const id = plan.value?.id ?? 0;
      return change(name, () => {
        const before = placingOf(cameraId);
        return {
          run: () => api.placeCamera(id, cameraId, at),
          undo: () => (before ? api.placeCamera(id, cameraId, before) : api.takeOff(id, 'cameras', cameraId)),
        };
      });
    },

    takeCamera(cameraId: number, name: string): Promise<boolean> {
      const id = plan.value?.id ?? 0;
      return change(name, () => {
        const before = placingOf(cameraId);
        return (
          before && {
            run: () => api.takeOff(id, 'cameras', cameraId),
            undo: () => api.placeCamera(id, cameraId, before),
          }
        );
      });
    },

    putArea(kind: AreaKind, areaId: number, polygon: Polygon, name: string): Promise<boolean> {
      const id = plan.value?.id ?? 0;
      return change(name, () => {
        const before = polygonOf(kind, areaId);
        return {
          run: () => api.placeArea(id, kind, areaId, { polygon }),
          undo: () => (before ? api.placeArea(id, kind, areaId, { polygon: before }) : api.takeOff(id, kind, areaId)),
        };
      });
    },

    takeArea(kind: AreaKind, areaId: number, name: string): Promise<boolean> {
      const id = plan.value?.id ?? 0;
      return change(name, () => {
        const before = polygonOf(kind, areaId);
        return (
          before && {
            run: () => api.takeOff(id, kind, areaId),
            undo: () => api.placeArea(id, kind, areaId, { polygon: before }),
          }
        );
      });
    },

    /** @returns whether something was taken back */
    undo: (): Promise<boolean> => inTurn(() => steps.undo()),
  };
}
