/** What every part of the contract is made of. */
import { Type, type Static, type TProperties, type TSchema } from 'typebox';

export const Nullable = <T extends TSchema>(schema: T) => Type.Union([schema, Type.Null()]);
export const Time = Type.String({ format: 'date-time' });
/** As PostgreSQL's `integer` holds them; looks and events, of which there are more, in a `bigint`. */
export const Id = Type.Integer({ minimum: 1, maximum: 2_147_483_647 });
export const LongId = Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER });
export const Fraction = Type.Number({ minimum: 0, maximum: 1 });
/** What a caller sends: a field that is not declared is refused. */
export const Sent = <T extends TProperties>(properties: T) => Type.Object(properties, { additionalProperties: false });
export const Words = <T extends string[]>(...words: T) => Type.Enum<T>([...words]);

export const PageQuery = Sent({
  cursor: Type.Optional(Type.String({ maxLength: 200 })),
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 200, default: 50 })),
});

export const PersistenceRule = Type.Object({
  found: Type.Integer({ minimum: 1, maximum: 100 }),
  of: Type.Integer({ minimum: 1, maximum: 100 }),
  spanS: Type.Number({ minimum: 0, maximum: 604_800 }),
});

export const Box = Type.Tuple([Fraction, Fraction, Fraction, Fraction]);

/** `safety`: in a watch area such as a fire lane; `high`: plain and large. */
export const Severity = Words('safety', 'high', 'normal');
export type Severity = Static<typeof Severity>;

export const VerdictKind = Words('violation', 'false_alarm', 'permitted', 'duplicate', 'transferred');
export type VerdictKind = Static<typeof VerdictKind>;
