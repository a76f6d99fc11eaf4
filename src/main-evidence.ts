/** The parts that keep the evidence log: who signs it, what holds it against what was published, and the change of keys. */
import { parseArgs } from 'node:util';
import { Gauge, type Registry } from 'prom-client';
import { SentinelError } from './base/errors.ts';
import { LIMITS } from './base/limits.ts';
import { untranslated, type Said } from './base/said.ts';
import type { Config } from './config.ts';
import { recordEvents } from './drivers/postgres/postgres.ts';
import { openAuthority, requestTimestamp } from './drivers/timestamp/timestamp.ts';
import {
  checkLog,
  checkPublished,
  HeadPublisher,
  logSize,
  openSigner,
  rotateKey,
  sm3OfText,
  tellOfCut,
  type HeadsChecked,
  type HeadSigner,
} from './evidence/evidence.ts';
import { standOnDatabase, type Standing } from './main-ground.ts';
import type { ReadinessCheck } from './web/web.ts';

export interface LogKeeping {
  /** Null where this process does not sign. */
  readonly signer: HeadSigner | null;
  readonly readiness: () => ReadinessCheck;
}

/**
 * Holds the log against the heads that were published, which must come before a further one is, and then signs and
 * publishes at intervals. A log that was cut goes on being kept, and says so itself.
 */
export async function startLogKeeping(standing: Standing, registry: Registry): Promise<LogKeeping> {
  const { config, db, clock, log, life } = standing;
  const { evidence, estate } = config;
  const checked = await life.start(
    'evidence log',
    () => checkLogAtStart(standing),
    () => {},
  );
  addLogFigures(registry, standing, checked);
  if (!evidence.signs)
    return {
      signer: null,
      readiness: () => readinessOf(checked, { en: 'not signed by this process', zh: '本进程不签名' }),
    };
  const signer = await openSigner({ db, clock, keyFile: evidence.keyFile, sm3: sm3In(config) });
  const { url, caFile, everyS } = evidence.timestamp;
  const authority = url === null || caFile === null ? null : await openAuthority(url, caFile);
  const publisher = await life.start(
    'evidence signer',
    () => {
      const made = new HeadPublisher(
        { ...evidence.publish, stampEveryS: everyS },
        {
          ...{ db, clock, log, signer, estate },
          stamp: authority && {
            host: new URL(authority.url).host,
            of: (message) => requestTimestamp(authority, message, clock),
          },
        },
      );
      made.start();
      return made;
    },
    (made) => made.close(),
  );
  return {
    signer,
    readiness: () =>
      readinessOf(
        checked,
        publisher.troubles.length > 0 ? untranslated(publisher.troubles.join('; ')) : signedBy(signer),
      ),
  };
}

async function checkLogAtStart(standing: Standing): Promise<HeadsChecked> {
  const { config, db, clock, log } = standing;
  const checked = await checkPublished(db, config.evidence.publish.dir, { most: LIMITS.headsCheckedAtStart });
  for (const { finding, where, head } of checked.findings.slice(0, LIMITS.headFindingsLogged)) {
    log.error(
      { finding, where, published: head?.size, found: checked.size },
      'the evidence log does not agree with a head that was published; run `sentinel check`',
    );
  }
  if (await tellOfCut(db, clock, checked, sm3In(config))) {
    await recordEvents(db, 'log.changed', [{ change: 'broken' }], clock.nowMs());
  }
  return checked;
}

export interface LogFinding {
  readonly fault: string;
  /** Entry, or file and line, or row. */
  readonly where: string;
}

/**
 * Holds the log against every head that was published, and tells of what is missing.
 * @param whole builds the tree anew from every entry as well
 * @returns how much was found wrong; what it is was said to `onFinding`
 */
export async function checkEvidenceLog(
  { config, db, clock }: Pick<Standing, 'config' | 'db' | 'clock'>,
  whole: boolean,
  options: {
    readonly onFinding: (finding: LogFinding) => void;
    readonly onProgress: (step: 'heads' | 'log', done: number, all: number, faults: number) => void;
    readonly signal: AbortSignal;
  },
): Promise<{ faults: number; heads: number; entries: number }> {
  const { onFinding, onProgress, signal } = options;
  const checked = await checkPublished(db, config.evidence.publish.dir, {
    signal,
    onProgress: (done, all) => onProgress('heads', done, all, 0),
  });
  for (const { finding, where } of checked.findings) onFinding({ fault: finding, where });
  await tellOfCut(db, clock, checked, sm3In(config));
  const found = checked.findings.length;
  if (!whole) return { faults: found, heads: checked.heads, entries: checked.size };
  const { faults, entries } = await checkLog(db, {
    signal,
    onProgress: (done, all) => onProgress('log', done, all, found),
  });
  for (const { fault, seq } of faults) onFinding({ fault, where: `entry ${seq}` });
  return { faults: found + faults.length, heads: checked.heads, entries };
}

function signedBy({ key }: HeadSigner): Said {
  const id = key.id.slice(0, 16);
  return { en: `signed by key ${id}`, zh: `由密钥 ${id} 签名` };
}

function readinessOf({ findings, heads }: HeadsChecked, more: Said): ReadinessCheck {
  // A log that is broken stays so, and must not keep people from the pages that tell of it.
  const faults = findings.length;
  const state =
    faults === 0
      ? { en: `agrees with ${heads} heads`, zh: `与 ${heads} 个已公布的树头一致` }
      : { en: `DISAGREES with ${faults} of ${heads} heads`, zh: `与 ${heads} 个已公布的树头中的 ${faults} 个不一致` };
  return { name: 'evidence log', ok: true, detail: { en: `${state.en}; ${more.en}`, zh: `${state.zh}；${more.zh}` } };
}

function addLogFigures(registry: Registry, { db }: Standing, { findings }: HeadsChecked): void {
  new Gauge({
    name: 'sentinel_evidence_log_entries',
    help: 'Entries of the evidence log',
    registers: [registry],
    async collect() {
      this.set(await logSize(db));
    },
  });
  new Gauge({
    name: 'sentinel_evidence_log_disagreements',
    help: 'Published heads that the evidence log did not agree with when this process started; anything but 0 is an alarm',
    registers: [registry],
  }).set(findings.length);
}

function sm3In(config: Config): ((text: string) => string) | undefined {
  return config.evidence.sm3 ? sm3OfText : undefined;
}

/** `evidence rotate-key --reason TEXT [--lost]` */
export async function rotateEvidenceKey(config: Config, args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: { reason: { type: 'string' }, lost: { type: 'boolean', default: false } },
  });
  const reason = values.reason?.trim() ?? '';
  if (reason === '' || reason.length > LIMITS.reasonCharacters) {
    throw new SentinelError('config.usage', {
      problem: 'usage: sentinel evidence rotate-key --reason TEXT [--lost]; the log keeps the reason for ever',
    });
  }
  const { db, clock, life } = await standOnDatabase(config, 'clerk');
  try {
    const parts = { db, clock, keyFile: config.evidence.keyFile, sm3: sm3In(config) };
    const { id } = await rotateKey(parts, reason, { isLost: values.lost });
    process.stdout.write(
      `the evidence log is signed by key ${id} from now on; keep a copy of ${config.evidence.keyFile}\n`,
    );
    return 0;
  } finally {
    await life.close();
  }
}
