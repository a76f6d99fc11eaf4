/**
 * Requests against their schemas. Bodies must have the very types they declare; addresses, queries and headers are text
 * and are converted. A field that nobody declared is refused rather than ignored: a misspelt filter would otherwise
 * answer everything.
 */
import { Ajv, type ErrorObject } from 'ajv';
import type { FastifySchemaCompiler } from 'fastify';
import type { Static, TSchema } from 'typebox';
import { Value } from 'typebox/value';
import { SentinelError } from '../base/errors.ts';

/** RFC 3339 section 5.6. */
const DATE_TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)$/i;

function compiler(coerceTypes: boolean): Ajv {
  const ajv = new Ajv({ coerceTypes, useDefaults: true, removeAdditional: false, allErrors: false, strict: false });
  ajv.addFormat('date-time', isDateTime);
  ajv.addFormat('uuid', /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
  ajv.addFormat('sha256', /^[0-9a-f]{64}$/);
  return ajv;
}

function isDateTime(text: string): boolean {
  if (!DATE_TIME.test(text) || Number.isNaN(new Date(text).getTime())) return false;
  // 31 February would be read as a day of March.
  const day = text.slice(0, 10);
  return new Date(`${day}T00:00:00Z`).toISOString().startsWith(day);
}

/** Where in a value a text holds what PostgreSQL takes in no text: NUL, or half of a surrogate pair. */
function unstorable(value: unknown): string | undefined {
  if (typeof value === 'string') return /[\0\p{Surrogate}]/u.test(value) ? '' : undefined;
  if (typeof value !== 'object' || value === null) return undefined;
  for (const [name, inner] of Object.entries(value)) {
    const field = unstorable(inner);
    if (field !== undefined) return field === '' ? name : `${name}.${field}`;
  }
  return undefined;
}

export function createValidatorCompiler(): FastifySchemaCompiler<TSchema> {
  const ofText = compiler(true);
  const ofJson = compiler(false);
  return ({ schema, httpPart }) => {
    const validate = (httpPart === 'body' ? ofJson : ofText).compile(schema);
    return (sent: unknown) => {
      const value = httpPart === 'body' ? (sent ?? {}) : sent;
      if (validate(value)) {
        const field = unstorable(value);
        if (field === undefined) return { value };
        const problem = 'holds characters that cannot be stored';
        return {
          error: new SentinelError('web.invalid', { field: field || 'body', problem, part: httpPart ?? 'body' }),
        };
      }
      return { error: invalidRequest(validate.errors ?? [], httpPart ?? 'body') };
    };
  };
}

function invalidRequest(errors: readonly ErrorObject[], part: string): SentinelError {
  // Of the alternatives of a union, each fails in its own way; the deepest one is the closest to what was meant.
  const error = [...errors].sort((a, b) => b.instancePath.length - a.instancePath.length)[0];
  const path = (error?.instancePath ?? '').split('/').slice(1);
  const params = (error?.params ?? {}) as Record<string, unknown>;
  const named = params['missingProperty'] ?? params['additionalProperty'];
  if (typeof named === 'string') path.push(named);
  const field = path.join('.') || part;
  let problem = error?.message ?? 'is invalid';
  if (error?.keyword === 'required') problem = 'is missing';
  if (error?.keyword === 'additionalProperties') problem = 'is not known here';
  if (error?.keyword === 'enum' && Array.isArray(params['allowedValues'])) {
    problem = `must be one of ${params['allowedValues'].join(', ')}`;
  }
  return new SentinelError('web.invalid', { field, problem, part });
}

/** A page's message over a WebSocket. @returns undefined for one that is not of this contract */
export function messageOf<Schema extends TSchema>(
  schema: Schema,
  data: Buffer,
  isBinary: boolean,
): Static<Schema> | undefined {
  if (isBinary) return undefined;
  try {
    const value: unknown = JSON.parse(data.toString('utf8'));
    return Value.Check(schema, value) ? value : undefined;
  } catch {
    return undefined;
  }
}
