/**
 * Fills a small disk with pictures of looks while the room left is watched, until they are refused; then goes on with
 * evidence until the disk is full. Says what was stored of each, what was refused how, and what states were seen.
 */
import { randomBytes } from 'node:crypto';
import { systemClock } from '../../src/base/clock.ts';
import { SentinelError } from '../../src/base/errors.ts';
import { silentLogger } from '../../src/base/log.ts';
import { openBlobs, SpaceWatch } from '../../src/drivers/blobs/blobs.ts';

const MIB = 1024 * 1024;
const states: string[] = [];
const blobs = await openBlobs({ dir: process.argv[2] ?? '', clock: systemClock });
const watch = new SpaceWatch({
  ...{ blobs, clock: systemClock, log: silentLogger },
  rules: { alarmBelowBytes: 6 * MIB, picturesStopBelowBytes: 3 * MIB },
  onChange: async (state) => void states.push(state),
});
await watch.ask();

async function fill(put: (bytes: Buffer) => Promise<string>): Promise<{ stored: number; code: string }> {
  for (let stored = 0; ; stored++) {
    try {
      await put(randomBytes(64 * 1024));
      await watch.ask();
    } catch (thrown) {
      if (!(thrown instanceof SentinelError)) throw thrown;
      return { stored, code: thrown.code };
    }
  }
}

const pictures = await fill((bytes) => watch.pictures.put(bytes));
const evidence = await fill((bytes) => blobs.put(bytes));
process.stdout.write(JSON.stringify({ pictures, evidence, states }));
