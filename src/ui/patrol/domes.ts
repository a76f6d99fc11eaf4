/** The estate's domes and what their turrets do, kept as they change. */
import { onBeforeUnmount, reactive, ref } from 'vue';
import type { Camera, PatrolRoute, PresetList, Turret } from '../../web/contract.ts';
import { systemClock, type Timer } from '../../base/clock.ts';
import { api, asProblem, everything, type ApiProblem } from '../api.ts';
import { onHappened, onReset } from '../live.ts';
import { setServerTime } from '../now.ts';

export interface Dome {
  readonly camera: Camera;
  /** undefined: not yet read, or it has none. */
  turret: Turret | undefined;
}

/** Events come in flocks; what they tell is asked for once they have gone by. */
const SOON_MS = 150;

/** Runs `act` a moment after the last of many calls. */
export function soon(act: () => void, afterMs = SOON_MS): { ask: () => void; cancel: () => void } {
  let timer: Timer | undefined;
  return {
    ask: () => {
      timer?.cancel();
      timer = systemClock.after(afterMs, act);
    },
    cancel: () => timer?.cancel(),
  };
}

export function useDomes() {
  const domes = ref<Dome[]>([]);
  const state = reactive<{ isLoaded: boolean; problem: ApiProblem | undefined }>({
    isLoaded: false,
    problem: undefined,
  });

  async function load(): Promise<void> {
    try {
      const cameras = await everything((query) => api.cameras({ ...query, kind: 'ptz' }));
      domes.value = cameras.map((camera) => ({
        camera,
        turret: domes.value.find((dome) => dome.camera.id === camera.id)?.turret,
      }));
      await Promise.all(cameras.map(({ id }) => loadTurret(id)));
      state.problem = undefined;
      state.isLoaded = true;
    } catch (thrown) {
      state.problem = asProblem(thrown);
    }
  }

  async function loadTurret(cameraId: number): Promise<void> {
    const turret = await api.turret(cameraId);
    setServerTime(turret.serverTime);
    const dome = domes.value.find(({ camera }) => camera.id === cameraId);
    if (dome) dome.turret = turret;
  }

  const changed = new Set<number>();
  const turrets = soon(() => {
    for (const cameraId of changed) loadTurret(cameraId).catch(() => undefined);
    changed.clear();
  });
  const all = soon(() => void load());
  const stops = [
    onHappened(({ kind, data }) => {
      if (kind === 'camera.changed') all.ask();
      if ((kind !== 'turret.changed' && kind !== 'task.changed') || data.cameraId === undefined) return;
      changed.add(data.cameraId);
      turrets.ask();
    }),
    onReset(() => void load()),
  ];
  onBeforeUnmount(() => {
    for (const stop of stops) stop();
    turrets.cancel();
    all.cancel();
  });
  void load();
  return { domes, state, load, loadTurret };
}

/** Presets and routes of one dome. */
export function useDomeThings(cameraId: () => number | undefined) {
  const presets = ref<PresetList>();
  const routes = ref<PatrolRoute[]>();
  const problem = ref<ApiProblem>();

  async function load(): Promise<void> {
    const id = cameraId();
    if (id === undefined) return;
    try {
      const [list, found] = await Promise.all([
        api.presets(id),
        everything((query) => api.routes({ ...query, cameraId: id })),
      ]);
      if (cameraId() !== id) return;
      presets.value = sorted(list);
      routes.value = found;
      problem.value = undefined;
    } catch (thrown) {
      if (cameraId() === id) problem.value = asProblem(thrown);
    }
  }

  const again = soon(() => void load(), 400);
  const stops = [
    onHappened(({ kind, data }) => {
      const mine = data.cameraId === cameraId();
      if (kind === 'route.changed' || (mine && (kind === 'turret.changed' || kind === 'view.changed'))) again.ask();
    }),
    onReset(() => void load()),
  ];
  onBeforeUnmount(() => {
    for (const stop of stops) stop();
    again.cancel();
  });
  return {
    presets,
    routes,
    problem,
    load,
    clear: () => {
      presets.value = undefined;
      routes.value = undefined;
      problem.value = undefined;
    },
    setPresets: (list: PresetList) => {
      presets.value = sorted(list);
    },
  };
}

/** As people count: 2 before 10. */
function sorted(list: PresetList): PresetList {
  const byName = new Intl.Collator('zh-CN', { numeric: true });
  const items = [...list.items].sort(
    (a, b) => byName.compare(a.name || a.token, b.name || b.token) || byName.compare(a.token, b.token),
  );
  return { ...list, items };
}
