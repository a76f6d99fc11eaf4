/**
 * A console that nobody touches locks. The server decides by what it was told of hands at the page, so that several
 * windows of one session lock together; this side tells it of hands, and asks it once none were seen for the time.
 */
import { systemClock, type Timer } from '../base/clock.ts';
import { api } from './api.ts';
import { goLive, refetch, stopLive } from './live.ts';
import { session } from './session.ts';

/** Hands are told of this often at most, and whether it is time to lock is looked at this often. */
const TOLD_EVERY_MS = 30_000;
const LOOKED_AT_MS = 5_000;
const TOUCHES = ['pointerdown', 'pointermove', 'keydown', 'wheel', 'touchstart'] as const;

let touchedAtMs = systemClock.nowMs();
let toldAtMs = 0;
let looking: Timer | undefined;

function onTouch(): void {
  touchedAtMs = systemClock.nowMs();
  const { me } = session;
  if (!me || me.isLocked || me.idleLockS === null) return;
  // Short times, as tests set them, need telling more often.
  if (touchedAtMs - toldAtMs < Math.min(TOLD_EVERY_MS, me.idleLockS * 250)) return;
  toldAtMs = touchedAtMs;
  // Untold it locks a little early; nothing is lost.
  api.touch().catch(() => undefined);
}

async function look(): Promise<void> {
  const { me } = session;
  if (!me || me.isLocked || me.idleLockS === null) return;
  if (systemClock.nowMs() - touchedAtMs < me.idleLockS * 1000) return;
  try {
    const now = await api.me();
    if (now.isLocked) enterLock();
  } catch {
    // The server refuses whatever is asked of a locked session, whether or not this page knows of it yet.
  }
}

/** Watches over the session for as long as the page is open. */
export function watchIdleness(): void {
  for (const touch of TOUCHES) window.addEventListener(touch, onTouch, { capture: true, passive: true });
  looking ??= systemClock.every(LOOKED_AT_MS, () => void look());
}

/** Nothing more is asked of the server, and nothing more is shown. */
export function enterLock(): void {
  if (session.me) session.me.isLocked = true;
  stopLive();
}

/** @throws ApiProblem where the password is wrong */
export async function unlock(password: string): Promise<void> {
  session.me = await api.unlock(password);
  touchedAtMs = systemClock.nowMs();
  goLive();
  // The page is as it was left; what happened meanwhile is fetched.
  refetch();
}
