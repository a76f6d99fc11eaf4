import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createToken } from '../../../src/web/people-store.ts';
import { buildServer, ensureFirstAdmin } from '../../../src/web/web.ts';
import { freshDatabase, type FreshDatabase } from '../../support/postgres.ts';
import { fillSample, MemoryPictures } from '../../support/sample-estate.ts';
import { SAMPLE_PASSWORD, testWebOptions } from '../../support/web.ts';

let database: FreshDatabase;
let built: Awaited<ReturnType<typeof buildServer>>;
let token: string;

beforeAll(async () => {
  database = await freshDatabase();
  const pictures = new MemoryPictures();
  await ensureFirstAdmin(database.db, SAMPLE_PASSWORD);
  await fillSample(database.db, pictures, Date.UTC(2026, 10, 24), 12);
  built = await buildServer(testWebOptions(database, { pictures }));
  await takeToken();
});

async function takeToken(): Promise<void> {
  await database.db.deleteFrom('api_token').execute();
  ({ token } = await createToken(database.db, 1, 'test', undefined, Date.UTC(2026, 10, 24)));
}

afterAll(async () => {
  await built.server.close();
  await built.feed.close();
  await database.close();
});

interface Schema {
  properties?: Record<string, Schema>;
  required?: string[];
  enum?: string[];
  anyOf?: Schema[];
  items?: Schema | Schema[];
  type?: string;
  format?: string;
}

const ids = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom('1', '2', '7', '12', '4711') },
  {
    weight: 1,
    arbitrary: fc.constantFrom('0', '-1', '2147483647', '2147483648', '9007199254740992', '1e9', 'x', '%00', '%zz', ''),
  },
);
const texts = fc.oneof(
  fc.constantFrom('', '%', '\\', '_', '\0', '\ud800', '屋顶', "'; drop table candidate; --"),
  fc.constantFrom('0000-01-01T00:00:00Z', '9999-12-31T23:59:59.999999999Z', '2026-02-31T00:00:00Z'),
  // Cursors of other lists, beyond what a column can hold, and of nothing.
  fc.constantFrom('WzFd', 'Wy0xXQ', 'WzIxNDc0ODM2NDhd', 'WzkwMDcxOTkyNTQ3NDA5OTFd', 'W10'),
  fc.string({ unit: 'binary', maxLength: 40 }),
);
const wrong = fc.oneof(
  texts,
  fc.constantFrom(0, 1, -1, 0.5, 201, 2 ** 31, 2 ** 53, 1e308, null, true, false, {}, [], [1, 2], [2 ** 31]),
  fc.constantFrom(
    { found: 1e9 },
    [
      [0, 0],
      [1, 1],
    ],
    [
      [-0, 1e-300],
      [2, 0],
      [0, 1],
    ],
  ),
);

/** What a schema asks for, mostly. */
function likely(schema: Schema): fc.Arbitrary<unknown> {
  return fc.oneof({ weight: 12, arbitrary: right(schema) }, { weight: 1, arbitrary: wrong });
}

function right(schema: Schema): fc.Arbitrary<unknown> {
  if (schema.enum) return fc.constantFrom(...schema.enum);
  if (schema.anyOf) return fc.oneof(...schema.anyOf.map(right));
  if (Array.isArray(schema.items)) return fc.tuple(...schema.items.map(right));
  switch (schema.type) {
    case 'object':
      return entriesOf(schema).map((entries) => Object.fromEntries(entries));
    case 'array':
      return fc.array(likely(schema.items as Schema), { minLength: 3, maxLength: 5 });
    case 'integer':
      return fc.integer({ min: 1, max: 15 });
    case 'number':
      return fc.constantFrom(0, 0.25, 0.5, 1);
    case 'boolean':
      return fc.boolean();
    case 'null':
      return fc.constant(null);
    default:
      if (schema.format === 'date-time') return fc.constantFrom('2026-11-24T00:00:00Z', '2026-11-20T12:00:00.5+08:00');
      return fc.oneof(fc.constantFrom('zhao', 'a long password', '有证'), texts);
  }
}

/** Fields of a schema: those it requires, mostly, some of the others, and now and then one that it does not know. */
function entriesOf(schema: Schema | undefined): fc.Arbitrary<[string, unknown][]> {
  const known = Object.entries(schema?.properties ?? {}).map(([name, inner]) => {
    const weight = schema?.required?.includes(name) ? 20 : 1;
    return fc.oneof(
      { weight, arbitrary: likely(inner).map((value): [string, unknown][] => [[name, value]]) },
      { weight: 1, arbitrary: fc.constant<[string, unknown][]>([]) },
    );
  });
  const names = fc.constantFrom('bogus', '__proto__', 'constructor', '', '\0');
  const unknown = fc.oneof(
    { weight: 12, arbitrary: fc.constant<[string, unknown][]>([]) },
    { weight: 1, arbitrary: fc.tuple(names, wrong).map((entry): [string, unknown][] => [entry]) },
  );
  return fc.tuple(...known, unknown).map((parts) => parts.flat());
}

function inAddress(text: string): string {
  return /\p{Surrogate}/u.test(text) ? '%ED%A0%80' : encodeURIComponent(text);
}

it('garbage of any kind, sent anywhere, is answered in the one shape', { timeout: 120_000 }, async () => {
  const routes = built.routes.filter(
    // What is sent over a WebSocket has a test of its own.
    ({ url, method }) => url.startsWith('/api/') && url !== '/api/v1/events' && method !== 'HEAD',
  );
  const requests = fc.constantFrom(...routes).chain((route) =>
    fc.record({
      route: fc.constant(route),
      first: ids,
      second: ids,
      query: entriesOf(route.schema?.querystring as Schema | undefined),
      body: likely((route.schema?.body as Schema | undefined) ?? { type: 'object' }),
    }),
  );
  const statuses = new Map<number, number>();
  await fc.assert(
    fc.asyncProperty(requests, async ({ route, first, second, query, body }) => {
      // The account that asks must not be locked out by what it asks.
      if (route.url === '/api/v1/users/:id' && first === '1') return;
      const path = route.url.replace(':which', 'after').replace(':id', first).replace(/:\w+/, second);
      const search = query.map(([name, value]) => `${inAddress(name)}=${inAddress(String(value))}`).join('&');
      const { statusCode, body: text } = await built.server.inject({
        method: route.method as 'GET',
        url: `${path}?${search}`,
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
        ...(route.method === 'GET' ? {} : { payload: JSON.stringify(body) }),
      });
      if (statusCode === 401 && route.url !== '/api/v1/session') await takeToken();
      statuses.set(statusCode, (statuses.get(statusCode) ?? 0) + 1);
      expect(statusCode >= 500 ? `${String(route.method)} ${route.url} ${text}` : '').toBe('');
      if (statusCode < 400) return;
      const { error } = JSON.parse(text) as { error: { code: string; message: string } };
      expect(error.code).toMatch(/^\w+\.\w+$/);
      expect(error.message).not.toMatch(/\{\w+\}/);
    }),
    { numRuns: 400 },
  );
  // Much of it must get past the first check, or it was too much of garbage.
  expect(statuses.get(200)).toBeGreaterThan(60);
  expect(statuses.get(404)).toBeGreaterThan(20);
});
