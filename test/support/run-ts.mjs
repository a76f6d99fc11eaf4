/**
 * Runs a TypeScript file as a program of its own, for tests that must kill, stop or starve a real process:
 * `node test/support/run-ts.mjs FILE [argument...]`.
 */
import { resolve } from 'node:path';
import { runnerImport } from 'vite';

const file = process.argv[2];
if (file === undefined) throw new Error('usage: run-ts.mjs FILE [argument...]');
process.argv.splice(1, 2, resolve(file));
await runnerImport(process.argv[1], { configFile: false, logLevel: 'error' });
