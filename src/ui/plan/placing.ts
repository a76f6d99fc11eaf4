/** Placing on a plan: each change goes to the server at once, and leaves a step that takes it back. */
import { ref, type Ref } from 'vue';
import type { CameraPlacing, PlanDetail } from '../../web/contract.ts';
import { api } from '../api.ts';
import { tellProblem } from '../say.ts';
import { useUndo } from './undo.ts';

export type Polygon = [number, number][];
export type AreaKind = 'views' | 'buildings';

export function usePlacing(plan: Readonly<Ref<PlanDetail | undefined>>, reload: () => Promise<void>) {
  const steps = useUndo();
  const isBusy = ref(false);

  async function run(change: () => Promise<unknown>, what: string, undo: () => Promise<unknown>): Promise<boolean> {
    isBusy.value = true;
    try {
      await change();
      steps.did({
        what,
        undo: async () => {
          await undo();
        },
      });
      return true;
    } catch (thrown) {
      tellProblem(thrown);
      return false;
    } finally {
      await reload();
      isBusy.value = false;
    }
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
    isBusy,
    last: steps.last,
    forget: steps.forget,

    putCamera(cameraId: number, at: CameraPlacing, name: string): Promise<boolean> {
      const id = plan.value?.id ?? 0;
      const before = placingOf(cameraId);
      return run(
        () => api.placeCamera(id, cameraId, at),
        name,
        () => (before ? api.placeCamera(id, cameraId, before) : api.takeOff(id, 'cameras', cameraId)),
      );
    },

    takeCamera(cameraId: number, name: string): Promise<boolean> {
      const id = plan.value?.id ?? 0;
      const before = placingOf(cameraId);
      if (!before) return Promise.resolve(false);
      return run(
        () => api.takeOff(id, 'cameras', cameraId),
        name,
        () => api.placeCamera(id, cameraId, before),
      );
    },

    putArea(kind: AreaKind, areaId: number, polygon: Polygon, name: string): Promise<boolean> {
      const id = plan.value?.id ?? 0;
      const before = polygonOf(kind, areaId);
      return run(
        () => api.placeArea(id, kind, areaId, { polygon }),
        name,
        () => (before ? api.placeArea(id, kind, areaId, { polygon: before }) : api.takeOff(id, kind, areaId)),
      );
    },

    takeArea(kind: AreaKind, areaId: number, name: string): Promise<boolean> {
      const id = plan.value?.id ?? 0;
      const before = polygonOf(kind, areaId);
      if (!before) return Promise.resolve(false);
      return run(
        () => api.takeOff(id, kind, areaId),
        name,
        () => api.placeArea(id, kind, areaId, { polygon: before }),
      );
    },

    /** @returns whether something was taken back */
    async undo(): Promise<boolean> {
      if (isBusy.value) return false;
      isBusy.value = true;
      try {
        return await steps.undo();
      } catch (thrown) {
        tellProblem(thrown);
        return false;
      } finally {
        await reload();
        isBusy.value = false;
      }
    },
  };
}
