import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { systemClock } from '../../../src/base/clock.ts';
import { SentinelError } from '../../../src/base/errors.ts';
import { LIMITS } from '../../../src/base/limits.ts';
import { openDevice, type OnvifTurret } from '../../../src/drivers/onvif/onvif.ts';
import { mangledFrom } from '../../support/mangled.ts';
import { axisStyle, dahuaStyle, faults, hikvisionStyle } from '../../support/onvif-makes.ts';
import { domeCredentials, startDome, type StandingDome } from '../../support/simulated-dome.ts';

/** Stands before a dome: answers of its own to some requests, the dome's to all others. */
let dome: StandingDome;
let between: Server;
let turret: OnvifTurret;
let answer: { request: string; text: string; chunkBytes?: number } | undefined;

beforeAll(async () => {
  dome = await startDome();
  between = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const body = Buffer.concat(chunks);
      if (answer && body.includes(`<${answer.request} `)) {
        response.writeHead(200, { 'Content-Type': 'application/soap+xml' });
        const bytes = Buffer.from(answer.text);
        const step = answer.chunkBytes ?? Math.max(1, bytes.length);
        for (let at = 0; at < bytes.length; at += step) response.write(bytes.subarray(at, at + step));
        response.end();
        return;
      }
      void fetch(`http://127.0.0.1:${dome.port}${request.url}`, { method: 'POST', body }).then(async (reply) => {
        response.writeHead(reply.status, { 'Content-Type': 'application/soap+xml' }).end(await reply.text());
      });
    });
  });
  await new Promise<void>((resolve) => between.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(between.address() as AddressInfo).port}/onvif/device_service`;
  const device = await openDevice({ url, credentials: domeCredentials, clock: systemClock, timeoutMs: 5_000 });
  turret = await device.turret();
});

afterAll(async () => {
  between.closeAllConnections();
  await new Promise((resolve) => between.close(resolve));
  await dome.close();
});

async function outcomeOf(promise: Promise<unknown>): Promise<SentinelError | undefined> {
  return promise.then(
    () => undefined,
    (thrown: unknown) => {
      expect(thrown).toBeInstanceOf(SentinelError);
      return thrown as SentinelError;
    },
  );
}

test('whatever a device answers, a reading or an error with a code comes of it, and the next question is answered', async () => {
  const whole = [...Object.values<string>(hikvisionStyle), ...Object.values<string>(dahuaStyle)];
  const answers = [...whole, ...Object.values<string>(axisStyle), ...Object.values<string>(faults)];
  await fc.assert(
    fc.asyncProperty(mangledFrom(answers), fc.constantFrom('GetStatus', 'GetPresets'), async (text, request) => {
      answer = { request, text };
      const error = await outcomeOf(request === 'GetStatus' ? turret.status() : turret.presets());
      if (error) expect(error.code).toMatch(/^onvif\.(protocol|refused|unauthorised)$/);
      answer = undefined;
      expect(await turret.status()).toMatchObject({ moving: false });
    }),
    { numRuns: 60 },
  );
});

const envelope = (content: string): string =>
  `<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Body>${content}</s:Body></s:Envelope>`;

test.each([
  ['deep', envelope('<a b="c">'.repeat(50_000)), 'deep'],
  ['huge', envelope('<a b="c"/>'.repeat(LIMITS.onvifAnswerBytes / 10)), 'longer than'],
  ['of entities', `<!DOCTYPE a [<!ENTITY b "${'c'.repeat(99)}">]>${envelope('&b;'.repeat(1_000))}`, 'entities'],
  ['cut off', hikvisionStyle.status.slice(0, -40), 'Wrong ONVIF SOAP'],
  ['empty', '', 'Wrong ONVIF SOAP'],
  ['no XML', 'moved permanently', 'Wrong ONVIF SOAP'],
  ['of something else', faults.soap12.replaceAll('Fault', 'Vault'), 'holds no status'],
])('an answer that is %s is refused, and said to be', async (_, text, reason) => {
  for (const chunkBytes of [undefined, 1_371]) {
    answer = { request: 'GetStatus', text, ...(chunkBytes !== undefined && { chunkBytes }) };
    const error = await outcomeOf(turret.status());
    answer = undefined;
    expect(error).toMatchObject({ code: 'onvif.protocol', details: { request: 'GetStatus' } });
    expect(error!.message).toContain(reason);
  }
});

test('a long answer in small pieces is taken', async () => {
  answer = { request: 'GetPresets', text: hikvisionStyle.presets, chunkBytes: 7 };
  expect(await turret.presets()).toHaveLength(2);
  answer = undefined;
});

test('more presets than a device can have are refused', async () => {
  const many = Array.from({ length: LIMITS.onvifPresets + 1 }, (_, index) => `<P:Preset token="${index}"/>`).join('');
  answer = { request: 'GetPresets', text: envelope(`<GetPresetsResponse xmlns:P="x">${many}</GetPresetsResponse>`) };
  expect((await outcomeOf(turret.presets()))?.message).toContain(`more than ${LIMITS.onvifPresets}`);
  answer = undefined;
});

test('a fault that names a token which is not there is told apart', async () => {
  answer = { request: 'RemovePreset', text: faults.soap12 };
  expect(await outcomeOf(turret.removePreset('5'))).toMatchObject({ code: 'onvif.no_preset' });
  answer = { request: 'Stop', text: faults.soap11 };
  expect(await outcomeOf(turret.stop())).toMatchObject({
    code: 'onvif.refused',
    details: { problem: 'busy & moving', subcode: 'Server' },
  });
  answer = undefined;
});
