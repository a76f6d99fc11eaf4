/** What is written into the audit log is told in words, in both languages. */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import en from '../../../src/ui/locales/en.ts';
import zhCN from '../../../src/ui/locales/zh-CN.ts';

const calls = readdirSync('src', { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts'))
  .flatMap((file) => [...readFileSync(path.join('src', file), 'utf8').matchAll(/recordAudit\((.*?)\);/gs)])
  .map(([, given = '']) => given);
/** Those that are written out; what is put together of parts is not found. */
const actions = calls.flatMap((given) => [...given.matchAll(/'([a-z]+\.[a-z_]+)'/g)].map(([, action = '']) => action));

test('every action that is written down by its name has words', () => {
  expect(actions.length).toBeGreaterThan(30);
  for (const words of [en.words.audit, zhCN.words.audit]) {
    expect(actions.filter((action) => !(action.replaceAll('.', '_') in words))).toEqual([]);
  }
});
