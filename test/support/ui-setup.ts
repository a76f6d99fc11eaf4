/** Vitest global set-up of the browser tests: the pages as they are now, built once for the run if they are not. */
import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { build } from 'vite';

const PAGES = [
  {
    built: 'dist/ui/index.html',
    configFile: 'src/ui/vite.config.ts',
    sources: ['src/ui', 'src/web/contract.ts', 'src/base/clock.ts'],
  },
  {
    built: 'dist/verifier/index.html',
    configFile: 'src/evidence/verifier-page/vite.config.ts',
    sources: ['src/evidence'],
  },
];

export default async function setup(): Promise<void> {
  for (const { built, configFile, sources } of PAGES) {
    const builtAtMs = await changedAtMs(built).catch(() => 0);
    const changed = await Promise.all(sources.map(newestMs));
    if (Math.max(...changed) > builtAtMs) await build({ configFile, logLevel: 'warn' });
  }
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
