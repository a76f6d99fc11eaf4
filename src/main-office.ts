/** The verbs that do one thing and end. */
import { readFile, stat } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { systemClock } from './base/clock.ts';
import { problemOf, SentinelError } from './base/errors.ts';
import { LIMITS } from './base/limits.ts';
import { textOfFile } from './base/text-file.ts';
import type { Config } from './config.ts';
import { foundCameraFile, importCameras, openSealer } from './camera/camera.ts';
import { discoverDevices } from './drivers/onvif/onvif.ts';
import { ensureEstate } from './main-estate.ts';
import { standOnDatabase } from './main-ground.ts';

/** What devices are given to answer a search; ONVIF lets them take up to half a second, slow ones take more. */
const DISCOVERY_MS = 3_000;

/** `standOnDatabase` as a clerk has migrated already; what is left is to say so. */
export async function migrateDatabase(config: Config): Promise<number> {
  const standing = await standOnDatabase(config, 'clerk');
  await standing.life.close();
  process.stdout.write('the database is up to date\n');
  return 0;
}

/** `cameras import FILE [--dry-run]`: exit code 0 when every line went in, 1 when some were refused. */
export async function importCamerasFile(config: Config, args: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...args],
    options: { 'dry-run': { type: 'boolean', default: false } },
    allowPositionals: true,
  });
  const [file] = positionals;
  if (file === undefined || positionals.length > 1) {
    throw new SentinelError('config.usage', { problem: 'usage: sentinel cameras import FILE [--dry-run]' });
  }
  const bytes = await readImportFile(file);
  const format = /\.csv$/i.test(file) ? 'csv' : 'yaml';
  const { db, life } = await standOnDatabase(config, 'clerk');
  try {
    const estateId = await ensureEstate(db, config);
    const report = await importCameras({
      ...{ db, estateId, format },
      sealer: await openSealer(config.credential),
      text: textOfFile(bytes),
      dryRun: values['dry-run'],
      env: process.env,
    });
    for (const { line, key, outcome, detail } of report.lines) {
      process.stdout.write(`${file}:${line}  ${outcome.padEnd(9)}  ${key}${detail ? `  ${detail}` : ''}\n`);
    }
    const { added, changed, unchanged, refused } = report;
    process.stdout.write(
      `${report.dryRun ? 'dry run, nothing written: ' : ''}${added} added, ${changed} changed, ${unchanged} unchanged, ${refused} refused\n`,
    );
    return refused > 0 ? 1 : 0;
  } finally {
    await life.close();
  }
}

/** `cameras discover --interface NAME`: writes those that answer to standard output, as a file for `cameras import`. */
export async function discoverCameras(_config: Config, args: readonly string[]): Promise<number> {
  const { values } = parseArgs({ args: [...args], options: { interface: { type: 'string' } } });
  if (values.interface === undefined) {
    throw new SentinelError('config.usage', { problem: 'usage: sentinel cameras discover --interface NAME|ADDRESS' });
  }
  const found = await discoverDevices({ interface: values.interface, clock: systemClock, waitMs: DISCOVERY_MS });
  process.stderr.write(`${found.length} ONVIF devices answered on ${values.interface}\n`);
  if (found.length > 0) process.stdout.write(foundCameraFile(found));
  return 0;
}

async function readImportFile(file: string): Promise<Buffer> {
  try {
    if ((await stat(file)).size > LIMITS.importFileBytes) {
      throw new Error(`it is larger than ${LIMITS.importFileBytes} bytes`);
    }
    return await readFile(file);
  } catch (thrown) {
    throw new SentinelError(
      'config.usage',
      { problem: `${file} cannot be read: ${problemOf(thrown)}` },
      { cause: thrown },
    );
  }
}
