/** Writes the documented configuration file and the published JSON Schema from the one schema in the code. */
import { format, resolveConfig } from 'prettier';
import { stringify } from 'yaml';
import { ConfigSchema, variableOf, type KeySchema } from '../../src/config-schema.ts';

const HEAD = `# yaml-language-server: $schema=./sentinel.schema.json

# Configuration of Sentinel: every key, what it means, and its default. What is not given takes its default, so that a
# file of your own needs only what differs; name it with SENTINEL_CONFIG. An unknown or wrong key stops the start.
#
# The environment goes before this file. Each key has a variable: SENTINEL_, then its path in capitals, e.g.
# SENTINEL_HTTP_PORT for http.port; a list is written a,b,c. DATABASE_URL and REDIS_URL are taken as well. For a key
# marked "secret", a variable ending in _FILE names a file that holds the value, e.g. SENTINEL_ADMIN_PASSWORD_FILE.
# A variable beginning with SENTINEL_ that belongs to no key stops the start too (in Kubernetes, set
# enableServiceLinks: false if a service is called "sentinel").
`;

const UNITS: readonly (readonly [RegExp, string])[] = [
  [/_ms$/, 'milliseconds'],
  [/_s$/, 'seconds'],
  [/_hours$/, 'hours'],
  [/_mib$/, 'MiB'],
  [/_days$/, 'days'],
];

export async function configYaml(): Promise<string> {
  const lines = [HEAD];
  writeSection(ConfigSchema as unknown as KeySchema, [], lines);
  return prettified(lines.join('\n') + '\n', 'config/sentinel.yaml');
}

export async function configJsonSchema(): Promise<string> {
  const schema = {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'Configuration of Sentinel',
    ...(JSON.parse(JSON.stringify(ConfigSchema)) as object),
  };
  return prettified(JSON.stringify(schema), 'config/sentinel.schema.json');
}

function writeSection(section: KeySchema, path: readonly string[], lines: string[]): void {
  const indent = '  '.repeat(path.length);
  for (const [key, child] of Object.entries(section.properties ?? {})) {
    const childPath = [...path, key];
    if (child.properties) {
      if (path.length === 0) lines.push('');
      lines.push(...comment(`${child.description}.`, indent), `${indent}${key}:`);
      writeSection(child, childPath, lines);
    } else {
      lines.push(
        ...comment(meaningOf(childPath, child), indent),
        `${indent}${stringify({ [key]: child.default }).trim()}`,
      );
    }
  }
}

function meaningOf(path: readonly string[], schema: KeySchema): string {
  const key = path.at(-1) ?? '';
  const unit = UNITS.find(([ending]) => ending.test(key))?.[1];
  const range = schema.minimum === undefined ? undefined : `${schema.minimum} to ${schema.maximum}`;
  const facts = [
    [unit, range].filter(Boolean).join(', '),
    schema.enum ? `one of ${schema.enum.join(', ')}` : '',
    `default ${JSON.stringify(schema.default)}`,
    schema['x-secret'] ? 'secret' : '',
    variableOf(path) + (schema['x-env'] === undefined ? '' : ` or ${schema['x-env']}`),
  ];
  return `${schema.description}. (${facts.filter(Boolean).join('; ')})`;
}

function comment(text: string, indent: string): string[] {
  const lines: string[] = [];
  let line = `${indent}#`;
  for (const word of text.split(' ')) {
    if (line.length + word.length + 1 > 118) {
      lines.push(line);
      line = `${indent}#`;
    }
    line += ` ${word}`;
  }
  return [...lines, line];
}

async function prettified(text: string, path: string): Promise<string> {
  return format(text, { ...(await resolveConfig(path)), filepath: path });
}
