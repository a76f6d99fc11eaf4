import { readdir, readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { LIMITS } from '../../../src/base/limits.ts';
import { silentLogger } from '../../../src/base/log.ts';
import { entriesAbout } from '../../../src/evidence/log.ts';
import { PackageDesk, type PackageDeskParts, type PackageOrder } from '../../../src/evidence/package-desk.ts';
import { checkFile } from '../../../src/evidence/package-file.ts';
import type { Visit } from '../../../src/evidence/custody.ts';
import { PackageBench } from '../../support/built-package.ts';
import { OFFICER } from '../../support/evidence.ts';

const ORDER: PackageOrder = { recipient: null, contents: 'all', marks: [], partBytes: LIMITS.packagePartBytesDefault };
const DAY_MS = 86_400_000;

let bench: PackageBench;
let desk: PackageDesk;
let visit: Visit;
let userId: number;
let otherId: number;

beforeAll(async () => {
  bench = await PackageBench.open(3);
  const people = await bench.database.db
    .insertInto('app_user')
    .values(['zhao', 'sun'].map((name) => ({ name, password_hash: '', role: 'enforcement' as const })))
    .returning('id')
    .execute();
  [userId, otherId] = people.map(({ id }) => id) as [number, number];
  visit = { person: { ...OFFICER, userId }, reason: '现场核查', purpose: '立案', from: '127.0.0.1' };
  desk = openDesk();
}, 120_000);
afterEach(() => bench.database.db.deleteFrom('evidence_package').execute());
afterAll(() => bench.close());

function openDesk(change: Partial<PackageDeskParts> = {}): PackageDesk {
  const rules = { dir: path.join(bench.dir, 'packages'), keptDays: 7, mostBytes: 1024 ** 3 };
  return new PackageDesk({ ...bench.parts, log: silentLogger, rules, ...change });
}

const dirOf = (id: string): string => path.join(bench.dir, 'packages', id);

it('makes what was ordered, tells how far it is, and hands out a package that verifies', async () => {
  const ids = bench.sealed.slice(0, 2).map(({ record }) => record.id);
  // The record that brought the stream comes along by itself.
  const id = await desk.order(visit, { snapshotIds: [ids[0]!] }, undefined, { ...ORDER, recipient: '综合执法局' });
  expect(await desk.read(id, userId)).toMatchObject({ state: 'waiting', snapshotCount: 2, createdBy: userId });
  const steps = new Set<string>();
  const working = desk.work();
  const watching = (async () => {
    for (;;) {
      const job = await desk.read(id, userId);
      if (job.state !== 'waiting' && job.state !== 'working') return;
      steps.add(job.step);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  })();
  await Promise.all([working, watching]);
  expect(steps.size).toBeGreaterThan(1);

  const job = await desk.read(id, userId);
  expect(job).toMatchObject({ state: 'ready', progress: 1, attempts: 1, problem: null });
  const [part] = job.parts;
  const dir = await desk.fetch(visit, id, userId, part!.name);
  const file = path.join(dir, part!.name);
  expect((await stat(file)).size).toBe(part!.bytes);
  const report = await checkFile(file, { keyId: bench.signer.key.id });
  expect(report.ok).toBe(true);
  expect(report.facts.snapshots.map((record) => record.id)).toEqual(ids);
  expect(report.facts.packageEntry).toBe(job.entry);
  expect(await readdir(dir)).toEqual([part!.name]);

  // Made, and fetched once however often the download goes on: both stand in the log about each snapshot.
  await desk.fetch(visit, id, userId, part!.name);
  const about = await entriesAbout(bench.database.db, `snapshot:${ids[0]!}`, { afterSeq: -1, most: 100 });
  const ofThis = about.filter(({ body }) => body.includes(id));
  expect(ofThis.map(({ kind }) => kind)).toEqual(['package.made', 'package.fetched']);
  expect(JSON.parse(ofThis[1]!.body)).toMatchObject({
    ...{ result: 'handed_out', recipient: '综合执法局', from: '127.0.0.1' },
    package: { id, part: 1, parts: 1, bytes: part!.bytes },
  });
});

it('takes snapshots by item, camera and time, and only of cameras that one may see', async () => {
  const { db } = bench.database;
  const choose = async (choice: Parameters<PackageDesk['order']>[1], cameras?: number[]): Promise<string[]> => {
    const id = await desk.order(visit, choice, cameras, ORDER);
    const { wish } = await desk.read(id, userId);
    await desk.remove(id, userId);
    return [...wish.snapshotIds];
  };
  const ids = bench.sealed.map(({ record }) => record.id);
  expect(await choose({ candidateIds: [1, 3] })).toEqual([ids[0], ids[1], ids[4], ids[5]]);
  expect(await choose({ cameraIds: [bench.sealed[2]!.record.camera.id] })).toEqual([ids[2], ids[3]]);
  expect(await choose({ viewIds: [bench.sealed[2]!.record.view.id] })).toEqual([ids[2], ids[3]]);
  const span = { sinceMs: Date.parse(bench.sealed[2]!.record.sealedAt), untilMs: bench.clock.nowMs() + 3_600_000 };
  expect(await choose(span)).toEqual(ids.slice(2));
  expect(await choose(span, [bench.sealed[4]!.record.camera.id])).toEqual(ids.slice(4));
  expect(await choose({ candidateIds: [1, 2, 3], untilMs: span.sinceMs })).toEqual(ids.slice(0, 2));
  await expect(choose({})).rejects.toMatchObject({ code: 'package.empty' });
  await expect(choose({ candidateIds: [1] }, [999])).rejects.toMatchObject({ code: 'package.empty' });
  await db.deleteFrom('evidence_package').execute();
});

it('keeps a person’s packages from others', async () => {
  const id = await desk.order(visit, { candidateIds: [1] }, undefined, ORDER);
  await expect(desk.read(id, otherId)).rejects.toMatchObject({ code: 'web.missing' });
  await expect(desk.fetch(visit, id, otherId, 'x.zip')).rejects.toMatchObject({ code: 'web.missing' });
  await expect(desk.remove(id, otherId)).rejects.toMatchObject({ code: 'web.missing' });
  await expect(desk.fetch(visit, id, userId, 'x.zip')).rejects.toMatchObject({ code: 'package.not_ready' });
  expect(await desk.list(otherId, undefined, 10)).toEqual([]);
  expect((await desk.list(userId, undefined, 10)).map((job) => job.id)).toEqual([id]);
  expect((await desk.list(undefined, undefined, 10)).map((job) => job.id)).toEqual([id]);
});

it('bounds what one may order', async () => {
  const small = openDesk({ rules: { dir: bench.dir, keptDays: 1, mostBytes: 1_000 } });
  await expect(small.order(visit, { candidateIds: [1] }, undefined, ORDER)).rejects.toMatchObject({
    code: 'package.too_large',
  });
  for (let n = 0; n < LIMITS.packagesPerUser; n++) await desk.order(visit, { candidateIds: [1] }, undefined, ORDER);
  await expect(desk.order(visit, { candidateIds: [1] }, undefined, ORDER)).rejects.toMatchObject({
    code: 'package.too_many_waiting',
  });
});

it('lists newest first, page by page', async () => {
  const ids: string[] = [];
  for (let n = 0; n < 3; n++) {
    ids.unshift(await desk.order(visit, { candidateIds: [1] }, undefined, ORDER));
    await bench.clock.advance(1_000);
  }
  const first = await desk.list(userId, undefined, 2);
  expect(first.map((job) => job.id)).toEqual(ids.slice(0, 2));
  expect((await desk.list(userId, first[1]!.id, 2)).map((job) => job.id)).toEqual(ids.slice(2));
});

it('tries again what fails for a while, gives up in the end, and leaves nothing lying about', async () => {
  let failing = true;
  const shaky = openDesk({
    verifierPage: () => (failing ? Promise.reject(new Error('no page')) : readFile('package.json')),
  });
  const id = await shaky.order(visit, { candidateIds: [1] }, undefined, ORDER);
  await shaky.work();
  expect(await shaky.read(id, userId)).toMatchObject({ state: 'waiting', attempts: 1 });
  await expect(stat(dirOf(id))).rejects.toThrow();
  failing = false;
  await shaky.work();
  expect(await shaky.read(id, userId)).toMatchObject({ attempts: 1 });
  await bench.clock.advance(20_000);
  await shaky.work();
  expect(await shaky.read(id, userId)).toMatchObject({ state: 'ready', attempts: 2 });

  failing = true;
  const lost = await shaky.order(visit, { candidateIds: [1] }, undefined, ORDER);
  for (let n = 0; n < LIMITS.packageAttempts; n++) {
    await shaky.work();
    await bench.clock.advance(20_000);
  }
  expect(await shaky.read(lost, userId)).toMatchObject({ state: 'failed', problem: 'web.internal' });
});

it('takes over a package whose maker died, but not for ever', async () => {
  const { db } = bench.database;
  const id = await desk.order(visit, { candidateIds: [1] }, undefined, ORDER);
  const died = (attempts: number) =>
    db
      .updateTable('evidence_package')
      .set({ state: 'working', attempts, not_before: new Date(bench.clock.nowMs() + 60_000) })
      .where('id', '=', id)
      .execute();
  await died(1);
  await desk.work();
  expect(await desk.read(id, userId)).toMatchObject({ state: 'working', attempts: 1 });
  await bench.clock.advance(61_000);
  await desk.work();
  expect(await desk.read(id, userId)).toMatchObject({ state: 'ready', attempts: 2 });
  await died(LIMITS.packageAttempts);
  await bench.clock.advance(61_000);
  await desk.work();
  expect(await desk.read(id, userId)).toMatchObject({ state: 'failed', problem: 'package.interrupted' });
});

it('stops making what nobody wants any more', async () => {
  const id = await desk.order(visit, { candidateIds: [1, 2, 3] }, undefined, ORDER);
  const stopping = openDesk({
    signHead: async () => {
      await desk.remove(id, userId);
      await bench.clock.advance(1_000);
      return bench.signer.signHead();
    },
  });
  await stopping.work();
  expect(await desk.read(id, userId)).toMatchObject({ state: 'removed' });
  await expect(stat(dirOf(id))).rejects.toThrow();
});

it('removes packages whose time is over', async () => {
  const id = await desk.order(visit, { candidateIds: [1] }, undefined, ORDER);
  await desk.work();
  await desk.prune();
  expect(await desk.read(id, userId)).toMatchObject({ state: 'ready' });
  await bench.clock.advance(7 * DAY_MS + 1_000);
  await desk.prune();
  expect(await desk.read(id, userId)).toMatchObject({ state: 'removed' });
  await expect(stat(dirOf(id))).rejects.toThrow();
});
