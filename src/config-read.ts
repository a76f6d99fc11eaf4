/**
 * Reads configuration values from a YAML file and the environment, and says of each wrong one where it stands and what
 * was meant. The environment goes before the file, the file before the defaults of the schema.
 */
import { readFileSync, statSync } from 'node:fs';
import { Ajv, type ErrorObject } from 'ajv';
import { isMap, isNode, isScalar, LineCounter, parseDocument, type Document, type Pair } from 'yaml';
import { problemOf, SentinelError } from './base/errors.ts';
import { LIMITS } from './base/limits.ts';
import { nearest } from './base/nearest.ts';
import { ConfigSchema, LEAVES, variableOf, type KeySchema, type Leaf } from './config-schema.ts';

type Path = readonly string[];
type Values = Record<string, unknown>;

/** One thing that is wrong, and where: `file:line:column` or the variable's name. */
export interface Problem {
  readonly where: string;
  readonly problem: string;
}

/** What was read: values in the schema's shape with every default filled in, and where each came from. */
export interface ReadValues {
  readonly values: unknown;
  /** Where the value at `path` was given; for one that came from a default, its section or the file. */
  whereOf(path: Path): string;
}

/** The variable that names the file; it is not a key itself. */
export const FILE_VARIABLE = 'SENTINEL_CONFIG';

const ajv = new Ajv({ allErrors: true, useDefaults: true, allowUnionTypes: true, verbose: true });
ajv.addKeyword('x-env');
ajv.addKeyword('x-secret');
const validate = ajv.compile(ConfigSchema);

/**
 * @param file the YAML file; undefined reads none
 * @throws SentinelError config.invalid, one line for each problem
 */
export function readConfig(file: string | undefined, env: NodeJS.ProcessEnv): ReadValues {
  const source = file === undefined ? undefined : readYaml(file);
  const values: Values = source?.values ?? {};
  const problems: Problem[] = [];
  const origins = applyEnvironment(values, env, problems);

  const whereOf = (path: Path): string => origins.get(path.join('.')) ?? source?.whereOf(path) ?? 'the defaults';
  if (!validate(values)) {
    for (const error of validate.errors ?? []) {
      const path = error.instancePath.split('/').slice(1);
      const unknownKey: unknown = error.params['additionalProperty'];
      if (typeof unknownKey === 'string') {
        const known = path.length === 0 ? '' : ` in ${path.join('.')}`;
        problems.push({
          where: whereOf([...path, unknownKey]),
          problem: `unknown key ${quoted(unknownKey)}${known}${meant(suggestKey(path, unknownKey))}`,
        });
      } else {
        problems.push({ where: whereOf(path), problem: `${path.join('.')} ${problemText(error)}` });
      }
    }
  }
  refuse(problems);
  return { values, whereOf };
}

/** @throws SentinelError config.invalid when there is any problem */
export function refuse(problems: readonly Problem[]): void {
  const [first, ...others] = problems;
  if (!first) return;
  throw new SentinelError('config.invalid', {
    where: first.where,
    problem: [first.problem, ...others.map(({ where, problem }) => `${where}: ${problem}`)].join('\n'),
  });
}

// --- the file --------------------------------------------------------------------------------------------------------

function readYaml(file: string): { values: Values; whereOf(path: Path): string } {
  const fail = (where: string, problem: string, cause?: unknown): never => {
    throw new SentinelError('config.invalid', { where, problem }, { cause });
  };
  let written: string;
  try {
    const { size } = statSync(file);
    if (size > LIMITS.configFileBytes) fail(file, `has ${size} bytes, more than the ${LIMITS.configFileBytes} allowed`);
    written = readFileSync(file, 'utf8');
  } catch (thrown) {
    if (thrown instanceof SentinelError) throw thrown;
    return fail(file, `the configuration file cannot be read: ${problemOf(thrown)}`, thrown);
  }

  const lines = new LineCounter();
  const at = (offset: number): string => {
    const { line, col } = lines.linePos(offset);
    return `${file}:${line}:${col}`;
  };
  const document = parseDocument(written, { lineCounter: lines, prettyErrors: false });
  const [broken] = [...document.errors, ...document.warnings];
  if (broken) return fail(at(broken.pos[0]), `not well-formed YAML: ${broken.message}`, broken);
  let values: unknown;
  try {
    values = document.toJS({ maxAliasCount: 20 });
  } catch (thrown) {
    return fail(file, `not well-formed YAML: ${problemOf(thrown)}`, thrown);
  }
  values ??= {};
  if (!isValues(values)) return fail(at(0), 'must be a map of sections such as "http:"');
  return {
    values: withoutEmptySections(values, ConfigSchema as unknown as KeySchema),
    whereOf(path) {
      const offset = offsetOf(document, path);
      return offset === undefined ? file : at(offset);
    },
  };
}

/** A section whose every line is commented out reads as null: it is as good as absent. */
function withoutEmptySections(values: Values, schema: KeySchema): Values {
  return Object.fromEntries(
    Object.entries(values).flatMap(([key, value]) => {
      const child = schema.properties?.[key];
      if (!child?.properties) return [[key, value]];
      if (value === null) return [];
      return [[key, isValues(value) ? withoutEmptySections(value, child) : value]];
    }),
  );
}

/** Where the key at `path` starts, or the nearest section above it that is in the file. */
function offsetOf(document: Document, path: Path): number | undefined {
  let node: unknown = document.contents;
  let offset: number | undefined;
  for (const key of path) {
    if (!isMap(node)) return offset;
    const pair = node.items.find((item): item is Pair => isScalar(item.key) && String(item.key.value) === key);
    if (!pair) return offset;
    offset = (isNode(pair.key) ? pair.key.range?.[0] : undefined) ?? offset;
    node = pair.value;
  }
  return offset;
}

// --- the environment -------------------------------------------------------------------------------------------------

/** Puts what the environment says into `values`; answers which variable each path came from. */
function applyEnvironment(values: Values, env: NodeJS.ProcessEnv, problems: Problem[]): Map<string, string> {
  const variables = variableTable();
  const origins = new Map<string, string>();
  for (const [name, given] of Object.entries(env)) {
    if (given === undefined || given === '' || name === FILE_VARIABLE) continue;
    const variable = variables.get(name);
    if (!variable) {
      if (name.startsWith('SENTINEL_')) {
        const known = [...variables.keys()].filter((other) => other.startsWith('SENTINEL_'));
        problems.push({ where: name, problem: `no such setting${meant(nearest(name, known))}` });
      }
      continue;
    }
    const place = variable.leaf.path.join('.');
    const earlier = origins.get(place);
    if (earlier !== undefined) {
      problems.push({ where: name, problem: `${place} is set by ${earlier} too; set one of them` });
      continue;
    }
    const written = variable.isFile ? secretOf(name, given, problems) : given;
    if (written === undefined) continue;
    if (setAt(values, variable.leaf.path, coerced(written, variable.leaf.schema))) {
      origins.set(place, variable.isFile ? `${name} (${given})` : name);
    }
  }
  return origins;
}

function variableTable(): Map<string, { leaf: Leaf; isFile: boolean }> {
  const table = new Map<string, { leaf: Leaf; isFile: boolean }>();
  for (const leaf of LEAVES) table.set(variableOf(leaf.path), { leaf, isFile: false });
  for (const leaf of LEAVES) {
    const further = leaf.schema['x-env'];
    if (further !== undefined) table.set(further, { leaf, isFile: false });
    if (!leaf.schema['x-secret']) continue;
    for (const name of [variableOf(leaf.path), ...(further === undefined ? [] : [further])]) {
      // `credential.key_file` is a key of its own: its variable keeps that meaning.
      if (!table.has(`${name}_FILE`)) table.set(`${name}_FILE`, { leaf, isFile: true });
    }
  }
  return table;
}

function secretOf(name: string, file: string, problems: Problem[]): string | undefined {
  try {
    const { size } = statSync(file);
    if (size > LIMITS.secretFileBytes) {
      problems.push({
        where: name,
        problem: `${file} has ${size} bytes, more than the ${LIMITS.secretFileBytes} allowed`,
      });
      return undefined;
    }
    const written = readFileSync(file, 'utf8').replace(/\r?\n$/, '');
    if (written === '') problems.push({ where: name, problem: `${file} is empty` });
    return written === '' ? undefined : written;
  } catch (thrown) {
    problems.push({ where: name, problem: `the file cannot be read: ${problemOf(thrown)}` });
    return undefined;
  }
}

/** The text as the type that the key wants; text that does not fit stays text, and the schema refuses it. */
function coerced(written: string, schema: KeySchema): unknown {
  const types = typesOf(schema);
  if (types.includes('array')) return written.split(',').map((item) => item.trim());
  if (types.includes('boolean') && /^(true|false)$/i.test(written)) return written.toLowerCase() === 'true';
  if ((types.includes('number') || types.includes('integer')) && /^-?\d+(\.\d+)?$/.test(written.trim())) {
    return Number(written);
  }
  return written;
}

/** False where the file has something else than a section on the way: the schema reports that. */
function setAt(values: Values, path: Path, value: unknown): boolean {
  let section = values;
  for (const key of path.slice(0, -1)) {
    section[key] ??= {};
    const next = section[key];
    if (!isValues(next)) return false;
    section = next;
  }
  section[path.at(-1) as string] = value;
  return true;
}

// --- what is wrong, in words -----------------------------------------------------------------------------------------

const TYPE_WORDS: Readonly<Record<string, string>> = {
  array: 'a list of texts',
  boolean: 'true or false',
  integer: 'a whole number',
  null: 'null',
  number: 'a number',
  object: 'a section with keys of its own',
  string: 'a text',
};

function problemText(error: ErrorObject): string {
  const schema = error.parentSchema as unknown as KeySchema;
  const given = schema['x-secret'] ? '' : `, not ${shown(error.data)}`;
  const { limit, allowedValues } = error.params as { limit?: number; allowedValues?: string[] };
  switch (error.keyword) {
    case 'type':
      return `must be ${typesOf(schema)
        .map((type) => TYPE_WORDS[type] ?? type)
        .join(' or ')}${given}`;
    case 'enum': {
      const words = allowedValues ?? [];
      return `must be one of ${words.join(', ')}${given}${meant(nearest(String(error.data), words))}`;
    }
    case 'minimum':
      return `must be at least ${limit}${given}`;
    case 'maximum':
      return `must be at most ${limit}${given}`;
    case 'minLength':
      return `must have at least ${limit} characters`;
    case 'maxLength':
      return `must have at most ${limit} characters`;
    case 'pattern':
      return `does not look right${given}: ${schema.description}`;
    default:
      return `${error.message ?? 'is wrong'}${given}`;
  }
}

function shown(value: unknown): string {
  const written = JSON.stringify(value);
  return written.length > 60 ? `${written.slice(0, 57)}…` : written;
}

const quoted = (word: string): string => `"${word}"`;
const meant = (suggestion: string | undefined): string =>
  suggestion === undefined ? '' : `; did you mean ${quoted(suggestion)}?`;

/** The key that was probably meant: one of the same section, else one of the same name elsewhere. */
function suggestKey(section: Path, unknownKey: string): string | undefined {
  let schema = ConfigSchema as unknown as KeySchema;
  for (const key of section) schema = schema.properties?.[key] ?? schema;
  const sibling = nearest(unknownKey, Object.keys(schema.properties ?? {}));
  if (sibling !== undefined) return sibling;
  const elsewhere = LEAVES.filter(({ path }) => path.at(-1) === unknownKey || path.join('_') === unknownKey);
  return elsewhere.length === 1 ? elsewhere[0]?.path.join('.') : undefined;
}

function typesOf(schema: KeySchema): readonly string[] {
  return typeof schema.type === 'string' ? [schema.type] : schema.type;
}

function isValues(value: unknown): value is Values {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
