/**
 * What happens, as it happens: one line for the whole page. After a break it is resumed by
 * the last id; where the server says that events were missed, the pages are told to fetch anew. How fresh the
 * page is, is part of the page.
 */
import { reactive, readonly } from 'vue';
import { systemClock, type Timer } from '../base/clock.ts';
import {
  EVENT_LINE_URL,
  type AlertList,
  type Event as HappenedEvent,
  type EventAsk,
  type EventMessage,
} from '../web/contract.ts';
import { api, asProblem } from './api.ts';
import { session } from './session.ts';
import { nowMs, setServerTime } from './now.ts';

export type Happened = HappenedEvent;

const RETRY_FIRST_MS = 1_000;
const RETRY_LONGEST_MS = 20_000;
/** A line that died without a word looks open for many minutes: so the server is asked, and silence is not taken for life. */
const PROBE_MS = 20_000;

interface LiveState {
  name: 'off' | 'connecting' | 'live' | 'reconnecting';
  sinceMs: number;
}

const state = reactive<LiveState>({ name: 'off', sinceMs: nowMs.value });
export const live = readonly(state);

type Listener = (event: Happened) => void;
const listeners = new Set<Listener>();
const resets = new Set<() => void>();
type AlertListener = (list: AlertList, after: number) => void;
const alertListeners = new Set<AlertListener>();

let source: WebSocket | undefined;
let retry: Timer | undefined;
let probing: Timer | undefined;
let attempts = 0;
/** The newest event that was heard; where a new line begins after it, nothing was missed. */
let lastId: number | undefined;
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

/**
 * The alerts as they are after each event that changes them.
 * @returns a function that stops the listening
 */
export function onAlerts(listener: AlertListener): () => void {
  alertListeners.add(listener);
  if (alertListeners.size === 1) askForAlerts(true);
  return () => {
    if (alertListeners.delete(listener) && alertListeners.size === 0) askForAlerts(false);
  };
}

function askForAlerts(alerts: boolean): void {
  const ask: EventAsk = { alerts };
  if (source?.readyState === WebSocket.OPEN) source.send(JSON.stringify(ask));
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
  state.sinceMs = nowMs.value;
}

function shut(): void {
  retry?.cancel();
  retry = undefined;
  const closing = source;
  source = undefined;
  closing?.close();
}

function open(): void {
  shut();
  const address = new URL(EVENT_LINE_URL, location.href.replace(/^http/, 'ws'));
  if (lastId !== undefined) address.searchParams.set('after', String(lastId));
  const opened = new WebSocket(address);
  source = opened;
  opened.onopen = () => {
    if (source !== opened) return;
    attempts = 0;
    enter('live');
    if (alertListeners.size > 0) askForAlerts(true);
    if (hasBeenAway && lastId === undefined) refetch();
    hasBeenAway = false;
  };
  opened.onclose = () => {
    if (source !== opened) return;
    source = undefined;
    hasBeenAway = true;
    enter('reconnecting');
    tryLater();
  };
  opened.onmessage = ({ data }: MessageEvent<string>) => {
    const message = read(data);
    if (source !== opened || !message) return;
    if ('reset' in message) {
      lastId = message.reset;
      refetch();
    } else if ('event' in message) {
      lastId = message.event.id;
      for (const listener of listeners) listener(message.event);
    } else if ('alerts' in message) {
      for (const listener of alertListeners) listener(message.alerts, message.after);
    }
  };
}

function read(text: string): EventMessage | undefined {
  try {
    return JSON.parse(text) as EventMessage;
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
  // The browser tells when the network is back; a screen that nobody sits at does not count on it.
  tryLater();
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
