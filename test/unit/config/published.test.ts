/** The documented file and the published schema say what the code does; `vitest -u` writes them anew. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { loadConfig } from '../../../src/config.ts';
import { LEAVES, variableOf } from '../../../src/config-schema.ts';
import { configJsonSchema, configYaml } from '../../support/config-document.ts';

describe('published configuration', () => {
  test('config/sentinel.yaml is current', async () => {
    await expect(await configYaml()).toMatchFileSnapshot('../../../config/sentinel.yaml');
  });

  test('config/sentinel.schema.json is current', async () => {
    await expect(await configJsonSchema()).toMatchFileSnapshot('../../../config/sentinel.schema.json');
  });

  test('the file holds every key, at its default', () => {
    const file = parse(readFileSync('config/sentinel.yaml', 'utf8')) as unknown;
    for (const { path, schema } of LEAVES) {
      const value = path.reduce<unknown>((section, key) => (section as Record<string, unknown>)[key], file);
      expect(value, path.join('.')).toEqual(schema.default);
    }
  });

  test('the file and no file make the same configuration', () => {
    expect(loadConfig({ file: 'config/sentinel.yaml', env: {} })).toEqual(loadConfig({ file: '/dev/null', env: {} }));
  });

  test('every key says what it means, and its variable is its alone', () => {
    for (const { path, schema } of LEAVES) expect(schema.description.length, path.join('.')).toBeGreaterThan(7);
    expect(new Set(LEAVES.map(({ path }) => variableOf(path))).size).toBe(LEAVES.length);
  });

  test('each number with a unit says it in its name', () => {
    for (const { path, schema } of LEAVES) {
      if (schema.minimum === undefined) continue;
      expect(path.at(-1), path.join('.')).toMatch(
        /(_s|_ms|_hours|_days|_mib|_share)$|^(port|connections|connections_per_host|visit_concurrency|concurrency|threads|pictures|found|of)$/,
      );
    }
  });
});
