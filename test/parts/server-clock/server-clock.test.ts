/** The server's own clock: asked of programs, watched for jumps, told in the log once. */
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest';
import { LIMITS } from '../../../src/base/limits.ts';
import { silentLogger } from '../../../src/base/log.ts';
import { askServerClock, type ClockState } from '../../../src/drivers/server-clock/server-clock.ts';
import { entriesAbout } from '../../../src/evidence/log.ts';
import { ServerClockWatch } from '../../../src/evidence/server-clock.ts';
import { ManualClock } from '../../support/clock.ts';
import { freshDatabase, type FreshDatabase } from '../../support/postgres.ts';

const root = mkdtempSync(join(tmpdir(), 'sentinel-clock-'));
afterAll(() => rmSync(root, { recursive: true }));

describe('asking the machine', () => {
  /** A folder of programs that stands for a machine. */
  const machine = (programs: Record<string, string>): NodeJS.ProcessEnv => {
    const dir = mkdtempSync(join(root, 'bin-'));
    for (const [name, script] of Object.entries(programs)) {
      writeFileSync(join(dir, name), `#!/bin/sh\n${script}\n`);
      chmodSync(join(dir, name), 0o755);
    }
    return { PATH: dir };
  };
  const CHRONY = `echo 'CB00710F,203.0.113.15,3,1780300800.1,-0.002,0,0,0,0,0,0,0,64,Normal'`;
  const TIMEDATECTL = `case "$1" in show) echo NTPSynchronized=no;; *) echo ServerName=ntp.example;; esac`;

  test('without any time service it cannot be told, and that is said', async () => {
    expect(await askServerClock(machine({}))).toEqual({ synchronised: null, source: null, offsetMs: null });
  });

  test('the first service that answers is believed', async () => {
    expect(await askServerClock(machine({ chronyc: CHRONY, timedatectl: TIMEDATECTL }))).toEqual({
      ...{ synchronised: true, source: 'chrony: 203.0.113.15', offsetMs: 2 },
    });
    const failing = { chronyc: 'echo "506 Cannot talk to daemon"; exit 1', ntpq: 'exit 1', timedatectl: TIMEDATECTL };
    expect(await askServerClock(machine(failing))).toEqual({
      ...{ synchronised: false, source: 'systemd-timesyncd: ntp.example', offsetMs: null },
    });
  });

  test('this machine answers one way or the other', async () => {
    const { synchronised } = await askServerClock();
    expect([true, false, null]).toContain(synchronised);
  });
});

describe('the watch', () => {
  let fresh: FreshDatabase;
  let clock: ManualClock;
  let answer: ClockState;
  const watches: ServerClockWatch[] = [];
  beforeEach(async () => {
    fresh = await freshDatabase();
    clock = new ManualClock();
    answer = { synchronised: true, source: 'chrony: 203.0.113.15', offsetMs: 0.4 };
  });
  afterEach(async () => {
    for (const watch of watches.splice(0)) await watch.close();
    await fresh.close();
  });
  const begin = async (host = 'one'): Promise<ServerClockWatch> => {
    const watch = new ServerClockWatch({
      ...{ db: fresh.db, clock, log: silentLogger, host, ask: async () => answer },
    });
    watches.push(watch);
    await watch.start();
    return watch;
  };
  /** Timers by hand, the database in its own time. */
  const pass = async (ms: number): Promise<void> => {
    await clock.advance(ms);
    for (const watch of watches) await watch.ask();
  };
  const told = async (host = 'one') =>
    (await entriesAbout(fresh.db, `server:${host}`, { afterSeq: -1, most: 50 })).map(
      ({ body }) => JSON.parse(body) as { event: string; ms: number; synchronised: boolean | null },
    );

  test('tells a state once, and again when it changes', async () => {
    const watch = await begin();
    await pass(LIMITS.serverClockAskedEveryMs * 3);
    expect(await told()).toEqual([
      {
        ...{ format: 'sentinel-server-clock/1', host: 'one', event: 'state', ms: 0 },
        ...{ synchronised: true, source: 'chrony: 203.0.113.15', offsetMs: 0.4 },
      },
    ]);
    answer = { synchronised: false, source: 'chrony', offsetMs: null };
    await pass(LIMITS.serverClockAskedEveryMs);
    expect((await told()).map(({ synchronised }) => synchronised)).toEqual([true, false]);
    expect(watch.state).toMatchObject({ synchronised: false, lastStep: null });
  });

  test('tells a jump either way, and what a snapshot will say of it', async () => {
    const watch = await begin();
    await pass(5_000);
    clock.stepWallClock(90_000);
    await pass(1_000);
    expect(watch.state?.lastStep).toEqual({ at: new Date(clock.nowMs()).toISOString(), ms: 90_000 });
    await pass(20_000);
    clock.stepWallClock(-700);
    await pass(1_000);
    clock.stepWallClock(-700);
    await pass(1_000);
    expect((await told()).filter(({ event }) => event === 'stepped').map(({ ms }) => ms)).toEqual([90_000, -700, -700]);
  });

  test('does not take slewing for a jump, nor what is smaller than one', async () => {
    await begin();
    for (let second = 0; second < 30; second++) {
      clock.stepWallClock(second % 2 === 0 ? 0.5 : LIMITS.clockStepMs - 1);
      await pass(1_000);
      clock.stepWallClock(-(LIMITS.clockStepMs - 1));
      await pass(1_000);
    }
    expect((await told()).filter(({ event }) => event === 'stepped')).toEqual([]);
  });

  test('of two processes on one machine one tells, of two machines both', async () => {
    await begin();
    await begin();
    await begin('two');
    clock.stepWallClock(5_000);
    await pass(1_000);
    await pass(1_000);
    expect((await told()).filter(({ event }) => event === 'stepped')).toHaveLength(1);
    expect((await told('two')).filter(({ event }) => event === 'stepped')).toHaveLength(1);
    expect((await told()).filter(({ event }) => event === 'state')).toHaveLength(1);
  });

  test('a process that begins knows of the last jump, and does not tell the old state anew', async () => {
    const first = await begin();
    clock.stepWallClock(5_000);
    await pass(1_000);
    const { lastStep } = first.state!;
    await first.close();
    const next = await begin();
    expect(next.state?.lastStep).toEqual(lastStep);
    expect(await told()).toHaveLength(2);
  });
});
