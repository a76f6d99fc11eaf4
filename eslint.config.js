/**
 * What the house holds by machine. The floors stand in one array, FLOORS; the rule `house/floors` reads every import of
 * `src/` against it. Tests stand outside the floors and may open any file.
 */
import path from 'node:path';
import { defineConfig } from 'eslint/config';
import tseslint from 'typescript-eslint';
import vue from 'eslint-plugin-vue';

/** Low to high. A file imports its own floor and lower ones. */
const FLOORS = [
  'base',
  'drivers',
  'estate',
  'camera',
  'patrol',
  'frame',
  'comparison',
  'drill',
  'candidate',
  'review',
  'case',
  'evidence',
  'wall',
  'web',
  'ui',
  'config',
  'look',
  'pipeline',
  'look',
  'verify',
  'main',
];

/** Rooms that know less than their floor would let them, and who may know them. */
const NARROW = {
  simulator: { uses: ['base', 'drivers'], usedBy: ['main'] },
  ui: { uses: ['web', 'base'], usedBy: [] },
  config: { usedBy: ['main'] },
};

/** Folders whose every file may be imported from outside; others are entered by the file of their own name. */
const OPEN_FOLDERS = ['base'];

/** Further doors, each with its reason. */
const SIDE_DOORS = {
  // The tables' shapes, types only: every store names them and none should load the server to do so.
  'drivers/postgres/schema.ts': () => true,
  // The contract is all the pages may know of the server.
  'web/contract.ts': (from) => from === 'ui',
};

/** What the pages may import of the rest: the contract, and the clock, so that their time can be moved by hand too. */
const FOR_PAGES = ['web/contract.ts', 'base/clock.ts'];

/** Names for folders that say nothing about what is inside. */
const EMPTY_NAMES = ['utils', 'util', 'services', 'types', 'helpers', 'common', 'shared', 'lib'];

/** @returns the room a file of `src/` belongs to, and its folder: `drivers/rtsp`, `frame`, or '' for a file of src itself */
function placeOf(relative) {
  const parts = relative.split('/');
  // Beside config.ts stands config-schema.ts, as frame-store.ts beside frame.ts.
  if (parts.length === 1) return { room: parts[0].replace(/(-.*)?\.ts$/, ''), folder: '' };
  if (parts[0] === 'drivers') return { room: 'drivers', folder: parts.slice(0, 2).join('/') };
  return { room: parts[0], folder: parts[0] };
}

function problemOfImport(fromFile, toFile) {
  const from = placeOf(fromFile);
  const to = placeOf(toFile);
  const empty = toFile.split('/').find((part) => EMPTY_NAMES.includes(part));
  if (empty) return `no folder is named "${empty}": name it after what it holds`;
  for (const { room } of [from, to]) {
    if (!FLOORS.includes(room) && !(room in NARROW)) return `"${room}" has no floor: give it one in eslint.config.js`;
  }
  if (from.folder !== '' && from.folder === to.folder) return undefined;
  if (from.room !== to.room) {
    const usedBy = NARROW[to.room]?.usedBy;
    if (usedBy && !usedBy.includes(from.room)) return `"${from.room}" may not know "${to.room}"`;
    const uses = NARROW[from.room]?.uses;
    if (uses && !uses.includes(to.room)) return `"${from.room}" uses ${uses.join(' and ')} alone, not "${to.room}"`;
    if (FLOORS.includes(from.room) && FLOORS.includes(to.room) && FLOORS.indexOf(to.room) > FLOORS.indexOf(from.room)) {
      return `imports point only down: "${to.room}" stands above "${from.room}"`;
    }
  }
  if (from.room === 'ui' && !FOR_PAGES.includes(toFile))
    return 'the pages know web/contract.ts and base/clock.ts alone';
  if (to.folder === '' || OPEN_FOLDERS.includes(to.folder)) return undefined;
  if (SIDE_DOORS[toFile]) {
    return SIDE_DOORS[toFile](from.room) ? undefined : `"${toFile}" is not a door for "${from.room}"`;
  }
  const door = `${to.folder}/${path.posix.basename(to.folder)}.ts`;
  return toFile === door ? undefined : `"${to.folder}" is entered by ${door}`;
}

const floors = {
  meta: { type: 'problem', schema: [], messages: { house: '{{problem}}' } },
  create(context) {
    const root = path.join(context.cwd, 'src');
    const slashed = (file) => path.relative(root, file).split(path.sep).join('/');
    const fromFile = slashed(context.filename);
    function check(source) {
      if (typeof source?.value !== 'string' || !source.value.startsWith('.')) return;
      const toFile = slashed(path.resolve(path.dirname(context.filename), source.value));
      const problem = toFile.startsWith('..') ? undefined : problemOfImport(fromFile, toFile);
      if (problem) context.report({ node: source, messageId: 'house', data: { problem } });
    }
    return {
      ImportDeclaration: (node) => check(node.source),
      ExportNamedDeclaration: (node) => check(node.source),
      ExportAllDeclaration: (node) => check(node.source),
      ImportExpression: (node) => check(node.source),
      TSImportType: (node) => check(node.source ?? node.argument?.literal),
    };
  },
};

const CLOCK = 'time and timers come from the Clock that base/clock.ts defines';
const TIMER_MODULES = ['timers', 'node:timers', 'timers/promises', 'node:timers/promises', 'node:perf_hooks'];

const clockRules = {
  'no-restricted-globals': [
    'error',
    ...['setTimeout', 'setInterval', 'performance'].map((name) => ({ name, message: CLOCK })),
  ],
  'no-restricted-properties': [
    'error',
    { object: 'Date', property: 'now', message: CLOCK },
    { object: 'AbortSignal', property: 'timeout', message: CLOCK },
    ...['setTimeout', 'setInterval', 'performance'].map((property) => ({
      object: 'globalThis',
      property,
      message: CLOCK,
    })),
  ],
  'no-restricted-imports': ['error', { paths: TIMER_MODULES.map((name) => ({ name, message: CLOCK })) }],
  'no-restricted-syntax': [
    'error',
    { selector: 'NewExpression[callee.name="Date"][arguments.length=0]', message: CLOCK },
  ],
};

export default defineConfig(
  { ignores: ['dist/', 'var/', 'node_modules/', 'models/**/*.py'] },
  { linterOptions: { reportUnusedDisableDirectives: 'error' } },
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.strictTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      eqeqeq: 'error',
      'no-console': 'error',
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      // Numbers and booleans read well in a sentence; objects do not.
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      // Answers of other makers' libraries are checked more often than their types admit.
      '@typescript-eslint/no-unnecessary-condition': [
        'error',
        { allowConstantLoopConditions: 'only-allowed-literals' },
      ],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', ignoreRestSiblings: true }],
      '@typescript-eslint/no-empty-function': 'off',
      // An async method that does not wait yet still has to look like the interface it fills.
      '@typescript-eslint/require-await': 'off',
      // `{}`-typed route generics and one-letter type parameters are how Fastify and TypeBox are written.
      '@typescript-eslint/no-unnecessary-type-parameters': 'off',
    },
  },
  {
    files: ['**/*.vue'],
    extends: [vue.configs['flat/recommended']],
    languageOptions: { parserOptions: { parser: tseslint.parser } },
    rules: {
      // Prettier lays pages out.
      'vue/max-attributes-per-line': 'off',
      'vue/singleline-html-element-content-newline': 'off',
      'vue/multiline-html-element-content-newline': 'off',
      'vue/html-self-closing': 'off',
      'vue/html-indent': 'off',
      'vue/html-closing-bracket-newline': 'off',
      'vue/first-attribute-linebreak': 'off',
      'vue/no-v-html': 'error',
    },
  },
  {
    files: ['src/**/*.{ts,vue}'],
    plugins: { house: { rules: { floors } } },
    rules: {
      'house/floors': 'error',
      'max-lines': ['error', { max: 400, skipBlankLines: true, skipComments: true }],
    },
  },
  {
    // Tables of words and errors are as long as what they list.
    files: ['src/ui/locales/*.ts', 'src/base/errors.ts', 'src/drivers/postgres/schema.ts'],
    rules: { 'max-lines': 'off' },
  },
  {
    // The linter cannot see the types of .vue files; vue-tsc does. vue-i18n's functions are made to be taken apart.
    files: ['src/ui/**/*.ts'],
    rules: {
      '@typescript-eslint/no-unsafe-argument': 'off',
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/unbound-method': 'off',
    },
  },
  {
    files: ['src/**/*.ts'],
    ignores: ['src/base/clock.ts', 'src/ui/**'],
    rules: clockRules,
  },
  {
    // Loops over pixels index inside bounds they made themselves; a check at each would cost more than the work.
    files: ['src/comparison/**/*.ts', 'src/drill/structures.ts'],
    rules: { '@typescript-eslint/no-non-null-assertion': 'off' },
  },
  {
    // Tests take answers apart that are typed as anything, and speak to sockets in real time.
    files: ['test/**/*.ts', '*.config.ts'],
    rules: {
      'no-console': 'off',
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-unsafe-argument': 'off',
      '@typescript-eslint/no-unsafe-call': 'off',
      '@typescript-eslint/no-unsafe-return': 'off',
      '@typescript-eslint/unbound-method': 'off',
    },
  },
  { files: ['**/*.{js,mjs}'], extends: [tseslint.configs.recommended] },
);
