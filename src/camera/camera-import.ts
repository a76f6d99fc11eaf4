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
import { recordAudit, type Db } from '../drivers/postgres/postgres.ts';
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
 * @param text of the file, without or with a byte order mark; see {@link textOfFile} for bytes
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
  /** Null: nobody is signed in, as on the command line or for the simulation. */
  userId?: number | null;
}): Promise<ImportReport> {
  const {
    db,
    sealer,
    estateId,
    text,
    format,
    dryRun,
    language = 'en',
    env,
    clock = systemClock,
    userId = null,
  } = options;
  const entries = readCameraFile(text, format);
  const takenBack = new Error('dry run');
  let lines: ReportLine[] = [];
  const count = (outcome: ReportLine['outcome']): number => lines.filter((line) => line.outcome === outcome).length;
  const counts = () => ({
    ...{ added: count('added'), changed: count('changed'), unchanged: count('unchanged'), refused: count('refused') },
  });
  try {
    await db.transaction().execute(async (trx) => {
      await lockImports(trx);
      const register = await readRegister(trx, estateId);
      const plan = planImport(entries, register, { sealer, language, env });
      await applyImport(trx, estateId, plan, sealer, clock.nowMs());
      lines = plan.lines;
      if (dryRun) throw takenBack;
      if (count('added') + count('changed') === 0) return;
      await recordAudit(trx, {
        ...{ userId, action: 'cameras.imported', subject: 'cameras', details: counts(), atMs: clock.nowMs() },
      });
    });
  } catch (thrown) {
    if (thrown !== takenBack) throw thrown;
  }
  return { dryRun, ...counts(), lines };
}
