/** A desk for packages over whatever pictures a test has. It works when it is told to. */
import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Clock } from '../../src/base/clock.ts';
import { silentLogger } from '../../src/base/log.ts';
import { KeyFrameDecoder } from '../../src/drivers/codec/codec.ts';
import type { Db } from '../../src/drivers/postgres/postgres.ts';
import { PackageDesk } from '../../src/evidence/evidence.ts';
import { TestSigner } from './evidence.ts';
import type { MemoryPictures } from './sample-estate.ts';

/** @param signer absent: one whose key the log does not know, which will do where nothing is made */
export function packageDesk(
  db: Db,
  pictures: MemoryPictures,
  clock: Clock,
  more: { signer?: TestSigner; dir?: string; page?: string } = {},
): PackageDesk {
  const { signer = new TestSigner(db, () => clock.nowMs()), page } = more;
  return new PackageDesk({
    ...{ db, clock, log: silentLogger, signHead: signer.signHead },
    blobs: { get: async (sha256) => Buffer.from(await pictures.get(sha256)) },
    software: { name: 'sentinel', version: '0.1.0' },
    verifierPage: async () => (page === undefined ? Buffer.from('<!doctype html>') : readFile(page)),
    async sizeOf(codec, bytes) {
      const decoder = new KeyFrameDecoder();
      try {
        const { sourceWidthPx, sourceHeightPx } = await decoder.decode({ codec, bytes });
        return { widthPx: sourceWidthPx, heightPx: sourceHeightPx };
      } finally {
        await decoder.close();
      }
    },
    rules: {
      dir: more.dir ?? path.join(tmpdir(), `sentinel-packages-${randomUUID()}`),
      ...{ keptDays: 7, mostBytes: 1024 ** 3 },
    },
  });
}
