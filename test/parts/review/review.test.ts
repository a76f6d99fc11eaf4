import fc from 'fast-check';
import { sql } from 'kysely';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { SentinelError, type ErrorCode } from '../../../src/base/errors.ts';
import { samePlace } from '../../../src/candidate/candidate.ts';
import type { VerdictKind } from '../../../src/drivers/postgres/schema.ts';
import { Review, type MadeDecision, type Reviewer } from '../../../src/review/review.ts';
import { ManualClock } from '../../support/clock.ts';
import { freshDatabase, type FreshDatabase } from '../../support/postgres.ts';
import { insertItem, insertReviewSample, squareAt, type ReviewSample } from '../../support/review.ts';

const CLAIM_S = 600;
const UNDO_S = 60;

let database: FreshDatabase;
let clock: ManualClock;
let sample: ReviewSample;
let review: Review;
let wang: Reviewer;
let li: Reviewer;
let admin: Reviewer;
let thumbnailFails = false;
let sealingFails = false;
const made: MadeDecision[] = [];

beforeAll(async () => {
  database = await freshDatabase();
  clock = new ManualClock();
  sample = await insertReviewSample(database.db, clock.nowMs());
  [wang, li, admin] = sample.users.map((userId, index) => ({ userId, isAdmin: index === 2 })) as [
    Reviewer,
    Reviewer,
    Reviewer,
  ];
  review = new Review({
    db: database.db,
    clock,
    claimS: CLAIM_S,
    undoS: UNDO_S,
    thumbnailOfPicture: (sha256) =>
      thumbnailFails
        ? Promise.reject(new SentinelError('blob.missing', { sha256 }))
        : Promise.resolve({ thumbnail: Buffer.alloc(576, 7), lighting: 'day' }),
    onDecision: async (_trx, decision) => {
      if (sealingFails) throw new Error('it could not be sealed');
      made.push(decision);
    },
  });
});

afterAll(() => database.close());

beforeEach(async () => {
  thumbnailFails = false;
  sealingFails = false;
  made.length = 0;
  await sql`truncate candidate, verdict, baseline, event, audit restart identity cascade`.execute(database.db);
});

const newItem = (x = 0.1, y = 0.1): Promise<number> =>
  insertItem(database.db, sample.viewId, squareAt(x, y), clock.nowMs());

const readItem = (id: number) =>
  database.db.selectFrom('candidate').selectAll().where('id', '=', id).executeTakeFirstOrThrow();

const baselineVersion = async (): Promise<number> =>
  (await database.db.selectFrom('view').select('baseline_version').executeTakeFirstOrThrow()).baseline_version;

async function decide(
  id: number,
  reviewer: Reviewer,
  verdict: VerdictKind,
  more: { reason?: string; duplicateOf?: number; version?: number } = {},
): Promise<void> {
  const version = more.version ?? (await readItem(id)).version;
  await review.decide(id, reviewer, { verdict, reason: more.reason ?? '', duplicateOf: more.duplicateOf, version });
}

async function codeOf(work: Promise<unknown>): Promise<ErrorCode | undefined> {
  try {
    await work;
    return undefined;
  } catch (thrown) {
    if (thrown instanceof SentinelError) return thrown.code;
    throw thrown;
  }
}

describe('claims', () => {
  it('go to exactly one of many who ask at once', async () => {
    for (let round = 0; round < 10; round++) {
      const id = await newItem(round / 20);
      const asking = Array.from({ length: 24 }, (_, n) => (n % 2 === 0 ? wang : li));
      const codes = await Promise.all(asking.map((reviewer) => codeOf(review.claim(id, reviewer))));
      const holder = (await readItem(id)).claimed_by;
      for (const [n, code] of codes.entries()) {
        expect(code).toBe(asking[n]?.userId === holder ? undefined : 'review.held');
      }
    }
  });

  it('run out, are prolonged without a new version, and can be given back', async () => {
    const id = await newItem();
    await review.claim(id, wang);
    expect((await readItem(id)).version).toBe(2);
    await clock.advance((CLAIM_S - 1) * 1000);
    expect(await codeOf(review.claim(id, li))).toBe('review.held');
    await review.claim(id, wang);
    expect((await readItem(id)).version).toBe(2);
    await clock.advance(CLAIM_S * 1000);
    await review.claim(id, li);
    expect(await readItem(id)).toMatchObject({ claimed_by: li.userId, version: 3 });
    expect(await codeOf(review.release(id, wang))).toBe('review.held');
    await review.release(id, li);
    expect(await readItem(id)).toMatchObject({ claimed_by: null, version: 4 });
    expect(await codeOf(review.release(id, li))).toBe('review.not_held');
  });

  it('can be freed by an administrator', async () => {
    const id = await newItem();
    await review.claim(id, wang);
    await review.release(id, admin);
    await review.claim(id, li);
    expect((await readItem(id)).claimed_by).toBe(li.userId);
  });

  it('of an item that does not exist say so', async () => {
    expect(await codeOf(review.claim(4711, wang))).toBe('web.missing');
  });
});

describe('verdicts', () => {
  it('are given once, however many decide at once', async () => {
    const id = await newItem();
    const codes = await Promise.all([wang, li, admin, wang, li].map((one) => codeOf(decide(id, one, 'violation'))));
    expect(codes.filter((code) => code === undefined)).toHaveLength(1);
    expect(await database.db.selectFrom('verdict').selectAll().execute()).toHaveLength(1);
  });

  it('make the picture lawful for its place when permitted or a false alarm, and only then', async () => {
    for (const [n, verdict] of (['violation', 'transferred', 'permitted', 'false_alarm'] as const).entries()) {
      const id = await newItem(n / 5);
      const before = await baselineVersion();
      await decide(id, wang, verdict, { reason: '已登记' });
      const baselines = await database.db.selectFrom('baseline').selectAll().orderBy('id', 'desc').execute();
      if (verdict === 'violation' || verdict === 'transferred') {
        expect(baselines).toHaveLength(0);
        expect(await baselineVersion()).toBe(before);
        continue;
      }
      expect(baselines[0]).toMatchObject({
        view_id: sample.viewId,
        origin: 'verdict',
        state: 'accepted',
        picture_sha256: 'a'.repeat(64),
        polygon: squareAt(n / 5, 0.1),
        lighting: 'day',
        decided_by: wang.userId,
      });
      expect(await baselineVersion()).toBe(before + 1);
      await review.undo(id, wang);
      const removed = await database.db.selectFrom('baseline').selectAll().orderBy('id', 'desc').execute();
      expect(removed[0]?.state).toBe('removed');
      expect(await baselineVersion()).toBe(before + 2);
    }
  });

  it('leave nothing behind when a part of them fails', async () => {
    const id = await newItem();
    await sql`alter table event add constraint refuse check (kind <> 'candidate.changed') not valid`.execute(
      database.db,
    );
    const before = await baselineVersion();
    try {
      await expect(decide(id, wang, 'permitted', { reason: '有证' })).rejects.toThrow(/refuse/);
    } finally {
      await sql`alter table event drop constraint refuse`.execute(database.db);
    }
    expect(await readItem(id)).toMatchObject({ state: 'open', verdict: null, version: 1 });
    expect(await database.db.selectFrom('verdict').selectAll().execute()).toHaveLength(0);
    expect(await database.db.selectFrom('baseline').selectAll().execute()).toHaveLength(0);
    expect(await database.db.selectFrom('audit').selectAll().execute()).toHaveLength(0);
    expect(await baselineVersion()).toBe(before);

    thumbnailFails = true;
    expect(await codeOf(decide(id, wang, 'permitted', { reason: '有证' }))).toBe('blob.missing');
    expect((await readItem(id)).state).toBe('open');
  });

  it('stand only with their seal, and so does taking one back', async () => {
    const id = await newItem();
    sealingFails = true;
    await expect(decide(id, wang, 'violation')).rejects.toThrow('could not be sealed');
    expect(await readItem(id)).toMatchObject({ state: 'open', version: 1 });
    sealingFails = false;
    await decide(id, wang, 'violation');
    const { verdict_id: verdictId } = await readItem(id);
    sealingFails = true;
    await expect(review.undo(id, wang)).rejects.toThrow('could not be sealed');
    expect(await readItem(id)).toMatchObject({ state: 'decided', verdict: 'violation' });
    sealingFails = false;
    await review.undo(id, wang);
    expect(made).toEqual([
      { kind: 'decided', candidateId: id, verdictId, userId: wang.userId },
      { kind: 'undone', candidateId: id, verdictId, userId: wang.userId },
    ]);
  });

  it('say who, when and why, in the audit and as an event', async () => {
    const id = await newItem();
    await decide(id, li, 'false_alarm', { reason: ' 树影 ' });
    const [verdict] = await database.db.selectFrom('verdict').selectAll().execute();
    expect(verdict).toMatchObject({ verdict: 'false_alarm', reason: '树影', decided_by: li.userId });
    expect(verdict?.decided_at.getTime()).toBe(clock.nowMs());
    const [audit] = await database.db.selectFrom('audit').selectAll().execute();
    expect(audit).toMatchObject({ action: 'candidate.decided', subject: `candidate ${id}`, user_id: li.userId });
    const [event] = await database.db.selectFrom('event').selectAll().execute();
    expect(event).toMatchObject({
      kind: 'candidate.changed',
      data: { candidateId: id, viewId: sample.viewId, cameraId: sample.cameraId, change: 'decided' },
    });
  });

  it('need a picture to make lawful', async () => {
    const id = await insertItem(database.db, sample.viewId, squareAt(0.1, 0.1), clock.nowMs(), { after: null });
    expect(await codeOf(decide(id, wang, 'permitted', { reason: '有证' }))).toBe('review.no_picture');
    expect(await codeOf(decide(id, wang, 'violation'))).toBeUndefined();
  });

  it('of two items that call each other duplicates at once, one stands', async () => {
    for (let round = 0; round < 8; round++) {
      const a = await newItem(0, round / 10);
      const b = await newItem(0.5, round / 10);
      const codes = await Promise.all([
        codeOf(decide(a, wang, 'duplicate', { duplicateOf: b })),
        codeOf(decide(b, li, 'duplicate', { duplicateOf: a })),
      ]);
      expect(codes.toSorted()).toEqual(['review.duplicate_invalid', undefined].toSorted());
    }
  });
});

describe('taking back', () => {
  it('opens the item for whoever took it back, within the time', async () => {
    const id = await newItem();
    await decide(id, wang, 'violation');
    expect(await codeOf(review.undo(id, li))).toBe('review.undo_others');
    await clock.advance(UNDO_S * 1000);
    await review.undo(id, wang);
    expect(await readItem(id)).toMatchObject({ state: 'open', verdict: null, claimed_by: wang.userId, version: 3 });
    const [verdict] = await database.db.selectFrom('verdict').selectAll().execute();
    expect(verdict).toMatchObject({ verdict: 'violation', undone_by: wang.userId });
    await decide(id, wang, 'transferred');
    await clock.advance(UNDO_S * 1000 + 1);
    expect(await codeOf(review.undo(id, wang))).toBe('review.undo_late');
    expect(await codeOf(review.undo(id, admin))).toBe('review.undo_late');
  });

  it('is refused where another item stands open at the place by now', async () => {
    const id = await newItem(0.1, 0.1);
    await decide(id, wang, 'violation');
    const elsewhere = await newItem(0.6, 0.6);
    const newer = await newItem(0.12, 0.1);
    expect(await codeOf(review.undo(id, wang))).toBe('review.place_taken');
    await decide(newer, wang, 'duplicate', { duplicateOf: id });
    await review.undo(id, wang);
    expect((await readItem(elsewhere)).state).toBe('open');
  });
});

describe('any sequence of claims, verdicts and taking back', () => {
  type Command =
    | { do: 'claim' | 'release' | 'undo'; item: number; by: number }
    | { do: 'decide'; item: number; by: number; verdict: VerdictKind; reason: string; other: number; stale: boolean }
    | { do: 'raise'; place: number }
    | { do: 'wait'; seconds: number };
  // Counted from the newest, and few of each, so that most commands meet something to do.
  const item = fc.nat({ max: 2 });
  const by = fc.nat({ max: 2 });
  const commands: fc.Arbitrary<Command> = fc.oneof(
    { weight: 4, arbitrary: fc.record({ do: fc.constantFrom('claim', 'release', 'undo'), item, by }) },
    {
      weight: 4,
      arbitrary: fc.record({
        do: fc.constant('decide'),
        item,
        by,
        verdict: fc.constantFrom<VerdictKind>('violation', 'false_alarm', 'permitted', 'duplicate', 'transferred'),
        reason: fc.constantFrom('有证', '有证', ''),
        other: item,
        stale: fc.constantFrom(false, false, false, true),
      }),
    },
    { weight: 3, arbitrary: fc.record({ do: fc.constant('raise'), place: fc.nat({ max: 1 }) }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('wait'), seconds: fc.constantFrom(5, 61, 601) }) },
  );

  it('keeps one holder, one open item a place, the machine’s result and the history', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(commands, { minLength: 20, maxLength: 50 }), async (sequence) => {
        await sql`truncate candidate, verdict, baseline, event, audit restart identity cascade`.execute(database.db);
        const ids: number[] = [];
        const machineResults = new Map<number, string>();
        let history: string[] = [];
        const people = [wang, li, admin];
        for (const command of sequence) {
          if (command.do === 'wait') {
            await clock.advance(command.seconds * 1000);
            continue;
          }
          if (command.do === 'raise') {
            // As candidates are raised: only where no open item stands.
            const polygon = squareAt(command.place * 0.3, 0.2);
            const open = await database.db
              .selectFrom('candidate')
              .select('polygon')
              .where('state', '=', 'open')
              .execute();
            if (open.some((one) => samePlace(one.polygon, polygon))) continue;
            const id = await insertItem(database.db, sample.viewId, polygon, clock.nowMs());
            ids.push(id);
            machineResults.set(id, JSON.stringify((await readItem(id)).machine_result));
            continue;
          }
          const id = ids.at(-1 - command.item);
          const reviewer = people[command.by];
          if (id === undefined || reviewer === undefined) continue;
          const before = await readItem(id);
          const heldByOther =
            before.claimed_by !== null &&
            before.claimed_by !== reviewer.userId &&
            (before.claimed_until?.getTime() ?? 0) > clock.nowMs();
          let code: ErrorCode | undefined;
          if (command.do === 'decide') {
            const version = command.stale ? before.version - 1 : before.version;
            const duplicateOf = command.verdict === 'duplicate' ? ids.at(-1 - command.other) : undefined;
            code = await codeOf(
              review.decide(id, reviewer, { verdict: command.verdict, reason: command.reason, duplicateOf, version }),
            );
            if (heldByOther || command.stale || before.state === 'decided') expect(code).toBeDefined();
          } else {
            code = await codeOf(review[command.do](id, reviewer));
            if (command.do === 'claim') expect(code === undefined).toBe(before.state === 'open' && !heldByOther);
          }
          const after = await readItem(id);
          if (code === undefined) {
            expect(after.version).toBeGreaterThanOrEqual(before.version);
          } else {
            expect(after).toEqual(before);
          }
          history = await checkInvariants(machineResults, history);
        }
      }),
      { numRuns: 15 },
    );
  });

  async function checkInvariants(machineResults: Map<number, string>, earlier: string[]): Promise<string[]> {
    const { db } = database;
    const [candidates, verdicts, baselines] = await Promise.all([
      db.selectFrom('candidate').selectAll().execute(),
      db.selectFrom('verdict').selectAll().orderBy('id').execute(),
      db.selectFrom('baseline').selectAll().execute(),
    ]);
    const open = candidates.filter((one) => one.state === 'open');
    for (const [n, one] of open.entries()) {
      for (const other of open.slice(n + 1)) expect(samePlace(one.polygon, other.polygon)).toBe(false);
    }
    for (const one of candidates) {
      expect(JSON.stringify(one.machine_result)).toBe(machineResults.get(one.id));
      expect(one.claimed_by === null).toBe(one.claimed_until === null);
      const standing = verdicts.filter((verdict) => verdict.candidate_id === one.id && verdict.undone_at === null);
      if (one.state === 'open') {
        expect(standing).toHaveLength(0);
        expect(one).toMatchObject({ verdict: null, verdict_id: null });
      } else {
        expect(standing.map((verdict) => verdict.id)).toEqual([one.verdict_id]);
        expect(standing[0]?.verdict).toBe(one.verdict);
        expect(one.claimed_by).toBeNull();
      }
    }
    for (const baseline of baselines) {
      const verdict = verdicts.find((one) => one.baseline_id === baseline.id);
      expect(baseline.state).toBe(verdict?.undone_at === null ? 'accepted' : 'removed');
    }
    const lawful = verdicts.filter((one) => one.verdict === 'permitted' || one.verdict === 'false_alarm');
    expect(baselines).toHaveLength(lawful.length);
    // Append-only but for the stamps of undoing.
    const history = verdicts.map((one) => JSON.stringify({ ...one, undone_by: null, undone_at: null }));
    expect(history.slice(0, earlier.length)).toEqual(earlier);
    return history;
  }
});
