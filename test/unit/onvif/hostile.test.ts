import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { LIMITS } from '../../../src/base/limits.ts';
import { AnswerGuard } from '../../../src/drivers/onvif/answer-guard.ts';
import {
  escapeXml,
  readDeviceInformation,
  readDeviceTimeMs,
  readFault,
  readNetworkInterfaces,
  textOf,
} from '../../../src/drivers/onvif/answers.ts';
import { readProbeMatch } from '../../../src/drivers/onvif/discovery.ts';
import { readPresetEvents } from '../../../src/drivers/onvif/preset-events.ts';
import { presetsInUse, readPresets } from '../../../src/drivers/onvif/presets.ts';
import { readProfiles, readTurretProfile } from '../../../src/drivers/onvif/profiles.ts';
import { ASSUMED_SPACES, readPosition, readSpaces, writePosition } from '../../../src/drivers/onvif/spaces.ts';
import { readStatus } from '../../../src/drivers/onvif/status.ts';
import { mangledFrom } from '../../support/mangled.ts';
import { axisStyle, dahuaStyle, degreesStyle, faults, hikvisionStyle } from '../../support/onvif-makes.ts';

const answers = [hikvisionStyle, dahuaStyle, axisStyle, degreesStyle, faults].flatMap((style) =>
  Object.values<string>(style),
);

const mangled = mangledFrom(answers);

function readEverything(xml: string): void {
  const spaces = readSpaces(xml);
  const place = readStatus(xml, spaces)?.position;
  for (const position of [place, ...presetsInUse(readPresets(xml, spaces)).map((preset) => preset.position)]) {
    if (!position) continue;
    for (const value of [position.pan, position.tilt, position.zoom ?? 0]) {
      expect(value).toBeGreaterThanOrEqual(-1);
      expect(value).toBeLessThanOrEqual(1);
    }
  }
  readPresetEvents(xml);
  readProfiles(xml);
  readTurretProfile(xml, 'x');
  readFault(xml);
  readNetworkInterfaces(xml);
  readDeviceInformation(xml);
  readDeviceTimeMs(xml);
  readProbeMatch(Buffer.from(xml), '192.0.2.1', new Set(['']));
}

describe('an answer that is broken', () => {
  test('makes no reader throw, and no place lies outside the turret’s range', () => {
    fc.assert(fc.property(mangled, readEverything), { numRuns: 400 });
  });

  test('and long does not take long', () => {
    const baits = [
      '<Preset token="1">',
      '<Preset ',
      '<PTZPosition><PanTilt x="',
      '</Preset',
      '<Value>',
      '<a:Preset token=',
    ];
    const beganMs = performance.now();
    for (const bait of baits) readEverything(bait.repeat(LIMITS.onvifAnswerBytes / bait.length));
    expect(performance.now() - beganMs).toBeLessThan(20_000);
  });
});

describe('the guard', () => {
  const verdictOf = (chunks: readonly Buffer[]): string | undefined => {
    const guard = new AnswerGuard();
    for (const chunk of chunks) {
      const problem = guard.problemIn(chunk);
      if (problem !== undefined) return problem;
    }
    return undefined;
  };

  test('passes honest answers', () => {
    for (const answer of answers) expect(verdictOf([Buffer.from(answer)])).toBeUndefined();
  });

  test('judges alike however an answer is cut', () => {
    const hostile = [
      `<!DOCTYPE a [<!ENTITY b "c">]>${answers[0]}`,
      '<a b="c">'.repeat(LIMITS.onvifAnswerDepth + 1),
      ...answers,
    ];
    fc.assert(
      fc.property(fc.constantFrom(...hostile), fc.array(fc.nat(5_000), { maxLength: 20 }), (answer, cuts) => {
        const bytes = Buffer.from(answer);
        const edges = [0, ...cuts.filter((cut) => cut < bytes.length).sort((a, b) => a - b), bytes.length];
        const chunks = edges.slice(1).map((edge, index) => bytes.subarray(edges[index], edge));
        expect(verdictOf(chunks)).toBe(verdictOf([bytes]));
      }),
    );
  });

  test.each([
    ['depth', '<a b="c">'.repeat(LIMITS.onvifAnswerDepth + 1), 'deep'],
    ['entities', '<!DOCTYPE a [<!ENTITY b "c">]>', 'entities of its own'],
    ['length', '<a b="c"/>'.repeat(LIMITS.onvifAnswerBytes / 10 + 1), 'longer than'],
    ['a text without end', 'xmlns'.repeat(1_000), 'not the XML'],
  ])('refuses %s', (_, answer, reason) => {
    expect(verdictOf([Buffer.from(answer)])).toContain(reason);
  });

  test('lets siblings be as many as they like', () => {
    expect(verdictOf([Buffer.from('<a b="c"><d/></a>'.repeat(10_000))])).toBeUndefined();
  });
});

describe('what is written', () => {
  test('as text comes back as it was, but for signs XML cannot hold', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 40 }), (text) => {
        const written = `<a><Name>${escapeXml(text)}</Name></a>`;
        const kept = text.replace(/[^\t\n\r\u{20}-\u{D7FF}\u{E000}-\u{FFFD}\u{10000}-\u{10FFFF}]/gu, '');
        expect(textOf(written, 'Name')).toBe(kept.trim());
        expect(written.match(/</g)).toHaveLength(4);
      }),
    );
  });

  test('as a place comes back as it was, whatever the device counts in', () => {
    const range = fc
      .tuple(fc.double({ min: -1000, max: 1000, noNaN: true }), fc.double({ min: 1, max: 1000, noNaN: true }))
      .map(([least, span]) => ({ least, most: least + span }));
    const share = fc.double({ min: -1, max: 1, noNaN: true });
    fc.assert(
      fc.property(range, range, range, share, share, share, (x, y, z, pan, tilt, zoom) => {
        const spaces = {
          ...ASSUMED_SPACES,
          absolute: { panTilt: { uri: 'u', x, y }, zoom: { uri: '', x: z, y: z } },
        };
        const position = { pan, tilt, zoom: Math.abs(zoom) };
        const read = readPosition(writePosition(position, spaces), spaces)!;
        expect(read.pan).toBeCloseTo(position.pan, 5);
        expect(read.tilt).toBeCloseTo(position.tilt, 5);
        expect(read.zoom).toBeCloseTo(position.zoom, 5);
      }),
    );
  });
});
