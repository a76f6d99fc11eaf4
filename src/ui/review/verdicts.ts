/** The five verdicts in the order of their keys, and what each of them asks for. */
import type { VerdictKind } from '../../web/contract.ts';

export interface VerdictChoice {
  readonly kind: VerdictKind;
  /** none: given at once; optional and needed: asks for a reason; item: asks for the item it repeats. */
  readonly asks: 'none' | 'optional' | 'needed' | 'item';
  /** Quick reasons, as keys under `review.reasons`. */
  readonly reasons: readonly string[];
}

export const VERDICTS: readonly VerdictChoice[] = [
  { kind: 'violation', asks: 'none', reasons: [] },
  {
    kind: 'false_alarm',
    asks: 'needed',
    reasons: ['light', 'vehicle', 'people', 'plants', 'weather', 'lens', 'shortLived', 'interior'],
  },
  { kind: 'permitted', asks: 'needed', reasons: ['approved', 'property', 'municipal', 'repair', 'scaffold', 'event'] },
  { kind: 'duplicate', asks: 'item', reasons: [] },
  { kind: 'transferred', asks: 'optional', reasons: ['enforcement', 'fire', 'committee', 'engineering', 'police'] },
];
