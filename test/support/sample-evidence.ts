/** Evidence of the sample estate, for looking at its pages: sealed snapshots, one of a street with people, and a package. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { systemClock } from '../../src/base/clock.ts';
import type { Db } from '../../src/drivers/postgres/postgres.ts';
import { OFFICER, sealSample, TestSigner } from './evidence.ts';
import { packageDesk } from './package-desk.ts';
import type { MemoryPictures } from './sample-estate.ts';
import { sealSample as sealPictures } from './sample-snapshot.ts';

const STREET = path.join(import.meta.dirname, '../parts/comparison/pictures/street.jpg');
const HOUR_MS = 3_600_000;

/**
 * The sample estate must be there, with an account.
 * @param matters how many items, each sealed as two records; four cameras have them, from the second on
 */
export async function fillEvidence(db: Db, pictures: MemoryPictures, matters: number): Promise<void> {
  const nowMs = systemClock.nowMs();
  const signer = new TestSigner(db, () => systemClock.nowMs());
  await signer.accept();
  const sealed: string[] = [];
  for (let n = 0; n < matters; n++) {
    const sealedAtMs = nowMs - (matters - n) * HOUR_MS;
    const records = await sealSample(db, pictures, { sealedAtMs, variant: 1 + (n % 4), candidateId: n + 1 });
    sealed.push(...records.map(({ record }) => record.id));
  }
  const street = pictures.put(await readFile(STREET));
  await sealPictures(db, {
    ...{ viewId: 4, sealedAt: new Date(nowMs), cause: 'pulled', reason: '消防车道占用复查' },
    pictures: [{ role: 'still', sha256: street }],
  });
  const dir = await mkdtemp(path.join(tmpdir(), 'sentinel-packages-'));
  const desk = packageDesk(db, pictures, systemClock, { signer, dir });
  const { id: userId } = await db.selectFrom('app_user').select('id').orderBy('id').executeTakeFirstOrThrow();
  const visit = { person: { ...OFFICER, userId }, reason: '核查 1 号楼屋顶搭建举报', purpose: '立案', from: null };
  const more = { contents: 'all', marks: [], partBytes: 1024 ** 3 } as const;
  await desk.order(visit, { snapshotIds: sealed.slice(0, 4) }, undefined, { recipient: '崇川区综合执法局', ...more });
  await desk.work();
  await desk.order(visit, { snapshotIds: sealed.slice(0, 2) }, undefined, { recipient: null, ...more });
  await desk.close();
  await rm(dir, { recursive: true });
}
