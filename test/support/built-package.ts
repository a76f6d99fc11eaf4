/** Evidence packages made for tests, of a real log in PostgreSQL. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { KeyFrameDecoder } from '../../src/drivers/codec/codec.ts';
import { PackageBuild, type PackageBuildParts, type PackageWish } from '../../src/evidence/package-build.ts';
import { ManualClock } from './clock.ts';
import { OFFICER, sealSample, TestBlobs, TestSigner, type SealedSample } from './evidence.ts';
import { freshDatabase, type FreshDatabase } from './postgres.ts';

export class PackageBench {
  readonly blobs = new TestBlobs();
  readonly clock = new ManualClock();
  readonly sealed: SealedSample[] = [];
  readonly database: FreshDatabase;
  readonly dir: string;
  readonly signer: TestSigner;
  readonly #decoder = new KeyFrameDecoder();

  private constructor(database: FreshDatabase, dir: string) {
    this.database = database;
    this.dir = dir;
    this.signer = new TestSigner(database.db, () => this.clock.nowMs());
  }

  /**
   * @param matters raised items, each sealed as two records
   * @param sm3 makes the SM3 digests they bear; absent: they bear none
   */
  static async open(matters: number, sm3?: (bytes: Buffer) => string): Promise<PackageBench> {
    const dir = await mkdtemp(path.join(tmpdir(), 'sentinel-package-'));
    const bench = new PackageBench(await freshDatabase(), dir);
    await bench.signer.accept();
    for (let n = 0; n < matters; n++) {
      const sealedAtMs = bench.clock.nowMs() + n * 60_000;
      bench.sealed.push(
        ...(await sealSample(bench.database.db, bench.blobs, { sealedAtMs, variant: n + 1, candidateId: n + 1, sm3 })),
      );
    }
    return bench;
  }

  get parts(): PackageBuildParts {
    return {
      ...{ db: this.database.db, blobs: this.blobs, clock: this.clock, signHead: this.signer.signHead },
      software: { name: 'sentinel', version: '0.1.0' },
      verifierPage: async () => Buffer.from('<!doctype html><title>verifier</title>'),
      sizeOf: async (codec, bytes) => {
        const { sourceWidthPx, sourceHeightPx } = await this.#decoder.decode({ codec, bytes });
        return { widthPx: sourceWidthPx, heightPx: sourceHeightPx };
      },
    };
  }

  wish(change: Partial<PackageWish> = {}): PackageWish {
    return {
      packageId: '0f7f3a52-1111-4222-8333-444455556666',
      snapshotIds: this.sealed.map(({ record }) => record.id),
      ...{ by: OFFICER, reason: '现场核查', purpose: '立案', recipient: null, contents: 'all', marks: [] },
      partBytes: 1024 ** 3,
      ...change,
    };
  }

  /** @returns the files of its parts */
  async build(change: Partial<PackageWish> = {}, parts: Partial<PackageBuildParts> = {}): Promise<string[]> {
    const own = await mkdtemp(path.join(this.dir, 'built-'));
    const signal = new AbortController().signal;
    const build = new PackageBuild({ ...this.parts, ...parts }, this.wish(change), own, () => {}, signal);
    return (await build.run()).parts.map(({ name }) => path.join(own, name));
  }

  async close(): Promise<void> {
    await this.#decoder.close();
    await this.database.close();
    await rm(this.dir, { recursive: true, force: true });
  }
}
