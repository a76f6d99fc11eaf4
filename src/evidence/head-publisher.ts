/**
 * Signs and publishes at intervals: a line in the day's file, the same to a webhook, now and then a time stamp of an outside
 * authority, and after midnight the sheet of the day that has ended. Each is tried again at the next interval; the newest
 * head stands for all before it, so nothing has to be sent twice.
 */
import type { Clock, Timer } from '../base/clock.ts';
import { problemOf, SentinelError } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import type { Logger } from '../base/log.ts';
import type { Db } from '../drivers/postgres/postgres.ts';
import { dailySheet } from './daily-sheet.ts';
import { publishedLine, type HeadSigner } from './head-signer.ts';
import { newestStamp, writeStamp, type StoredHead } from './head-store.ts';
import { addPublished, isPublished, publishedDays, readPublishedDay, writePublished } from './published-heads.ts';
import { headStatement, type PublicKey } from './tree-head.ts';

export interface PublishRules {
  readonly everyS: number;
  readonly dir: string;
  readonly webhookUrl: string | null;
  readonly stampEveryS: number;
}

export interface PublisherParts {
  readonly db: Db;
  readonly clock: Clock;
  readonly log: Logger;
  readonly signer: HeadSigner;
  readonly estate: { readonly name: string; readonly timeZone: string };
  /** Has an outside authority stamp bytes; null where none is configured. */
  readonly stamp: { readonly host: string; readonly of: (message: Uint8Array) => Promise<Stamp> } | null;
}

interface Stamp {
  readonly token: Buffer;
  readonly genTimeMs: number;
}

export class HeadPublisher {
  readonly #rules: PublishRules;
  readonly #parts: PublisherParts;
  readonly #troubled = new Set<string>();
  #toldSignature: string | undefined;
  #timer: Timer | undefined;
  #working: Promise<void> | undefined;

  constructor(rules: PublishRules, parts: PublisherParts) {
    this.#rules = rules;
    this.#parts = parts;
  }

  start(): void {
    void this.publish();
    this.#timer = this.#parts.clock.every(this.#rules.everyS * 1000, () => void this.publish());
  }

  /** Publishes once more, so that what was sealed last is outside before the database may be away. */
  async close(): Promise<void> {
    this.#timer?.cancel();
    await this.#working;
    await this.publish();
  }

  /** Signs a head and publishes it. Failures are logged, not thrown. */
  publish(): Promise<void> {
    this.#working ??= this.#publish().finally(() => (this.#working = undefined));
    return this.#working;
  }

  async #publish(): Promise<void> {
    const { dir, webhookUrl } = this.#rules;
    let head: (StoredHead & { readonly key: PublicKey }) | undefined;
    await this.#attempt('the log was not signed', async () => {
      head = await this.#parts.signer.current({ anew: await this.#isNewDay() });
    });
    if (!head) return;
    const { key, signed } = head;
    const line = publishedLine(signed, key);
    await this.#attempt('a head was not published', async () => {
      await this.#keepKey(key);
      if (await this.#isInFile(signed.signature)) return;
      await addPublished(dir, this.#dayOf(signed.head.at), line);
    });
    await this.#attempt('the webhook was not told of a head', async () => {
      if (webhookUrl === null || this.#toldSignature === signed.signature) return;
      await this.#tell(webhookUrl, line);
      this.#toldSignature = signed.signature;
    });
    await this.#attempt('a head was not stamped', () => this.#stampWhenDue(head as StoredHead));
    await this.#attempt('the sheet of a day was not written', () => this.#writeSheets());
  }

  /** A day on which nothing is sealed has a head too: it shows that nothing was. */
  async #isNewDay(): Promise<boolean> {
    return !(await isPublished(this.#rules.dir, `heads-${this.#today()}.jsonl`));
  }

  async #isInFile(signature: string): Promise<boolean> {
    const day = this.#today();
    if (!(await isPublished(this.#rules.dir, `heads-${day}.jsonl`))) return false;
    const { heads } = await readPublishedDay(this.#rules.dir, day);
    return heads.at(-1)?.signed.signature === signature;
  }

  async #tell(url: string, line: string): Promise<void> {
    const { clock } = this.#parts;
    const abort = new AbortController();
    const timer = clock.after(LIMITS.publishMs, () => abort.abort(new Error(`no answer in ${LIMITS.publishMs} ms`)));
    const host = new URL(url).host;
    try {
      const headers = { 'content-type': 'application/json' };
      const answer = await fetch(url, { method: 'POST', headers, body: line, redirect: 'error', signal: abort.signal });
      await answer.body?.cancel();
      if (!answer.ok) throw new Error(`it answered ${answer.status}`);
    } catch (thrown) {
      // The path of a webhook is its password: only the host is named.
      const cause = thrown instanceof Error && thrown.cause instanceof Error ? thrown.cause : thrown;
      throw new SentinelError('evidence.webhook_failed', { host, problem: problemOf(cause) }, { cause: thrown });
    } finally {
      timer.cancel();
    }
  }

  async #stampWhenDue(head: StoredHead): Promise<void> {
    const { clock, db, stamp } = this.#parts;
    if (!stamp) return;
    const newest = await newestStamp(db);
    if (newest && clock.nowMs() - newest.genTime.getTime() < this.#rules.stampEveryS * 1000) return;
    const { token, genTimeMs } = await stamp.of(headStatement(head.signed.head));
    await writeStamp(db, { headId: head.id, authority: stamp.host, genTime: new Date(genTimeMs), token });
    await writePublished(
      this.#rules.dir,
      `stamp-${head.signed.head.size}-${this.#dayOf(head.signed.head.at)}.tst`,
      token,
    );
  }

  /** Of every day before today that has heads and no sheet. */
  async #writeSheets(): Promise<void> {
    const { estate } = this.#parts;
    const { dir } = this.#rules;
    for (const day of (await publishedDays(dir)).filter((one) => one < this.#today())) {
      const name = `sheet-${day}.html`;
      if (await isPublished(dir, name)) continue;
      const last = (await readPublishedDay(dir, day)).heads.at(-1);
      if (!last) continue;
      const facts = { estate: estate.name, timeZone: estate.timeZone, day, signed: last.signed, key: last.key };
      await writePublished(dir, name, dailySheet(facts));
    }
  }

  /** The key as OpenSSL reads it, beside the heads. */
  async #keepKey(key: PublicKey): Promise<void> {
    const name = `key-${key.id.slice(0, 16)}.pem`;
    if (await isPublished(this.#rules.dir, name)) return;
    await writePublished(this.#rules.dir, name, `-----BEGIN PUBLIC KEY-----\n${key.spki}\n-----END PUBLIC KEY-----\n`);
  }

  #today(): string {
    return this.#dayOf(new Date(this.#parts.clock.nowMs()).toISOString());
  }

  #dayOf(at: string): string {
    const { timeZone } = this.#parts.estate;
    return new Intl.DateTimeFormat('sv-SE', { timeZone, dateStyle: 'short' }).format(new Date(at));
  }

  /** The same trouble is written to the log when it begins and when it ends. */
  async #attempt(what: string, work: () => Promise<void>): Promise<void> {
    const { log } = this.#parts;
    try {
      await work();
      if (this.#troubled.delete(what)) log.info(`over: ${what}`);
    } catch (thrown) {
      if (!this.#troubled.has(what)) log.error({ problem: problemOf(thrown) }, `${what}; it is tried again`);
      this.#troubled.add(what);
    }
  }

  /** What does not work at present, for whoever asks after the health of it all. */
  get troubles(): readonly string[] {
    return [...this.#troubled];
  }
}
