/**
 * What this machine knows of its own clock, asked of whichever time service it runs: chrony, ntpd, systemd. Where none
 * answers, as in most containers, it cannot be told, and that is the answer. Each is asked in its own words:
 *
 * - `chronyc -c tracking`: comma-separated; field 5 is how far the clock is slow of its source in seconds, field 14 the leap
 *   status, `Not synchronised` where there is none (chronyc(1)).
 * - `ntpq -c rv`: system variables; `leap=11` is not synchronised, `offset` in ms is the source minus the clock (RFC 9327
 *   section 2, ntpq(8)).
 * - `timedatectl show`: `NTPSynchronized` is the kernel's word (org.freedesktop.timedate1); `show-timesync` names the server.
 */
import { execFile } from 'node:child_process';

export interface ClockState {
  /** Null: it cannot be told here. */
  readonly synchronised: boolean | null;
  /** Who told, with the source it names, e.g. `chrony: ntp.example`; null where nobody does. */
  readonly source: string | null;
  /** The clock minus its source, ms; null where that is not told. */
  readonly offsetMs: number | null;
}

const UNTOLD: ClockState = { synchronised: null, source: null, offsetMs: null };
const PATIENCE_MS = 5_000;
const ANSWER_BYTES = 64 * 1024;

/** @param env of the programs asked; tests give a PATH of their own */
export async function askServerClock(env: NodeJS.ProcessEnv = process.env): Promise<ClockState> {
  const ask = (program: string, ...args: string[]): Promise<string | undefined> => answerOf(program, args, env);
  const tracking = await ask('chronyc', '-n', '-c', 'tracking');
  const chrony = tracking === undefined ? undefined : readChrony(tracking);
  if (chrony) return chrony;
  const variables = await ask('ntpq', '-n', '-c', 'rv');
  const ntp = variables === undefined ? undefined : readNtpq(variables);
  if (ntp) return ntp;
  const shown = await ask('timedatectl', 'show', '--property=NTPSynchronized', '--property=NTP');
  return shown === undefined ? UNTOLD : readTimedatectl(shown, await ask('timedatectl', 'show-timesync'));
}

export function readChrony(text: string): ClockState | undefined {
  const fields = text.trim().split('\n').at(-1)?.split(',') ?? [];
  const slowS = Number(fields[4]);
  const leap = fields[13];
  if (fields.length < 14 || leap === undefined || !Number.isFinite(slowS)) return undefined;
  const synchronised = !/^not synch?ronised$/i.test(leap.trim());
  const server = fields[1]?.trim() ?? '';
  return {
    synchronised,
    source: server === '' || !synchronised ? 'chrony' : `chrony: ${server}`,
    offsetMs: synchronised ? -slowS * 1000 : null,
  };
}

export function readNtpq(text: string): ClockState | undefined {
  const variable = (name: string): string | undefined =>
    new RegExp(`(?:^|[\\s,])${name}=("[^"]*"|[^,\\s]+)`).exec(text)?.[1]?.replaceAll('"', '');
  const leap = variable('leap');
  if (leap === undefined) return undefined;
  const synchronised = leap !== '11' && leap !== '3';
  const aheadMs = Number(variable('offset') ?? Number.NaN);
  const server = variable('refid') ?? '';
  return {
    synchronised,
    source: server === '' || !synchronised ? 'ntpd' : `ntpd: ${server}`,
    offsetMs: synchronised && Number.isFinite(aheadMs) ? -aheadMs : null,
  };
}

export function readTimedatectl(shown: string, timesync: string | undefined): ClockState {
  const property = (text: string, name: string): string | undefined =>
    new RegExp(`^${name}=(.*)$`, 'm').exec(text)?.[1]?.trim();
  const said = property(shown, 'NTPSynchronized');
  if (said !== 'yes' && said !== 'no') return UNTOLD;
  const server = timesync === undefined ? '' : (property(timesync, 'ServerName') ?? '');
  return {
    synchronised: said === 'yes',
    source: server === '' ? 'systemd' : `systemd-timesyncd: ${server}`,
    offsetMs: null,
  };
}

/** @returns what the program said; undefined where it is not there, fails, or takes too long */
function answerOf(program: string, args: readonly string[], env: NodeJS.ProcessEnv): Promise<string | undefined> {
  return new Promise((resolve) => {
    const options = { timeout: PATIENCE_MS, maxBuffer: ANSWER_BYTES, env: { ...env, LC_ALL: 'C' } };
    execFile(program, [...args], options, (problem, stdout) => resolve(problem ? undefined : stdout));
  });
}
