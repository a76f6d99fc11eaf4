import type { KeptPicture } from '../../web/contract.ts';

/** Numbers of looks and baselines are counted apart; together with its kind a kept picture has a name of its own. */
export const keyOf = ({ kind, id }: KeptPicture): string => `${kind} ${id}`;
