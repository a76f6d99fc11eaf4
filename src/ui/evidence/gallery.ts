/** The snapshots that are looked for, page by page, newest first. */
import { reactive, readonly, watch, type Ref } from 'vue';
import type { LocationQuery } from 'vue-router';
import type { Snapshot } from '../../web/contract.ts';
import { api, asProblem, type ApiProblem, type Query } from '../api.ts';
import { accessId, useAccess } from './access.ts';

const PAGE = 48;

export const CAUSES = ['raised', 'decided', 'undone', 'pulled', 'stream'] as const;
export const STATES = ['open', 'decided'] as const;

/** As it stands in the page's address, so that a search can be sent on. */
export interface GalleryFilter {
  readonly place: string;
  readonly cameraId: string;
  readonly candidateId: string;
  readonly cause: string;
  readonly state: string;
  readonly held: string;
  readonly since: string;
  readonly until: string;
}

const NAMES = ['place', 'cameraId', 'candidateId', 'cause', 'state', 'held', 'since', 'until'] as const;
export const EVERYTHING: GalleryFilter = {
  place: '',
  cameraId: '',
  candidateId: '',
  cause: '',
  state: '',
  held: '',
  since: '',
  until: '',
};

export function filterOf(query: LocationQuery): GalleryFilter {
  const filter = { ...EVERYTHING } as Record<keyof GalleryFilter, string>;
  for (const name of NAMES) {
    const value = query[name];
    if (typeof value === 'string') filter[name] = value;
  }
  return filter;
}

export function queryOf(filter: GalleryFilter): Record<string, string> {
  return Object.fromEntries(NAMES.flatMap((name) => (filter[name] === '' ? [] : [[name, filter[name]]])));
}

export function isNarrowed(filter: GalleryFilter): boolean {
  return NAMES.some((name) => filter[name] !== '');
}

function asked({ held, ...filter }: GalleryFilter): Query {
  return { ...filter, isHeld: held === '' ? undefined : held === 'true' };
}

export function useGallery(filter: Ref<GalleryFilter>) {
  const { forget } = useAccess();
  const state = reactive<{
    items: Snapshot[];
    next: string | null;
    isLoaded: boolean;
    isBusy: boolean;
    problem: ApiProblem | undefined;
  }>({ items: [], next: null, isLoaded: false, isBusy: false, problem: undefined });
  let turn = 0;

  async function load(how: 'anew' | 'more' = 'anew'): Promise<void> {
    const access = accessId.value;
    if (access === undefined || (how === 'more' && state.next === null)) return;
    const mine = ++turn;
    state.isBusy = true;
    try {
      const cursor = how === 'more' ? (state.next ?? undefined) : undefined;
      const page = await api.snapshots({ ...asked(filter.value), access, limit: PAGE, cursor });
      if (mine !== turn) return;
      state.items = how === 'more' ? [...state.items, ...page.items] : page.items;
      state.next = page.next;
      state.problem = undefined;
      state.isLoaded = true;
    } catch (thrown) {
      if (mine !== turn) return;
      state.problem = asProblem(thrown);
      if (state.problem.code === 'evidence.no_access') forget();
    }
    state.isBusy = false;
  }
  watch(filter, () => void load(), { immediate: true });
  return { state: readonly(state), load };
}
