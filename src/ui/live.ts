/**
 * What happens, as it happens: one event stream for all pages. The browser resumes it after a short break by the last id;
 * where it gives up, or where the server says that events were missed, the pages are told to fetch anew. How fresh the
 * page is, is part of the page.
 */
import { reactive, readonly } from 'vue';
import { systemClock, type Timer } from '../base/clock.ts';
import type { Event as HappenedEvent, EventKind } from '../web/contract.ts';
import type { Static } from 'typebox';
import { api, asProblem, EVENTS_URL } from './api.ts';
import { session } from './session.ts';
import { setServerTime } from './now.ts';

export type Happened = Static<typeof HappenedEvent>;

const KINDS: readonly EventKind[] = [
  'candidate.raised',
  'candidate.changed',
  'view.changed',
  'camera.changed',
  'turret.changed',
  'route.changed',
  'task.changed',
  'store.changed',
  'plan.changed',
];
const RETRY_FIRST_MS = 1_000;
const RETRY_LONGEST_MS = 20_000;
/** A line that died without a word looks open for many minutes: so the server is asked, and silence is not taken for life. */
const PROBE_MS = 20_000;

interface LiveState {
  name: 'off' | 'connecting' | 'live' | 'reconnecting';
  sinceMs: number;
}

const state = reactive<LiveState>({ name: 'off', sinceMs: systemClock.nowMs() });
export const live = readonly(state);

type Listener = (event: Happened) => void;
const listeners = new Set<Listener>();
const resets = new Set<() => void>();

let source: EventSource | undefined;
let retry: Timer | undefined;
let probing: Timer | undefined;
let attempts = 0;
/** The newest event that was heard; where a new stream begins after it, nothing was missed. */
let lastId: string | undefined;
let hasBeenAway = false;

/** @returns a function that stops the listening */
export function onHappened(listener: Listener): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** Called whenever events may have been missed: what a page shows may be old, and must be fetched again. */
export function onReset(listener: () => void): () => void {
  resets.add(listener);
  return () => resets.delete(listener);
}

export function goLive(): void {
  if (state.name !== 'off') return;
  enter('connecting');
  window.addEventListener('online', reconnectNow);
  window.addEventListener('offline', lose);
  probing = systemClock.every(PROBE_MS, () => void probe());
  open();
}

export function stopLive(): void {
  window.removeEventListener('online', reconnectNow);
  window.removeEventListener('offline', lose);
  probing?.cancel();
  shut();
  lastId = undefined;
  hasBeenAway = false;
  enter('off');
}

function enter(name: LiveState['name']): void {
  if (state.name === name) return;
  state.name = name;
  state.sinceMs = systemClock.nowMs();
}

function shut(): void {
  retry?.cancel();
  retry = undefined;
  source?.close();
  source = undefined;
}

function open(): void {
  shut();
  const opened = new EventSource(lastId === undefined ? EVENTS_URL : `${EVENTS_URL}?after=${lastId}`);
  source = opened;
  opened.onopen = () => {
    attempts = 0;
    enter('live');
    if (hasBeenAway && lastId === undefined) refetch();
    hasBeenAway = false;
  };
  opened.onerror = () => {
    if (source !== opened) return;
    hasBeenAway = true;
    enter('reconnecting');
    // The browser tries again by itself unless the answer was no event stream: then it is for us to ask why, and to try.
    if (opened.readyState === EventSource.CLOSED) tryLater();
  };
  opened.addEventListener('reset', (message: MessageEvent<string>) => {
    lastId = message.lastEventId || lastId;
    refetch();
  });
  for (const kind of KINDS) {
    opened.addEventListener(kind, (message: MessageEvent<string>) => {
      lastId = message.lastEventId || lastId;
      const event = read(message);
      if (event) for (const listener of listeners) listener(event);
    });
  }
}

function read(message: MessageEvent<string>): Happened | undefined {
  try {
    return JSON.parse(message.data) as Happened;
  } catch {
    return undefined;
  }
}

/** The line is gone, as the browser or a probe found. */
function lose(): void {
  if (state.name === 'off') return;
  shut();
  hasBeenAway = true;
  enter('reconnecting');
}

function tryLater(): void {
  shut();
  const longest = Math.min(RETRY_LONGEST_MS, RETRY_FIRST_MS * 2 ** attempts++);
  retry = systemClock.after(longest * (0.5 + Math.random() / 2), reconnectNow);
}

function reconnectNow(): void {
  if (state.name !== 'reconnecting') return;
  retry?.cancel();
  // Asking who we are first tells an ended session from a server that is away.
  ask().then(
    () => {
      if (state.name === 'reconnecting') open();
    },
    () => {
      if (session.me && state.name === 'reconnecting') tryLater();
    },
  );
}

async function probe(): Promise<void> {
  if (state.name !== 'live') return;
  try {
    await ask();
  } catch (thrown) {
    if (asProblem(thrown).status !== 0) return;
    lose();
    if (source === undefined) tryLater();
  }
}

async function ask(): Promise<void> {
  const me = await api.me();
  session.me = me;
  setServerTime(me.serverTime);
}

/** What is shown may be old: every page fetches anew. */
export function refetch(): void {
  for (const listener of resets) listener();
}
