/** `sentinel check`: whether what is kept is what it was: the evidence log, and the stored files. */
import { parseArgs } from 'node:util';
import { SentinelError } from './base/errors.ts';
import type { Config } from './config.ts';
import type { Clock } from './base/clock.ts';
import { openBlobs } from './drivers/blobs/blobs.ts';
import {
  CHECK_LEVELS,
  checkStore,
  sm3OfText,
  type CheckLevel,
  type CheckProgress,
  type StoreFinding,
} from './evidence/evidence.ts';
import { checkEvidenceLog } from './main-evidence.ts';
import { placeOf, standOnDatabase } from './main-ground.ts';

const USAGE = `usage: sentinel check [--level presence|size|hash] [--repair] [--mirror] [--json]

  --level    presence: each file is there; size: it is as long as its sealed record says (default);
             hash: it bears its digest, which reads everything, and each entry of the evidence log as well;
             whatever the level, the log is held against all heads that were published
  --repair   put back from the second store (second_blobs) what is missing or damaged
  --mirror   put into the second store what of evidence it lacks
  --json     findings and result as JSON lines on standard output

Exit codes: 0 all is sound, 3 something is wrong, 4 what was wrong has been mended, 1 the check failed, 2 wrong usage`;

const CODES = { sound: 0, wrong: 3, mended: 4 } as const;
const TELL_EVERY_MS = 1_000;

export async function check(config: Config, args: readonly string[]): Promise<number> {
  const { level, repair, mirror, json } = wishOf(args);
  const { clock, db, life } = await standOnDatabase(config, 'clerk');
  const closing = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => closing.abort(new Error(signal)));
  const say = (line: string): void => void process.stdout.write(`${line}\n`);
  try {
    const blobs = await openBlobs({ ...placeOf(config.blobs), clock });
    const second = config.secondBlobs === null ? undefined : await openBlobs({ ...config.secondBlobs, clock });
    if ((repair || mirror) && !second) {
      throw new SentinelError('config.usage', {
        problem: `--repair and --mirror want a second store: set second_blobs\n\n${USAGE}`,
      });
    }
    const progress = teller(clock);
    const checkedLog = await checkEvidenceLog({ config, db, clock }, level === 'hash', {
      signal: closing.signal,
      onProgress: (step, done, all, faults) => progress.tell({ step, done, all, faults }),
      onFinding: (logFinding) =>
        say(json ? JSON.stringify({ logFinding }) : `${logFinding.fault.padEnd(10)} ${logFinding.where}: evidence log`),
    });
    const result = await checkStore({
      ...{ db, blobs, second, clock, level, repair, mirror, signal: closing.signal },
      ...(config.evidence.sm3 && { sm3: sm3OfText }),
      onProgress: progress.tell,
      onFinding: (finding) => say(json ? JSON.stringify({ finding }) : lineOf(finding)),
    });
    progress.end();
    const { findings: _, ...sum } = result;
    const faults = Object.values(sum.faults).reduce((a, b) => a + b);
    if (json) say(JSON.stringify({ result: { ...sum, log: checkedLog } }));
    else {
      const { entries, heads, faults: logFaults } = checkedLog;
      say(
        `evidence log of ${entries} entries${level === 'hash' ? ' read' : ''} and held against ${heads} heads: ` +
          (logFaults === 0 ? 'all sound' : `${logFaults} at fault`),
      );
      const { files, mended, mirrored } = sum;
      const verdict = faults === 0 ? 'all sound' : `${faults} at fault, ${mended} of them mended`;
      const copied = mirror ? `; ${mirrored} copied to the second store` : '';
      say(
        `${files.evidence} files of evidence and ${files.pictures} other pictures checked (${level}): ${verdict}${copied}`,
      );
    }
    if (!sum.isWhole) {
      process.stderr.write('broken off before the end\n');
      return 1;
    }
    if (checkedLog.faults > 0) return CODES.wrong;
    return faults === 0 ? CODES.sound : sum.mended === faults ? CODES.mended : CODES.wrong;
  } finally {
    await life.close();
  }
}

interface Wish {
  readonly level: CheckLevel;
  readonly repair: boolean;
  readonly mirror: boolean;
  readonly json: boolean;
}

function wishOf(args: readonly string[]): Wish {
  const { values, positionals } = parse(args);
  const level = CHECK_LEVELS.find((one) => one === values.level);
  if (level === undefined || positionals.length > 0) throw new SentinelError('config.usage', { problem: USAGE });
  return { level, repair: values.repair, mirror: values.mirror, json: values.json };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        level: { type: 'string', default: 'size' },
        repair: { type: 'boolean', default: false },
        mirror: { type: 'boolean', default: false },
        json: { type: 'boolean', default: false },
      },
      allowPositionals: true,
    });
  } catch (thrown) {
    throw new SentinelError('config.usage', { problem: USAGE }, { cause: thrown });
  }
}

function lineOf({ fault, sha256, of, isMended, detail }: StoreFinding): string {
  return `${fault.padEnd(10)} ${sha256}  ${of}: ${isMended ? 'mended' : detail}`;
}

/** A step of the store's check, or of the log's. */
type Told = Omit<CheckProgress, 'step'> & { readonly step: CheckProgress['step'] | 'heads' | 'log' };

/** How far it is, on standard error: one line that is written over on a terminal, else one now and then. */
function teller(clock: Clock): { tell: (progress: Told) => void; end: () => void } {
  const isTerminal = process.stderr.isTTY;
  const everyMs = isTerminal ? TELL_EVERY_MS : TELL_EVERY_MS * 10;
  let lastMs = clock.monotonicMs();
  return {
    tell({ step, done, all, faults }) {
      const nowMs = clock.monotonicMs();
      if (nowMs - lastMs < everyMs) return;
      lastMs = nowMs;
      const percent = all === 0 ? 100 : Math.floor((done / all) * 100);
      const line = `${step}: ${done} of ${all} (${percent} %), ${faults} at fault`;
      process.stderr.write(isTerminal ? `\r\u001b[K${line}` : `${line}\n`);
    },
    end() {
      if (isTerminal) process.stderr.write('\r\u001b[K');
    },
  };
}
