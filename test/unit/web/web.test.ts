import fc from 'fast-check';
import { Type } from 'typebox';
import { describe, expect, it } from 'vitest';
import { ERROR_TABLE, SentinelError } from '../../../src/base/errors.ts';
import { LIMITS } from '../../../src/base/limits.ts';
import { CandidateQuery, MaskBody, VerdictBody, ViewChange } from '../../../src/web/contract.ts';
import { pageOf, readCursor, writeCursor } from '../../../src/web/cursor.ts';
import { languageOf } from '../../../src/web/error-map.ts';
import { LoginThrottle } from '../../../src/web/login-throttle.ts';
import { hashPassword, inventPassword, passwordFits } from '../../../src/web/password.ts';
import { mayDo, PERMISSIONS, permissionsOf } from '../../../src/web/permissions.ts';
import { createValidatorCompiler } from '../../../src/web/validation.ts';
import { ManualClock } from '../../support/clock.ts';

describe('cursors', () => {
  it('come back as they went', () => {
    fc.assert(
      fc.property(fc.maxSafeNat(), (key) => {
        expect(readCursor(writeCursor(key), Number.MAX_SAFE_INTEGER)).toBe(key);
      }),
    );
  });

  it('of other making are refused', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.base64String(),
          fc.constantFrom('WyJhIl0', 'WzEsMl0', 'WzEuNV0', 'Wy0xXQ', 'WzIxNDc0ODM2NDhd'),
        ),
        (text) => {
          let key: number | undefined;
          try {
            key = readCursor(text);
          } catch (thrown) {
            expect(thrown).toMatchObject({ code: 'web.bad_cursor' });
            return;
          }
          expect(key).toBeGreaterThanOrEqual(0);
          expect(key).toBeLessThan(2 ** 31);
        },
      ),
    );
  });

  it('walk a list without gaps or repeats, whatever the page size', () => {
    fc.assert(
      fc.property(fc.nat({ max: 60 }), fc.integer({ min: 1, max: 20 }), (count, limit) => {
        const all = Array.from({ length: count }, (_, n) => n + 1);
        const seen: number[] = [];
        let cursor: string | null | undefined;
        do {
          const after = readCursor(cursor ?? undefined) ?? 0;
          const rows = all.filter((key) => key > after).slice(0, limit + 1);
          const page = pageOf(
            rows,
            limit,
            (row) => row,
            (row) => row,
          );
          expect(page.items.length).toBeLessThanOrEqual(limit);
          seen.push(...page.items);
          cursor = page.next;
        } while (cursor !== null);
        expect(seen).toEqual(all);
      }),
    );
  });
});

describe('the language of an error', () => {
  it.each([
    [undefined, 'en'],
    ['', 'en'],
    ['zh-CN,zh;q=0.9,en;q=0.8', 'zh'],
    ['en-US,en;q=0.9,zh;q=0.8', 'en'],
    ['fr, zh-Hans;q=0.4, en;q=0.3', 'zh'],
    ['zh;q=0, en', 'en'],
    ['de', 'en'],
    ['*', 'en'],
  ])('of %j is %s', (header, language) => {
    expect(languageOf(header)).toBe(language);
  });

  it('has every placeholder in both', () => {
    const names = (text: string) => [...text.matchAll(/\{(\w+)\}/g)].map((match) => match[1]).sort();
    for (const [code, { en, zh }] of Object.entries(ERROR_TABLE)) expect([code, names(zh)]).toEqual([code, names(en)]);
  });
});

describe('validation', () => {
  const compile = createValidatorCompiler();
  const errorOf = (schema: Parameters<typeof compile>[0]['schema'], httpPart: string, value: unknown) => {
    const validate = compile({ schema, httpPart, method: 'POST', url: '/' }) as (value: unknown) => { error?: Error };
    const { error } = validate(value);
    return error instanceof SentinelError ? error.details : undefined;
  };

  it('names the field and what is wrong with it', () => {
    expect(errorOf(VerdictBody, 'body', { verdict: 'violation' })).toMatchObject({
      field: 'version',
      problem: 'is missing',
    });
    expect(errorOf(VerdictBody, 'body', { verdict: 'maybe', version: 1 })).toMatchObject({
      field: 'verdict',
      problem: 'must be one of violation, false_alarm, permitted, duplicate, transferred',
    });
    expect(errorOf(VerdictBody, 'body', { verdict: 'violation', version: 1, force: true })).toMatchObject({
      field: 'force',
      problem: 'is not known here',
    });
    expect(errorOf(CandidateQuery, 'querystring', { since: '2026-02-31T00:00:00Z' })).toBeDefined();
    expect(errorOf(CandidateQuery, 'querystring', { since: 'yesterday' })).toMatchObject({ field: 'since' });
    expect(
      errorOf(MaskBody, 'body', {
        kind: 'ignore',
        name: '',
        polygon: [
          [0, 0],
          [1, 0],
          [1, 1.2],
        ],
        persistenceRule: null,
      }),
    ).toMatchObject({ field: 'polygon.2.1', problem: 'must be <= 1' });
    expect(errorOf(ViewChange, 'body', undefined)).toBeUndefined();
  });

  it('converts text in addresses and nothing in bodies', () => {
    expect(errorOf(CandidateQuery, 'querystring', { limit: '20', viewId: '3' })).toBeUndefined();
    expect(errorOf(CandidateQuery, 'querystring', { limit: '20.5' })).toMatchObject({ field: 'limit' });
    expect(errorOf(VerdictBody, 'body', { verdict: 'violation', version: '1' })).toMatchObject({ field: 'version' });
    expect(errorOf(Type.Object({ ok: Type.Boolean() }), 'body', { ok: 'true' })).toMatchObject({ field: 'ok' });
  });
});

describe('sign-in throttling', () => {
  const attempt = (throttle: LoginThrottle, name: string, address: string): number | undefined => {
    try {
      throttle.begin(name, address);
      return undefined;
    } catch (thrown) {
      return (thrown as SentinelError).details['retryAfterS'] as number;
    }
  };

  it('refuses a name from an address after five within a minute, in whatever case, and lets it in later', async () => {
    const clock = new ManualClock();
    const throttle = new LoginThrottle(clock);
    for (let n = 0; n < LIMITS.loginAttemptsPerMinute; n++) {
      expect(attempt(throttle, n % 2 === 0 ? 'admin' : 'ADMIN', '10.0.0.1')).toBeUndefined();
      await clock.advance(1000);
    }
    expect(attempt(throttle, 'admin', '10.0.0.1')).toBe(55);
    expect(attempt(throttle, 'admin', '10.0.0.2')).toBeUndefined();
    expect(attempt(throttle, 'wang', '10.0.0.1')).toBeUndefined();
    await clock.advance(55_001);
    expect(attempt(throttle, 'admin', '10.0.0.1')).toBeUndefined();
  });

  it('forgives upon success', () => {
    const throttle = new LoginThrottle(new ManualClock());
    for (let n = 0; n < 40; n++) throttle.begin('admin', '10.0.0.1')();
    expect(attempt(throttle, 'admin', '10.0.0.1')).toBeUndefined();
  });

  it('refuses an address that tries many names, and everybody when all together are too many', () => {
    const throttle = new LoginThrottle(new ManualClock());
    let refusedAt = 0;
    for (let n = 1; n <= 100 && refusedAt === 0; n++) {
      if (attempt(throttle, `name${n}`, '10.0.0.1') !== undefined) refusedAt = n;
    }
    expect(refusedAt).toBe(LIMITS.loginAttemptsPerMinute * 6 + 1);
    for (let n = 0; n < LIMITS.loginFailuresPerMinute; n++) attempt(throttle, 'admin', `10.1.0.${n}`);
    expect(attempt(throttle, 'somebody', '10.9.9.9')).toBeGreaterThan(0);
  });
});

describe('passwords', () => {
  it('are kept as Argon2id and fit only themselves', async () => {
    const stored = await hashPassword('correct horse battery');
    expect(stored).toMatch(/^\$argon2id\$v=19\$m=\d{5},t=\d+,p=1\$/);
    expect(await passwordFits(stored, 'correct horse battery')).toBe(true);
    expect(await passwordFits(stored, 'correct horse batterY')).toBe(false);
    expect(await passwordFits(undefined, 'correct horse battery')).toBe(false);
  });

  it('have twelve characters or more', async () => {
    await expect(hashPassword('elevenchars')).rejects.toMatchObject({ code: 'people.password_length' });
    await expect(hashPassword('x'.repeat(129))).rejects.toMatchObject({ code: 'people.password_length' });
  });

  it('are invented with enough in them', () => {
    const invented = new Set(Array.from({ length: 200 }, inventPassword));
    expect(invented.size).toBe(200);
    for (const password of invented) expect(password).toMatch(/^[a-hjkmnp-z2-9]{26}$/);
  });
});

describe('the permission table', () => {
  it('gives viewers nothing that changes anything, and administrators everything', () => {
    const changing = [
      'candidates.judge',
      'views.change',
      'baselines.decide',
      'cameras.import',
      'users.manage',
    ] as const;
    for (const permission of changing) expect(mayDo('viewer', permission)).toBe(false);
    expect(permissionsOf({ role: 'admin' })).toEqual(Object.keys(PERMISSIONS));
  });
});
