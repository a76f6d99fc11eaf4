/**
 * Documents that are made from what they describe. A difference fails; `npm run docs` writes them anew.
 */
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { ERROR_TABLE } from '../../../src/base/errors.ts';
import { OPENSSL_COMMANDS, OPENSSL_STAMP_COMMAND } from '../../../src/evidence/package-readme.ts';
import { placeOf, readLockFile } from '../../support/lock-file.ts';

const root = path.resolve(import.meta.dirname, '../../..');
const packages = await readLockFile();

const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('\n', ' ');
const row = (...cells: string[]): string => `| ${cells.map(cell).join(' | ')} |`;

test('docs/errors.md lists the error table', async () => {
  const rows = Object.entries(ERROR_TABLE)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([code, { status, en, zh }]) => row(`\`${code}\``, String(status), en, zh));
  const text = [
    '# Errors',
    '',
    'Every failure has a code. The API answers `{"error": {"code", "message", "details"}}` with the status below and the',
    'message in the language of `Accept-Language`; the command line and the log say the English one. `{name}` is filled',
    'from `details`. Made from `src/base/errors.ts`: `npm run docs` writes it anew.',
    '',
    row('code', 'HTTP', 'English', '中文'),
    row('---', '---', '---', '---'),
    ...rows,
    '',
  ];
  await expect(text.join('\n')).toMatchFileSnapshot(path.join(root, 'docs/errors.md'));
});

/** Licences that ask no more than to be named. Anything else needs a sentence in docs/licences.md, and its name here. */
const FREE = [
  '0BSD',
  'Apache-2.0',
  'BlueOak-1.0.0',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'ISC',
  'MIT',
  'Unlicense',
  '(MIT OR CC0-1.0)',
];
const EXPLAINED = [
  /^@img\/sharp-(libvips|wasm32|win32)/,
  /^mediabunny$/,
  /^@shinyoshiaki\/jspack$/,
  /^@expo-google-fonts\/noto-sans-sc$/,
  /^png-js$/,
  /^jmuxer$/,
];

/** Packages whose code runs on the server, and those that the build puts into the pages. */
async function shipped(): Promise<string[]> {
  const server = Object.keys(packages).filter((place) => place !== '' && !packages[place]?.dev);
  const pages = new Set<string>();
  const add = (from: string, name: string): void => {
    const place = placeOf(packages, from, name);
    if (place === undefined || pages.has(place)) return;
    pages.add(place);
    for (const dependency of Object.keys(packages[place]?.dependencies ?? {})) add(place, dependency);
  };
  for (const name of await importsOfPages()) add('', name);
  return [...new Set([...server, ...pages])];
}

async function importsOfPages(): Promise<string[]> {
  const files = await readdir(path.join(root, 'src/ui'), { recursive: true });
  const names = new Set<string>();
  for (const file of files.filter((name) => /\.(ts|vue)$/.test(name) && !name.endsWith('vite.config.ts'))) {
    const text = await readFile(path.join(root, 'src/ui', file), 'utf8');
    for (const [, source = ''] of text.matchAll(/(?:\bfrom|\bimport)\s*\(?'([^'.][^']*)'/g)) {
      if (!source.startsWith('node:')) names.add(source.split('/', source.startsWith('@') ? 2 : 1).join('/'));
    }
  }
  return [...names];
}

test('docs/licences-list.md lists what is shipped', async () => {
  const entries = (await shipped()).map((place) => {
    const { version = '', license = 'see docs/licences.md' } = packages[place] ?? {};
    return { name: place.slice(place.lastIndexOf('node_modules/') + 'node_modules/'.length), version, license };
  });
  const unexplained = entries.filter(
    ({ name, license }) => !FREE.includes(license) && !EXPLAINED.some((pattern) => pattern.test(name)),
  );
  expect(unexplained).toEqual([]);

  const rows = [...new Set(entries.map(({ name, version, license }) => row(name, version, license)))].sort();
  const text = [
    '# Packages that are shipped',
    '',
    'What `npm ci` brings for the server, on every platform, and what the build puts into the pages. Each package carries',
    'its own licence text. What needs a word stands in [licences.md](licences.md). Made from `package-lock.json`:',
    '`npm run docs` writes it anew.',
    '',
    row('package', 'version', 'licence'),
    row('---', '---', '---'),
    ...rows,
    '',
  ];
  await expect(text.join('\n')).toMatchFileSnapshot(path.join(root, 'docs/licences-list.md'));
});

test('docs/evidence-packages.md has the commands that lie in every package', async () => {
  const text = await readFile(path.join(root, 'docs/evidence-packages.md'), 'utf8');
  for (const commands of [OPENSSL_COMMANDS, OPENSSL_STAMP_COMMAND]) {
    expect(text).toContain(`\`\`\`sh\n${commands}\n\`\`\``);
  }
});
