#!/usr/bin/env node
/**
 * The verbs. `start` runs everything with nothing to install; the others run one part each beside a shared database, as
 * many of each as the estate needs. Errors a person can mend end as one line on standard error, without a stack.
 */
import './base/collector.ts';
import { parseArgs } from 'node:util';
import { problemOf, SentinelError } from './base/errors.ts';
import { loadConfig, type Config } from './config.ts';
import { runLook } from './look.ts';
import { check } from './main-check.ts';
import { drill } from './main-drill.ts';
import { discoverCameras, importCamerasFile, migrateDatabase } from './main-office.ts';
import { rotateEvidenceKey } from './main-evidence.ts';
import { runVerify } from './verify.ts';
import { capture, compare, patrol, serve, simulate, start } from './main-parts.ts';
import { tours } from './main-tours.ts';

interface Verb {
  readonly says: string;
  readonly run: (config: Config, args: readonly string[]) => Promise<number>;
}

const VERBS: Readonly<Record<string, Verb>> = {
  start: { says: 'run everything: database, simulated estate, capture, compare, pages', run: start },
  serve: { says: 'run the pages and the API', run: serve },
  capture: { says: 'look at the cameras; run as many as the cameras need', run: capture },
  patrol: { says: 'drive the domes on their routes and look through them', run: patrol },
  compare: { says: 'judge looks; run as many as the looks need', run: compare },
  simulate: { says: 'run the simulated estate’s cameras', run: simulate },
  migrate: { says: 'bring the database up to date and end', run: migrateDatabase },
  check: { says: '[--level …] [--repair] [--mirror]: whether what is kept is what it was', run: check },
  drill: { says: '--view VIEW … | --all [--json]: what the views would find, and from which size', run: drill },
  'evidence rotate-key': {
    says: '--reason TEXT [--lost]: let a new key sign the evidence log',
    run: rotateEvidenceKey,
  },
  'cameras import': { says: 'FILE [--dry-run]: register the cameras of a YAML or CSV file', run: importCamerasFile },
  tours: {
    says: 'CAMERA [--make ROUTE …]: let a dome go round by itself, as the device can',
    run: tours,
  },
  'cameras discover': {
    says: '--interface NAME: find ONVIF devices and write a file for cameras import',
    run: discoverCameras,
  },
};

const USAGE = `sentinel VERB [--config FILE]

${Object.entries(VERBS)
  .map(([name, { says }]) => `  ${name.padEnd(16)} ${says}`)
  .join('\n')}
  ${'look'.padEnd(16)} FRAME --baseline A [--baseline B …]: compare pictures, no camera needed; look --help for more
  ${'verify'.padEnd(16)} PACKAGE.zip …: check evidence packages, offline; verify --help for more
  ${'help'.padEnd(16)} this text

Configuration: config/sentinel.yaml, SENTINEL_* and DATABASE_URL, REDIS_URL.
`;

async function main(argv: readonly string[]): Promise<number> {
  const [first = 'help', second] = argv;
  if (first === 'look') {
    return runLook(argv.slice(1), { stdout: process.stdout, stderr: process.stderr });
  }
  if (first === 'verify') return runVerify(argv.slice(1), process, process.env);
  if (first === 'help' || first === '--help' || first === '-h') {
    process.stdout.write(USAGE);
    return 0;
  }
  const name = VERBS[`${first} ${second}`] ? `${first} ${second}` : first;
  const verb = VERBS[name];
  if (!verb) throw new SentinelError('config.usage', { problem: `There is no verb "${first}".\n\n${USAGE}` });
  const { config, rest } = configFlag(argv.slice(name.split(' ').length));
  return verb.run(loadConfig({ ...(config !== undefined && { file: config }), env: process.env }), rest);
}

/** Takes `--config FILE` out of the arguments, wherever it stands. */
function configFlag(args: readonly string[]): { config: string | undefined; rest: string[] } {
  const { tokens } = parseArgs({
    args: [...args],
    options: { config: { type: 'string' } },
    strict: false,
    tokens: true,
  });
  const token = tokens.find((one) => one.kind === 'option' && one.name === 'config');
  if (token?.kind !== 'option') return { config: undefined, rest: [...args] };
  if (token.value === undefined || token.value === '') {
    throw new SentinelError('config.usage', { problem: '--config wants a file' });
  }
  const rest = args.filter((_, index) => index !== token.index && (token.inlineValue || index !== token.index + 1));
  return { config: token.value, rest };
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (thrown) {
  const known = thrown instanceof SentinelError;
  process.stderr.write(
    known ? `${thrown.message}\n` : `sentinel failed: ${problemOf(thrown)}\n${(thrown as Error).stack}\n`,
  );
  // Something may still hold the process open after a start that failed half-way.
  process.exit(known && thrown.code === 'config.usage' ? 2 : 1);
}
