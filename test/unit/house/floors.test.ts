/** The linter is part of the house: these tests put bad imports before the real configuration and expect it to object. */
import { ESLint } from 'eslint';
import path from 'node:path';
import { describe, expect, test } from 'vitest';

const root = path.resolve(import.meta.dirname, '../../..');

// Only rules that need no type information run, so that files which do not exist can be judged.
const eslint = new ESLint({
  cwd: root,
  ruleFilter: ({ ruleId }) => ruleId.startsWith('house/') || ruleId.startsWith('no-restricted-'),
  overrideConfig: { files: ['**/*.ts'], languageOptions: { parserOptions: { projectService: false } } },
});

async function complaints(filePath: string, code: string): Promise<string[]> {
  const [result] = await eslint.lintText(code, { filePath: path.join(root, filePath) });
  return result!.messages.map((message) => message.message);
}

const imports = (file: string, source: string): Promise<string[]> =>
  complaints(file, `import { thing } from '${source}';\nthing();\n`);

describe('imports', () => {
  test.each([
    ['a lower floor', 'src/frame/frame.ts', '../camera/camera.ts'],
    ['any file of base', 'src/frame/frame-store.ts', '../base/picture.ts'],
    ['the same folder', 'src/frame/frame.ts', './frame-store.ts'],
    ['a driver by its door', 'src/camera/camera.ts', '../drivers/rtsp/rtsp.ts'],
    ['another driver by its door', 'src/drivers/queue/queue.ts', '../postgres/postgres.ts'],
    ['the tables, by their side door', 'src/frame/frame-store.ts', '../drivers/postgres/schema.ts'],
    ['the contract, from a page', 'src/ui/queue-page.ts', '../web/contract.ts'],
    ['the contract, from a page deep inside', 'src/ui/pages/queue.vue', '../../web/contract.ts'],
    ['the clock, from a page', 'src/ui/live.ts', '../base/clock.ts'],
    ['its own room, from a page', 'src/ui/pages/queue.vue', '../session.ts'],
    ['a route of its own room', 'src/web/web.ts', './routes/candidates.ts'],
    ['everything, from main', 'src/main.ts', './simulator/simulator.ts'],
    ['a part of the configuration, from it', 'src/config.ts', './config-schema.ts'],
    ['the configuration, from main', 'src/main.ts', './config.ts'],
    ['a package', 'src/frame/frame.ts', 'kysely'],
  ])('%s may be imported', async (_what, file, source) => {
    const code = `import { thing } from '${source}';\nthing();\n`;
    expect(await complaints(file, file.endsWith('.vue') ? `<script setup lang="ts">\n${code}</script>` : code)).toEqual(
      [],
    );
  });

  test.each([
    [
      'a higher floor',
      'src/camera/camera.ts',
      '../frame/frame.ts',
      /imports point only down: "frame" stands above "camera"/,
    ],
    ['anything, from base', 'src/base/log.ts', '../drivers/rtsp/rtsp.ts', /only down/],
    ['a room past its door', 'src/comparison/comparison.ts', '../frame/frame-store.ts', /entered by frame\/frame\.ts/],
    [
      'a driver past its door',
      'src/camera/camera.ts',
      '../drivers/rtsp/parser.ts',
      /entered by drivers\/rtsp\/rtsp\.ts/,
    ],
    ['another driver past its door', 'src/drivers/queue/queue.ts', '../postgres/embedded.ts', /entered by/],
    ['the configuration, from the pipeline', 'src/pipeline.ts', './config.ts', /"pipeline" may not know "config"/],
    ['the configuration, from a room', 'src/web/web.ts', '../config.ts', /may not know "config"/],
    ['an estate, from the simulator', 'src/simulator/simulator.ts', '../camera/camera.ts', /base and drivers alone/],
    ['the simulator, from a room', 'src/camera/camera.ts', '../simulator/simulator.ts', /may not know "simulator"/],
    ['the server, from a page', 'src/ui/main.ts', '../web/web.ts', /web\/contract\.ts and base\/clock\.ts alone/],
    ['more of base, from a page', 'src/ui/main.ts', '../base/limits.ts', /clock\.ts alone/],
    ['the contract’s door, from a room above it that is no page', 'src/pipeline.ts', './web/contract.ts', /not a door/],
    ['a room nobody gave a floor', 'src/web/web.ts', '../billing/billing.ts', /"billing" has no floor/],
    ['a folder that says nothing', 'src/web/web.ts', './utils/dates.ts', /no folder is named "utils"/],
  ])('%s may not be imported', async (_what, file, source, problem) => {
    const found = await imports(file, source);
    expect(found).toHaveLength(1);
    expect(found[0]).toMatch(problem);
  });

  test.each([
    ['a type', "import type { Frame } from '../frame/frame.ts';"],
    ['a re-export', "export { thing } from '../frame/frame.ts';"],
    ['a re-export of all', "export * from '../frame/frame.ts';"],
    ['an import at run time', "await import('../frame/frame.ts');"],
    ['a type written in place', "export type Frame = import('../frame/frame.ts').Frame;"],
  ])('%s is an import too', async (_what, code) => {
    expect(await complaints('src/camera/camera.ts', code)).toEqual([expect.stringMatching(/only down/)]);
  });

  test('in a page’s script are read too', async () => {
    const code = `<script setup lang="ts">\nimport { web } from '../web/web.ts';\nweb();\n</script>\n<template><p>x</p></template>\n`;
    expect(await complaints('src/ui/page.vue', code)).toEqual([
      expect.stringMatching(/web\/contract\.ts and base\/clock\.ts alone/),
    ]);
  });
});

describe('time', () => {
  const uses = [
    'Date.now();',
    'performance.now();',
    'setTimeout(() => {}, 1);',
    'setInterval(() => {}, 1);',
    'globalThis.setTimeout(() => {}, 1);',
    'export const at = new Date();',
    'AbortSignal.timeout(1);',
    "import { setTimeout as sleep } from 'node:timers/promises';\nawait sleep(1);",
  ];
  test.each(uses)('%s is kept out of the rooms', async (code) => {
    expect(await complaints('src/frame/frame.ts', code)).toContainEqual(expect.stringMatching(/base\/clock\.ts/));
  });
  test.each(uses)('%s may stand in the clock, in tests and in pages', async (code) => {
    for (const file of ['src/base/clock.ts', 'test/unit/frame/frame.test.ts', 'src/ui/age.ts']) {
      expect(await complaints(file, code)).toEqual([]);
    }
  });
  test('a date made of a stamp is no clock', async () => {
    expect(await complaints('src/frame/frame.ts', 'export const at = new Date(0);')).toEqual([]);
  });
});
