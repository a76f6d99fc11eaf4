/** The two languages say the same things, everything that is shown is said, and nothing is said that is never shown. */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { ERROR_TABLE } from '../../../src/base/errors.ts';
import type { Lighting, NotJudgedReason } from '../../../src/comparison/fitness.ts';
import en from '../../../src/ui/locales/en.ts';
import zhCN from '../../../src/ui/locales/zh-CN.ts';
import { VERDICTS } from '../../../src/ui/review/verdicts.ts';
import {
  Baseline,
  Camera,
  CameraState,
  CandidateDetail,
  DrillKind,
  DrillLight,
  ImportReport,
  Look,
  Mask,
  Role,
  VerdictKind,
  ViewState,
} from '../../../src/web/contract.ts';

function flat(tree: object, prefix = ''): Map<string, string> {
  const all = new Map<string, string>();
  for (const [key, value] of Object.entries(tree) as [string, string | object][]) {
    if (typeof value === 'string') all.set(prefix + key, value);
    else for (const [inner, text] of flat(value, `${prefix}${key}.`)) all.set(inner, text);
  }
  return all;
}

const chinese = flat(zhCN);
const english = flat(en);
const placeholders = (text: string): string[] => [...new Set(text.match(/\{\w+\}/g) ?? [])].sort();

const sources = readdirSync('src/ui', { recursive: true, encoding: 'utf8' })
  .filter((file) => /\.(vue|ts)$/.test(file) && !file.startsWith('locales'))
  .map((file) => readFileSync(path.join('src/ui', file), 'utf8'))
  .join('\n');

describe('the locale files', () => {
  it('have the same keys', () => {
    expect([...english.keys()]).toEqual([...chinese.keys()]);
  });

  it('have the same placeholders in every message', () => {
    for (const [key, text] of chinese) {
      for (const form of (english.get(key) ?? '').split(' | ')) {
        const missing = placeholders(form).filter((one) => !placeholders(text).includes(one));
        expect(missing, key).toEqual([]);
      }
      const said = placeholders(english.get(key) ?? '');
      expect(said, key).toEqual(placeholders(text));
    }
  });

  it('hold Chinese in the one and none in the other', () => {
    const foreign = new Set(['app.name', 'account.otherLanguage']);
    for (const [key, text] of chinese) if (!foreign.has(key)) expect(text, key).toMatch(/\p{Script=Han}/u);
    for (const [key, text] of english) if (!foreign.has(key)) expect(text, key).not.toMatch(/\p{Script=Han}/u);
  });

  it('are not got round by a field for files, whose words are in the language of the browser', () => {
    expect([...sources.matchAll(/<input[^>]*type="file"[^>]*>/g)].map(([field]) => field)).toEqual([
      expect.stringContaining('class="unseen"'),
    ]);
  });

  it('leave out no message that the pages ask for', () => {
    const asked = [...sources.matchAll(/\bt\(\s*'([\w.-]+)'/g)].map(([, key]) => key ?? '');
    expect(asked.length).toBeGreaterThan(100);
    expect(asked.filter((key) => !chinese.has(key))).toEqual([]);
  });

  it('leave out no message whose name the pages put together', () => {
    const stems = [...sources.matchAll(/\bt\(\s*`([\w.-]+)\$\{/g)].map(([, stem]) => stem ?? '');
    for (const stem of stems)
      expect(
        [...chinese.keys()].some((key) => key.startsWith(stem)),
        stem,
      ).toBe(true);
    for (const { reasons } of VERDICTS)
      for (const key of reasons) expect(chinese.has(`review.reasons.${key}`), key).toBe(true);
  });

  it('hold nothing that is never shown', () => {
    const stems = [...sources.matchAll(/`([\w-]+(?:\.[\w-]+)*\.)\$\{/g)].map(([, stem]) => stem ?? '');
    const unused = [...chinese.keys()].filter(
      (key) =>
        !key.startsWith('words.') &&
        !key.startsWith('problem.') &&
        !sources.includes(`'${key}'`) &&
        !stems.some((stem) => key.startsWith(stem)),
    );
    // What the help shows is listed there by its last word.
    expect(unused.filter((key) => !key.startsWith('help.') || !sources.includes(`'${key.slice(5)}'`))).toEqual([]);
  });

  it('translate every machine word of the contract', () => {
    const groups = {
      role: Role.enum,
      verdict: VerdictKind.enum,
      camera: CameraState.enum,
      view: ViewState.enum,
      severity: CandidateDetail.properties.severity.enum,
      look: Look.properties.result.enum,
      stage: Look.properties.stage.enum,
      kind: Camera.properties.kind.enum,
      clock: Camera.properties.clock.properties.state.enum,
      baseline: Baseline.properties.state.enum,
      origin: Baseline.properties.origin.enum,
      mask: Mask.properties.kind.enum,
      evidence: CandidateDetail.properties.evidence.items.properties.state.enum,
      outcome: ImportReport.properties.lines.items.properties.outcome.enum,
      light: DrillLight.enum,
      structure: DrillKind.enum,
    };
    for (const [group, words] of Object.entries(groups)) {
      for (const word of words) expect(chinese.has(`words.${group}.${word}`), `${group} ${word}`).toBe(true);
    }
  });

  it('translate every reason for which a look is not judged or a camera fails', () => {
    // Held by the compiler too: a new reason without a word does not type-check.
    const reasons: Readonly<Record<NotJudgedReason, string>> = zhCN.words.reason;
    const lightings: Readonly<Record<Lighting, string>> = zhCN.words.lighting;
    expect(reasons.pose).toBe('机位偏移');
    expect(lightings.infrared).toBe('红外');
    for (const state of CameraState.enum) {
      if (state !== 'online' && state !== 'unknown') expect(chinese.has(`words.reason.${state}`), state).toBe(true);
    }
    const codes = Object.keys(ERROR_TABLE).filter((code) => /^(rtsp|onvif)\./.test(code));
    for (const code of codes) expect(chinese.has(`words.reason.${code.replaceAll('.', '_')}`), code).toBe(true);
  });
});
