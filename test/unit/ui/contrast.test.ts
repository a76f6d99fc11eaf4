/** WCAG 2.2, success criteria 1.4.3 and 1.4.11: text at 4.5 to 1, the edges of controls and lamps at 3 to 1. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

const css = readFileSync('src/ui/styles/tokens.css', 'utf8');

function tokensOf(selector: string): Record<string, string> {
  const block = css.slice(css.indexOf(selector)).split('}')[0] ?? '';
  return Object.fromEntries(
    [...block.matchAll(/--([\w-]+):\s*(#[0-9a-f]{6})/g)].map(([, name, value]) => [name, value]),
  );
}

function luminance(hex: string): number {
  const [r = 0, g = 0, b = 0] = [1, 3, 5].map((at) => {
    const share = Number.parseInt(hex.slice(at, at + 2), 16) / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function contrast(a: string, b: string): number {
  const [light = 0, dark = 0] = [luminance(a), luminance(b)].sort((x, y) => y - x);
  return (light + 0.05) / (dark + 0.05);
}

const GROUNDS = ['page', 'panel', 'raised', 'hover', 'selected'];
const TEXT: [text: string, grounds: string[]][] = [
  ['text', [...GROUNDS, 'danger-soft', 'warn-soft']],
  ['text-2', [...GROUNDS, 'danger-soft']],
  ['text-3', GROUNDS],
  ['accent', [...GROUNDS, 'accent-soft']],
  ['ok', ['panel', 'raised', 'hover', 'ok-soft']],
  ['warn', ['panel', 'raised', 'hover', 'selected', 'warn-soft']],
  ['danger', ['panel', 'raised', 'hover', 'selected', 'danger-soft']],
  ['violet', ['violet-soft']],
  ['on-fill', ['accent-fill', 'accent-fill-hover', 'danger-fill', 'danger-fill-hover']],
];

describe.each(['dark', 'light'])('the %s theme', (theme) => {
  const tokens = { ...tokensOf(':root {'), ...tokensOf(`:root[data-theme='${theme}']`) };
  const colour = (name: string): string => {
    const value = tokens[name];
    if (value === undefined) throw new Error(`no colour --${name}`);
    return value;
  };

  it.each(TEXT.flatMap(([text, grounds]) => grounds.map((ground) => [text, ground] as const)))(
    'lets %s be read on %s',
    (text, ground) => {
      expect(contrast(colour(text), colour(ground))).toBeGreaterThanOrEqual(4.5);
    },
  );

  it.each(['page', 'panel', 'raised'])('lets the edge of a control be seen on %s', (ground) => {
    expect(contrast(colour('line-strong'), colour(ground))).toBeGreaterThanOrEqual(3);
  });

  it('lets labels on the stage be read', () => {
    expect(contrast(colour('stage-text'), colour('stage'))).toBeGreaterThanOrEqual(4.5);
    expect(contrast(colour('stage-text-2'), colour('stage'))).toBeGreaterThanOrEqual(4.5);
  });
});
