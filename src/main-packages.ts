/** The part that makes evidence packages. */
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { KeyFrameDecoder } from './drivers/codec/codec.ts';
import { PackageDesk, type HeadSigner } from './evidence/evidence.ts';
import type { standOnAll } from './main-ground.ts';

const VERIFIER_PAGE = fileURLToPath(new URL('../dist/verifier/index.html', import.meta.url));
const BYTES_A_MIB = 1024 * 1024;

/** @param signer null where this process signs nothing: it then takes orders, and one that signs makes them */
export async function startPackages(
  all: Awaited<ReturnType<typeof standOnAll>>,
  signer: HeadSigner | null,
): Promise<PackageDesk> {
  const { config, db, blobs, clock, log, life, snapshots } = all;
  const { dir, keptDays, mostMib } = config.packages;
  return life.start(
    'evidence packages',
    () => {
      const desk = new PackageDesk({
        ...{ db, blobs, clock, log, software: snapshots.software, sm3: snapshots.sm3 },
        rules: { dir, keptDays, mostBytes: mostMib * BYTES_A_MIB },
        async signHead() {
          if (!signer) throw new Error('this process does not sign');
          const { signed } = await signer.current();
          return { signed, key: signer.key };
        },
        verifierPage: () => readFile(VERIFIER_PAGE),
        async sizeOf(codec, bytes) {
          const decoder = new KeyFrameDecoder();
          try {
            const { sourceWidthPx, sourceHeightPx } = await decoder.decode({ codec, bytes });
            return { widthPx: sourceWidthPx, heightPx: sourceHeightPx };
          } finally {
            await decoder.close();
          }
        },
      });
      if (signer) desk.start();
      return desk;
    },
    (desk) => desk.close(),
  );
}
