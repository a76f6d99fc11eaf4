import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  attributeOf,
  elementsOf,
  readDeviceInformation,
  readDeviceTimeMs,
  textOf,
} from '../../../src/drivers/onvif/answers.ts';

const escape = (text: string): string =>
  text
    .replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`)
    .replace(/[^\x20-\x7e]/gu, (sign) => `&#x${sign.codePointAt(0)!.toString(16)};`);

const trimmed = fc.string({ unit: 'grapheme' }).map((text) => text.trim());

describe('a text', () => {
  test('comes back as it was written, whatever the prefix', () => {
    fc.assert(
      fc.property(trimmed, fc.constantFrom('', 'tt:', 'ns-1.a:'), (text, prefix) => {
        const xml = `<a><${prefix}Model x="1">${escape(text)}</${prefix}Model></a>`;
        expect(textOf(xml, 'Model')).toBe(text);
      }),
    );
  });

  test('of another element that begins alike is not taken', () => {
    expect(textOf('<a><ModelName>x</ModelName></a>', 'Model')).toBeUndefined();
  });
});

test('an attribute is read from the first tag only', () => {
  expect(attributeOf('<a b=\'1"2\' token="x&amp;y"><c d="e"/></a>', 'token')).toBe('x&y');
  expect(attributeOf('<a b=\'1"2\'><c d="e"/></a>', 'b')).toBe('1"2');
  expect(attributeOf('<a><c d="e"/></a>', 'd')).toBeUndefined();
  expect(attributeOf('<a mytoken="e"/>', 'token')).toBeUndefined();
});

test('elements come whole and in order', () => {
  const xml = '<r><t:P n="1"><q/></t:P ><P n="2">x</P><Px>no</Px><P n="3"></r>';
  expect(elementsOf(xml, 'P')).toEqual(['<t:P n="1"><q/></t:P >', '<P n="2">x</P>']);
});

test('nothing a device sends makes reading throw or take long', () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 200 }), (noise) => {
      for (const xml of [noise, `<P>${noise}`, noise.repeat(5)]) {
        textOf(xml, 'P');
        elementsOf(xml, 'P');
        attributeOf(xml, 'P');
        readDeviceInformation(xml);
        readDeviceTimeMs(xml);
      }
    }),
  );
  const beganMs = performance.now();
  for (const bait of ['<P>', '<P ', '<P a="', '<a:', '&#', '</P', '<P  ']) {
    const xml = bait.repeat(1_000_000 / bait.length);
    textOf(xml, 'P');
    elementsOf(xml, 'P');
    attributeOf(xml, 'P');
  }
  expect(performance.now() - beganMs).toBeLessThan(10_000);
});

describe('the device’s time', () => {
  const xmlOf = (at: Date): string =>
    `<x><tt:UTCDateTime><tt:Time><tt:Hour>${at.getUTCHours()}</tt:Hour><tt:Minute>${at.getUTCMinutes()}</tt:Minute><tt:Second>${at.getUTCSeconds()}</tt:Second></tt:Time><tt:Date><tt:Year>${at.getUTCFullYear()}</tt:Year><tt:Month>${at.getUTCMonth() + 1}</tt:Month><tt:Day>${at.getUTCDate()}</tt:Day></tt:Date></tt:UTCDateTime></x>`;

  test('is UTC, to the second', () => {
    fc.assert(
      fc.property(fc.date({ min: new Date(0), max: new Date('9999-12-31T23:59:59Z'), noInvalidDate: true }), (at) => {
        expect(readDeviceTimeMs(xmlOf(at))).toBe(Math.floor(at.getTime() / 1000) * 1000);
      }),
    );
  });

  test.each([
    '<x/>',
    '<LocalDateTime><Year>2026</Year></LocalDateTime>',
    '<UTCDateTime><Year>70</Year></UTCDateTime>',
    '<UTCDateTime><Time/><Date/></UTCDateTime>',
  ])('is unknown in %s', (xml) => {
    expect(readDeviceTimeMs(xml)).toBeUndefined();
  });
});
