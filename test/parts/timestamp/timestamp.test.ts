/** Time stamps of a real authority, OpenSSL's, and of one that lies. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { systemClock } from '../../../src/base/clock.ts';
import {
  openAuthority,
  requestTimestamp,
  verifyTimestamp,
  type TimestampAuthority,
} from '../../../src/drivers/timestamp/timestamp.ts';
import { startTimeAuthority, type TimeAuthority } from '../../support/time-authority.ts';

let real: TimeAuthority;
let authority: TimestampAuthority;
beforeAll(async () => {
  real = await startTimeAuthority();
  authority = await openAuthority(real.url, real.caFile);
}, 60_000);
afterAll(() => real.close());

const message = Buffer.from('sentinel-tree-head/1\n{"size":12}');
const genuinely: TimeAuthority['answer'] = (_query, genuine) => genuine();

async function request(answer: TimeAuthority['answer'] = genuinely) {
  real.answer = answer;
  return requestTimestamp(authority, message, systemClock);
}

test('a message is stamped, and both OpenSSL and we believe the token, for this message alone', async () => {
  const beganMs = Date.now();
  const { token, genTimeMs } = await request();
  // An authority tells whole seconds.
  expect(genTimeMs).toBeGreaterThan(beganMs - 2000);
  expect(genTimeMs).toBeLessThan(Date.now() + 2000);
  expect(await real.verify(token, message)).toBe(true);
  expect(await verifyTimestamp(token, message, authority.trusted)).toMatchObject({ genTimeMs });
  const other = Buffer.from('sentinel-tree-head/1\n{"size":13}');
  expect(await real.verify(token, other)).toBe(false);
  await expect(verifyTimestamp(token, other, authority.trusted)).rejects.toMatchObject({
    ...{ code: 'timestamp.invalid', details: { problem: 'it is over something else' } },
  });
});

test('a token changed in what it says, or in its signature, is not believed; elsewhere it says the same', async () => {
  const { token, genTimeMs } = await request();
  const said = token.indexOf(Buffer.from('302f300b0609608648016503040201', 'hex')) - 10;
  const saidEnd = said + 94;
  const places = Array.from({ length: token.length }, (_, at) => at).filter(
    (at) => (at >= said && at < saidEnd) || at >= token.length - 256 || at % 9 === 0,
  );
  for (const at of places) {
    const changed = Buffer.from(token);
    changed[at]! ^= 0x01;
    const believed = await verifyTimestamp(changed, message, authority.trusted).catch(() => undefined);
    if ((at >= said && at < saidEnd) || at >= token.length - 256) expect(believed, `byte ${at}`).toBeUndefined();
    else if (believed) expect(believed.genTimeMs).toBe(genTimeMs);
  }
}, 60_000);

test('a token under roots that are not trusted is not believed', async () => {
  const { token } = await request();
  const other = await startTimeAuthority();
  try {
    const { trusted } = await openAuthority(other.url, other.caFile);
    await expect(verifyTimestamp(token, message, trusted)).rejects.toMatchObject({ code: 'timestamp.invalid' });
    await expect(verifyTimestamp(token, message, [])).rejects.toMatchObject({ code: 'timestamp.invalid' });
  } finally {
    await other.close();
  }
});

test('keys on elliptic curves do as well', async () => {
  const other = await startTimeAuthority({ keyType: 'ec' });
  try {
    const trusting = await openAuthority(other.url, other.caFile);
    const { token } = await requestTimestamp(trusting, message, systemClock);
    expect(await other.verify(token, message)).toBe(true);
  } finally {
    await other.close();
  }
});

describe('an authority that', () => {
  test.each([
    ['answers what it answered before', 'timestamp.invalid', /another question/],
    ['is away', 'timestamp.unreachable', /503/],
    ['hangs up', 'timestamp.unreachable', /./],
    ['says nothing', 'timestamp.invalid', /no time-stamp response/],
    ['talks nonsense', 'timestamp.invalid', /no time-stamp response/],
    ['talks without end', 'timestamp.unreachable', /larger than/],
    ['refuses', 'timestamp.refused', /./],
  ])('%s is not believed', async (what, code, problem) => {
    let before: Buffer | undefined;
    await request(async (_query, genuine) => (before = await genuine()));
    const answers: Record<string, TimeAuthority['answer']> = {
      'answers what it answered before': async () => before!,
      'is away': async () => 503,
      'hangs up': () => Promise.reject(new Error('gone')),
      'says nothing': async () => Buffer.alloc(0),
      'talks nonsense': async () => Buffer.from('<html>'),
      'talks without end': async () => Buffer.alloc(300_000),
      // TimeStampResp { PKIStatusInfo { rejection } }
      refuses: async () => Buffer.from('30053003020102', 'hex'),
    };
    await expect(request(answers[what])).rejects.toMatchObject({ code, message: expect.stringMatching(problem) });
  });

  test.each(['timeStamping', 'critical,timeStamping,codeSigning', 'critical,serverAuth'])(
    'stamps with a certificate for %s is not believed',
    async (purpose) => {
      const other = await startTimeAuthority({ purpose });
      try {
        const trusting = await openAuthority(other.url, other.caFile);
        await expect(requestTimestamp(trusting, message, systemClock)).rejects.toThrow(/time stamps alone|not|refuse/);
      } finally {
        await other.close();
      }
    },
  );
});

test('certificates that are none are refused with their file', async () => {
  await expect(openAuthority(real.url, '/nowhere.pem')).rejects.toMatchObject({
    code: 'timestamp.authority_unusable',
    details: { file: '/nowhere.pem' },
  });
  await expect(openAuthority(real.url, `${real.dir}/serial`)).rejects.toThrow(/no certificate in PEM/);
});
