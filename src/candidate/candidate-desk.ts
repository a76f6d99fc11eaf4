/** What a judged look does to the items of its view, in the look's own transaction. */
import type { Polygon } from '../base/picture.ts';
import { LIMITS } from '../base/limits.ts';
import { recordEvents, type DbOrTrx } from '../drivers/postgres/postgres.ts';
import type { PersistenceRule, StoredRegion, VerdictKind } from '../drivers/postgres/schema.ts';
import {
  areNear,
  chainOf,
  hasOutgrown,
  hullOf,
  isBuiltOn,
  persistenceOf,
  samePlace,
  touches,
  type LookBack,
} from './candidate.ts';
import * as store from './candidate-store.ts';
import { isGraver, severityOf } from './severity.ts';

export interface JudgedLook {
  readonly lookId: number;
  readonly viewId: number;
  readonly capturedAtMs: number;
  readonly regions: readonly StoredRegion[];
  /** The lawful picture it was compared with and the look's own, in the blob store. */
  readonly beforeSha256: string | null;
  readonly afterSha256: string | null;
  /** What the machine said, kept unchanged with an item it raises. */
  readonly machineResult: Readonly<Record<string, unknown>>;
  /** Draws and stores the look with one region marked. @returns its SHA-256 */
  readonly overlayOf: (region: StoredRegion) => Promise<string>;
}

export interface CandidateRules {
  readonly persistence: PersistenceRule;
  /** For watch areas that have no rule of their own. */
  readonly watchPersistence: PersistenceRule;
}

/** A decided structure that is still seen is not news; after this long unseen, its return is. */
const DECIDED_STANDS_MS = 7 * 86_400_000;
/** Verdicts after which the structure may lawfully go on being seen without a new item. */
const STANDING: readonly VerdictKind[] = ['violation', 'transferred', 'duplicate'];

export class CandidateDesk {
  readonly #rules: CandidateRules;
  readonly #onRaised: (trx: DbOrTrx, candidateId: number) => Promise<void>;

  /** @param onRaised called with each item raised, last in the look's transaction */
  constructor(rules: CandidateRules, onRaised: (trx: DbOrTrx, candidateId: number) => Promise<void>) {
    this.#rules = rules;
    this.#onRaised = onRaised;
  }

  /** @returns ids of the items raised by this look */
  async onJudged(trx: DbOrTrx, look: JudgedLook): Promise<number[]> {
    if (look.regions.length === 0) return [];
    const view = await store.viewForUpdate(trx, look.viewId);
    if (!view) return [];
    const items = await store.standingItems(
      trx,
      look.viewId,
      new Date(look.capturedAtMs - DECIDED_STANDS_MS),
      STANDING,
    );
    const looksByRule = new Map<PersistenceRule, readonly LookBack[]>();
    const raised: number[] = [];
    const strengthened = new Set<number>();
    const strengthen = async (id: number, { score }: StoredRegion): Promise<void> => {
      if (strengthened.has(id)) return;
      strengthened.add(id);
      await store.strengthen(trx, id, score, new Date(look.capturedAtMs));
    };
    const graver: number[] = [];
    const widened = new Set<number>();
    // The largest first: it is what a structure of several pieces is raised for.
    for (const region of look.regions.toSorted((a, b) => b.areaFraction - a.areaFraction)) {
      const item = items.find(
        ({ state, polygon }) =>
          samePlace(region.polygon, polygon) && (state === 'open' || !hasOutgrown(region.polygon, polygon)),
      );
      const { rule, isWatched } = this.#ruleFor(region.polygon, view);
      const severity = severityOf(region, isWatched);
      if (item) {
        await strengthen(item.id, region);
        if (item.state === 'open' && isGraver(severity, item.severity)) {
          await store.makeGraver(trx, item.id, severity);
          item.severity = severity;
          graver.push(item.id);
        }
        continue;
      }
      const looks =
        looksByRule.get(rule) ??
        (await store.judgedLooks(trx, look.viewId, look.capturedAtMs, rule, LIMITS.looksLookedBack));
      looksByRule.set(rule, looks);
      const persistence = persistenceOf(region.polygon, looks, rule);
      if (!persistence.stays) continue;
      // What is seen there for the first time may be somebody who walks from one structure to another.
      const known = look.regions.filter(({ polygon }) => persistenceOf(polygon, looks, rule).occurrences > 1);
      const pieces = chainOf(region, known).map(({ polygon }) => polygon);
      const whole = items.find(
        ({ state, polygon }) => state === 'open' && pieces.some((piece) => areNear(piece, polygon)),
      );
      if (whole) {
        whole.polygon = hullOf(whole.polygon, region.polygon);
        await store.widen(trx, whole.id, whole.polygon);
        widened.add(whole.id);
        continue;
      }
      // A further piece of what was decided is no more news than the piece that was seen, unless it is a graver matter.
      const decided = items.find(
        (standing) =>
          standing.state === 'decided' &&
          !isGraver(severity, standing.severity) &&
          pieces.some((piece) => areNear(piece, standing.polygon)) &&
          !isBuiltOn(pieces, standing.polygon),
      );
      if (decided) {
        await strengthen(decided.id, region);
        continue;
      }
      const overlaySha256 = await look.overlayOf(region);
      const id = await store.raise(trx, { look, region, persistence, severity, rule, overlaySha256 });
      items.push({ id, state: 'open', severity, polygon: region.polygon });
      raised.push(id);
    }
    await recordEvents(
      trx,
      'candidate.raised',
      raised.map((candidateId) => ({ candidateId, viewId: look.viewId })),
      look.capturedAtMs,
    );
    await recordEvents(
      trx,
      'candidate.changed',
      [...new Set([...graver, ...widened])]
        .filter((candidateId) => !raised.includes(candidateId))
        .map((candidateId) => ({ candidateId, viewId: look.viewId })),
      look.capturedAtMs,
    );
    for (const id of raised) await this.#onRaised(trx, id);
    return raised;
  }

  #ruleFor(region: Polygon, view: store.ViewRules): { rule: PersistenceRule; isWatched: boolean } {
    const area = view.watchAreas.find(({ polygon }) => touches(region, polygon));
    if (area) return { rule: area.rule ?? this.#rules.watchPersistence, isWatched: true };
    return { rule: view.rule ?? this.#rules.persistence, isWatched: false };
  }
}
