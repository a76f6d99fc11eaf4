/** Vitest global set-up of the browser tests: the pages as they are now, built once for the run if they are not. */
import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { build } from 'vite';

const SOURCES = ['src/ui', 'src/web/contract.ts', 'src/base/clock.ts'];
const BUILT = 'dist/ui/index.html';

export default async function setup(): Promise<void> {
  const builtAtMs = await changedAtMs(BUILT).catch(() => 0);
  const changed = await Promise.all(SOURCES.map(newestMs));
  if (Math.max(...changed) <= builtAtMs) return;
  await build({ configFile: 'src/ui/vite.config.ts', logLevel: 'warn' });
}

async function newestMs(place: string): Promise<number> {
  const kind = await stat(place);
  if (!kind.isDirectory()) return kind.mtimeMs;
  const files = await readdir(place, { recursive: true });
  return Math.max(...(await Promise.all(files.map((file) => changedAtMs(path.join(place, file))))));
}

async function changedAtMs(file: string): Promise<number> {
  return (await stat(file)).mtimeMs;
}
