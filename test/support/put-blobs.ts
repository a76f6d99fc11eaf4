/** Puts random blobs of 64 KiB into a directory until that fails, and says what the failure was. */
import { randomBytes } from 'node:crypto';
import { systemClock } from '../../src/base/clock.ts';
import { SentinelError } from '../../src/base/errors.ts';
import { openBlobs } from '../../src/drivers/blobs/blobs.ts';

const blobs = await openBlobs({ dir: process.argv[2] ?? '', clock: systemClock });
const kept: string[] = [];
try {
  for (;;) kept.push(await blobs.put(randomBytes(64 * 1024)));
} catch (thrown) {
  if (!(thrown instanceof SentinelError)) throw thrown;
  for (const sha256 of kept) await blobs.get(sha256);
  process.stdout.write(JSON.stringify({ code: thrown.code, message: thrown.message, kept: kept.length }));
}
