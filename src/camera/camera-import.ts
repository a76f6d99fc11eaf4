/**
 * Cameras from a file: YAML or CSV in, a report line by line out. Good lines go in together, bad ones are refused with
 * their line and a plain reason. A camera is found again by its key (its name where it has no key), so importing a file
 * twice changes nothing; what a file does not speak of stays as it was, and cameras that it does not list are left alone.
 *
 * Logins are kept as credentials, encrypted, apart from addresses. A login inside an address, or in columns of its own,
 * is moved into a credential of that camera's own, `camera/KEY`; the report says so without showing it.
 *
 * A fixed camera gets its one view and every camera its health row. A dry run does all of it and takes it back.
 *
 * Errors: `import.unreadable`, `import.too_large` for the file as a whole.
 */
import { systemClock, type Clock } from '../base/clock.ts';
import type { Db } from '../drivers/postgres/postgres.ts';
import { readCameraFile } from './camera-file.ts';
import { planImport, type ReportLine } from './camera-plan.ts';
import { applyImport, lockImports, readRegister } from './camera-import-store.ts';
import type { Language } from './camera-words.ts';
import type { Sealer } from './credentials.ts';

/** The same shape as the HTTP contract's. */
export interface ImportReport {
  dryRun: boolean;
  added: number;
  changed: number;
  unchanged: number;
  refused: number;
  lines: ReportLine[];
}

/**
 * @param text of the file, without or with a byte order mark; see {@link cameraFileText} for bytes
 * @param env where given, `password_env` of a credential may name one of its variables: for the command line, never for
 *   what came over the network
 */
export async function importCameras(options: {
  db: Db;
  sealer: Sealer;
  estateId: number;
  text: string;
  format: 'csv' | 'yaml';
  dryRun: boolean;
  language?: Language | undefined;
  env?: NodeJS.ProcessEnv | undefined;
  clock?: Clock | undefined;
}): Promise<ImportReport> {
  const { db, sealer, estateId, text, format, dryRun, language = 'en', env, clock = systemClock } = options;
  const entries = readCameraFile(text, format);
  const takenBack = new Error('dry run');
  let lines: ReportLine[] = [];
  try {
    await db.transaction().execute(async (trx) => {
      await lockImports(trx);
      const register = await readRegister(trx, estateId);
      const plan = planImport(entries, register, { sealer, language, env });
      await applyImport(trx, estateId, plan, sealer, clock.nowMs());
      lines = plan.lines;
      if (dryRun) throw takenBack;
    });
  } catch (thrown) {
    if (thrown !== takenBack) throw thrown;
  }
  const count = (outcome: ReportLine['outcome']): number => lines.filter((line) => line.outcome === outcome).length;
  return {
    dryRun,
    ...{ added: count('added'), changed: count('changed'), unchanged: count('unchanged'), refused: count('refused') },
    lines,
  };
}

/** The text of a file's bytes: by its byte order mark, else UTF-8, else GB 18030, which spreadsheets in China write. */
export function cameraFileText(bytes: Uint8Array): string {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return new TextDecoder('utf-16le').decode(bytes);
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return new TextDecoder('utf-16be').decode(bytes);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return new TextDecoder('gb18030').decode(bytes);
  }
}
