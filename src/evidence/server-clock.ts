/**
 * Watches the server's own clock, on which every stamp rests: that it runs evenly, by holding it each second against one
 * that cannot be set, and that something keeps it right, by asking the machine's time service. A jump and a change of
 * that state are entries of the evidence log; what is known now goes into each snapshot. Several processes on a machine
 * see the same and tell it once.
 */
import { sql } from 'kysely';
import type { Clock, Timer } from '../base/clock.ts';
import { problemOf } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import type { Logger } from '../base/log.ts';
import type { Db } from '../drivers/postgres/postgres.ts';
import type { ClockState } from '../drivers/server-clock/server-clock.ts';
import { appendEntry } from './log.ts';
import type { ServerClock } from './snapshot.ts';

/** What the log says of a server's clock: the body of `server.clock`. */
export interface ServerClockTold {
  readonly format: 'sentinel-server-clock/1';
  readonly host: string;
  /** `stepped`: it jumped by `ms`; `state`: its synchronisation changed. */
  readonly event: 'stepped' | 'state';
  /** How far it jumped, forwards positive; 0 for a state. */
  readonly ms: number;
  readonly synchronised: boolean | null;
  readonly source: string | null;
  readonly offsetMs: number | null;
}

export interface ServerClockParts {
  readonly db: Db;
  readonly clock: Clock;
  readonly log: Logger;
  readonly host: string;
  readonly ask: () => Promise<ClockState>;
  readonly sm3?: ((text: string) => string) | undefined;
}

const TICK_MS = 1_000;

export class ServerClockWatch {
  readonly #parts: ServerClockParts;
  readonly #timers: Timer[] = [];
  #state: ServerClock | null = null;
  #lastStep: ServerClock['lastStep'] = null;
  /** Wall clock minus the one that only runs, as last seen. */
  #difference: number | undefined;
  #working: Promise<void> = Promise.resolve();
  #asking = false;
  /** The jump this process told of last: another of the same size is another. */
  #toldAtMs: number | undefined;

  constructor(parts: ServerClockParts) {
    this.#parts = parts;
  }

  /** As last asked; null before that. */
  get state(): ServerClock | null {
    return this.#state;
  }

  async start(): Promise<void> {
    const { clock } = this.#parts;
    this.#difference = this.#readDifference();
    await this.ask();
    this.#timers.push(
      clock.every(TICK_MS, () => this.#tick()),
      clock.every(LIMITS.serverClockAskedEveryMs, () => void this.ask()),
    );
  }

  async close(): Promise<void> {
    for (const timer of this.#timers) timer.cancel();
    await this.#working;
  }

  /** Asks the time service now. */
  ask(): Promise<void> {
    if (this.#asking) return this.#working;
    this.#asking = true;
    return this.#inTurn(async () => {
      try {
        const { ask, clock } = this.#parts;
        const state = await ask();
        const checkedAt = new Date(clock.nowMs());
        this.#state = { ...state, checkedAt: checkedAt.toISOString(), lastStep: this.#lastStep };
        await this.#tellState(state, checkedAt);
      } finally {
        this.#asking = false;
      }
    });
  }

  /** A clock that is slewed moves by half a millisecond a second at most; what moves further was set. */
  #tick(): void {
    const before = this.#difference;
    const now = this.#readDifference();
    if (now === undefined) return;
    this.#difference = now;
    const ms = before === undefined ? 0 : Math.round(now - before);
    if (Math.abs(ms) < LIMITS.clockStepMs) return;
    const { clock, log } = this.#parts;
    const at = new Date(clock.nowMs());
    log.warn({ ms }, 'the server’s clock jumped');
    this.#lastStep = { at: at.toISOString(), ms };
    if (this.#state) this.#state = { ...this.#state, lastStep: this.#lastStep };
    void this.#inTurn(() => this.#tellStep(ms, at));
  }

  /** Read twice: a process that was held up between the two clocks would see a jump that was none. */
  #readDifference(): number | undefined {
    const { clock } = this.#parts;
    const beganMs = clock.monotonicMs();
    const wallMs = clock.nowMs();
    const endedMs = clock.monotonicMs();
    return endedMs - beganMs > LIMITS.clockStepMs / 4 ? undefined : wallMs - (beganMs + endedMs) / 2;
  }

  #inTurn(work: () => Promise<void>): Promise<void> {
    this.#working = this.#working.then(work).catch((thrown: unknown) => {
      this.#parts.log.error({ problem: problemOf(thrown) }, 'what is known of the server’s clock could not be written');
    });
    return this.#working;
  }

  async #tellState(state: ClockState, checkedAt: Date): Promise<void> {
    const { db, host } = this.#parts;
    await db.transaction().execute(async (trx) => {
      const before = await trx
        .selectFrom('server_clock')
        .select(['synchronised', 'source', 'stepped_at', 'stepped_ms'])
        .where('host', '=', host)
        .forUpdate()
        .executeTakeFirst();
      const row = {
        ...{ synchronised: state.synchronised, source: state.source, offset_ms: state.offsetMs },
        checked_at: checkedAt,
      };
      const written = await trx
        .insertInto('server_clock')
        .values({ host, ...row })
        .onConflict((conflict) => conflict.column('host').doUpdateSet(row))
        .returning(sql<boolean>`xmax = 0`.as('is_first'))
        .executeTakeFirstOrThrow();
      // A process that begins knows of the last jump from whoever ran before it.
      if (this.#lastStep === null && before?.stepped_at && before.stepped_ms !== null) {
        this.#lastStep = { at: before.stepped_at.toISOString(), ms: before.stepped_ms };
        if (this.#state) this.#state = { ...this.#state, lastStep: this.#lastStep };
      }
      const isNews = before
        ? before.synchronised !== state.synchronised || before.source !== state.source
        : written.is_first;
      if (isNews) await this.#append(trx, 'state', 0, state, checkedAt);
    });
  }

  async #tellStep(ms: number, at: Date): Promise<void> {
    const { db, host } = this.#parts;
    await db.transaction().execute(async (trx) => {
      const row = { stepped_at: at, stepped_ms: ms };
      // Two processes that see one jump see it within seconds.
      const before = await trx
        .selectFrom('server_clock')
        .select(['stepped_at', 'stepped_ms'])
        .where('host', '=', host)
        .forUpdate()
        .executeTakeFirst();
      const isTold =
        before?.stepped_at instanceof Date &&
        before.stepped_at.getTime() !== this.#toldAtMs &&
        Math.abs(before.stepped_at.getTime() - at.getTime()) < LIMITS.clockStepSeenWithinMs &&
        Math.abs((before.stepped_ms ?? 0) - ms) < LIMITS.clockStepMs;
      if (isTold) return;
      await trx
        .insertInto('server_clock')
        .values({ host, checked_at: at, ...row })
        .onConflict((conflict) => conflict.column('host').doUpdateSet(row))
        .execute();
      this.#toldAtMs = at.getTime();
      await this.#append(trx, 'stepped', ms, this.#state ?? { synchronised: null, source: null, offsetMs: null }, at);
    });
  }

  async #append(
    trx: Parameters<typeof appendEntry>[0],
    event: ServerClockTold['event'],
    ms: number,
    { synchronised, source, offsetMs }: ClockState,
    at: Date,
  ): Promise<void> {
    const { host, sm3 } = this.#parts;
    const body: ServerClockTold = {
      ...{ format: 'sentinel-server-clock/1', host, event, ms },
      ...{ synchronised, source, offsetMs },
    };
    const about = ['server-clock', `server:${host}`];
    await appendEntry(trx, { kind: 'server.clock', atMs: at.getTime(), body, about, sm3 });
  }
}
