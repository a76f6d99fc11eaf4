/**
 * The sample estate's web as a program of its own, for looking at pages by hand:
 * `node test/support/run-ts.mjs test/support/sample-web.ts [port]`.
 */
import { startSampleServer } from './sample-server.ts';

const web = await startSampleServer({ port: Number(process.argv[2] ?? 0) });
process.stdout.write(`${web.url}  admin / ${web.adminPassword}\n`);
const stop = async (): Promise<void> => {
  await web.close();
  process.exit(0);
};
process.once('SIGINT', () => void stop());
process.once('SIGTERM', () => void stop());
