import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, expect, test } from 'vitest';
import type { Camera, Candidate, CandidateDetail, Look, View } from '../../../src/web/contract.ts';
import { runProgram, signIn, type Program } from '../../support/program.ts';
import { quickEstate } from '../../support/quick-estate.ts';

const PASSWORD = 'correct-horse-battery';
const programs: Program[] = [];
const dirs: string[] = [];
afterAll(async () => {
  for (const program of programs) program.kill('SIGTERM');
  await Promise.all(programs.map((program) => program.ended()));
  for (const dir of dirs) await rm(dir, { recursive: true, force: true });
}, 60_000);

async function freshDir(): Promise<string> {
  const dir = await mkdtemp(path.join(tmpdir(), 'sentinel-start-'));
  dirs.push(dir);
  return dir;
}

function start(dir: string, env: Record<string, string>): Program {
  const program = runProgram(['start'], { SENTINEL_VAR_DIR: path.join(dir, 'var'), SENTINEL_HTTP_PORT: '0', ...env });
  programs.push(program);
  return program;
}

async function addressOf(program: Program): Promise<string> {
  return (await program.printed(/^ {2}(http:\/\/\S+)$/m))[1] as string;
}

/** Whether nothing was looked at, nothing found, or something else found there. */
async function whatItSaw(
  api: Awaited<ReturnType<typeof signIn>>,
  views: readonly Pick<View, 'id'>[],
  program: Program,
  cause: unknown,
): Promise<Error> {
  const seen = await Promise.all(
    views.map(async ({ id }) => {
      const { items } = await api.get<{ items: Look[] }>(`/views/${id}/looks?limit=100`);
      const looks = items.map((look) => [look.capturedAt, look.result, look.reason, look.gateScore, look.maxScore]);
      return { id, looks, candidates: await api.get(`/candidates?viewId=${id}`) };
    }),
  );
  return new Error(`${JSON.stringify({ views, seen })}\n${program.output().slice(-4000)}`, { cause });
}

test(
  'one command watches a simulated estate, finds its structure, and goes on after kill -9',
  { timeout: 300_000 },
  async () => {
    const dir = await freshDir();
    const env = await quickEstate(dir);
    const first = start(dir, env);
    const api = await signIn(await addressOf(first), PASSWORD);

    // The structure comes onto the queue by itself, with its pictures and the main stream's own bytes.
    const open = () => api.get<{ items: Candidate[] }>('/candidates?state=open');
    await expect
      .poll(async () => (await open()).items.length, { timeout: 120_000, interval: 1000 })
      .toBeGreaterThan(0)
      .catch(async (thrown: unknown) => {
        const { items: views } = await api.get<{ items: View[] }>('/views');
        throw await whatItSaw(api, views, first, thrown);
      });
    const item = (await open()).items[0] as Candidate;
    expect(item.camera.name).toBe('1号楼屋顶');
    const detail = () => api.get<CandidateDetail>(`/candidates/${item.id}`);
    await expect
      .poll(async () => (await detail()).evidence[0]?.state, { timeout: 60_000, interval: 1000 })
      .toBe('kept');
    expect((await detail()).evidence[0]).toMatchObject({ stream: 'main', codec: 'h264' });
    for (const which of ['before', 'after', 'overlay']) {
      const picture = await api.ask('GET', `/candidates/${item.id}/pictures/${which}.jpg`);
      expect(picture.headers.get('content-type')).toBe('image/jpeg');
      expect((await picture.arrayBuffer()).byteLength).toBeGreaterThan(5_000);
    }
    const { items: cameras } = await api.get<{ items: Camera[] }>('/cameras');
    expect(cameras.map(({ health }) => health.state)).toEqual(['online', 'online']);
    const ahead = cameras.find(({ key }) => key === 'main-road')?.health.clockOffsetMs ?? 0;
    expect(Math.abs(ahead - 3000)).toBeLessThan(1500);

    expect((await api.ask('POST', `/candidates/${item.id}/claim`, {})).status).toBe(200);
    const verdict = { verdict: 'violation', reason: '现场属实', version: (await detail()).version };
    expect((await api.ask('POST', `/candidates/${item.id}/verdict`, verdict)).status).toBe(200);
    first.kill('SIGKILL');
    await first.ended();

    // The second start finds everything, asks for no new password, and raises the decided structure no second time.
    const second = start(dir, env);
    const again = await signIn(await addressOf(second), PASSWORD);
    expect(second.output()).not.toContain('password');
    const kept = await again.get<CandidateDetail>(`/candidates/${item.id}`);
    expect(kept).toMatchObject({ state: 'decided', verdict: { verdict: 'violation', reason: '现场属实' } });
    const seenBefore = kept.occurrences;
    await expect
      .poll(async () => (await again.get<CandidateDetail>(`/candidates/${item.id}`)).occurrences, {
        timeout: 120_000,
        interval: 1000,
      })
      .toBeGreaterThan(seenBefore + 2)
      .catch(async (thrown: unknown) => {
        throw await whatItSaw(again, [item.view], second, thrown);
      });
    const { items: all } = await again.get<{ items: Candidate[] }>(`/candidates?viewId=${item.view.id}`);
    expect(
      all.filter(({ box }) => Math.abs(box[0] - item.box[0]) < 0.05 && Math.abs(box[1] - item.box[1]) < 0.05),
    ).toHaveLength(1);
    const { items: views } = await again.get<{ items: View[] }>('/views');
    expect(views.every(({ state }) => state === 'watching')).toBe(true);

    // A second Sentinel over the same directory is refused before it touches anything.
    const third = start(dir, env);
    expect((await third.ended()).code).toBe(1);
    expect(third.output()).toMatch(/another Sentinel \(process \d+\) runs over it/);

    // What was sealed stands under heads that were published, by one key through both starts.
    const published = path.join(dir, 'var', 'heads');
    const lines = (
      await Promise.all(
        (await readdir(published))
          .filter((name) => name.endsWith('.jsonl'))
          .map((name) => readFile(path.join(published, name), 'utf8')),
      )
    )
      .join('')
      .trim()
      .split('\n');
    expect(new Set(lines.map((line) => JSON.parse(line).head.keyId)).size).toBe(1);
    expect(JSON.parse(lines.at(-1)!).head.size).toBeGreaterThan(4);
    const ready = (await (await fetch(`${await addressOf(second)}/readyz`)).json()) as {
      checks: { name: string; detail: string }[];
    };
    expect(ready.checks.find(({ name }) => name === 'evidence log')?.detail).toMatch(
      /^agrees with [1-9]\d* heads; signed by key/,
    );

    second.kill('SIGTERM');
    expect(await second.ended()).toEqual({ code: 0, signal: null });
    expect(second.output()).toContain('stopped');
    const secrets = [PASSWORD, 'demo-cameras', createHash('sha256').update(PASSWORD).digest('hex')];
    for (const secret of secrets) expect(first.output() + second.output()).not.toContain(secret);
  },
);

test(
  'a taken port, an unwritable directory, an unknown verb and a bad key are one clear line',
  { timeout: 180_000 },
  async () => {
    const dir = await freshDir();
    const taken = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => taken.once('listening', resolve));
    const port = String((taken.address() as AddressInfo).port);
    const env = await quickEstate(dir);
    const onTaken = start(dir, { ...env, SENTINEL_HTTP_PORT: port });
    expect((await onTaken.ended()).code).toBe(1);
    expect(onTaken.output()).toContain(`Port ${port} on 127.0.0.1 is already in use; set SENTINEL_HTTP_PORT`);
    taken.close();

    const unwritable = start(dir, { ...env, SENTINEL_VAR_DIR: '/etc/hostname/var' });
    expect((await unwritable.ended()).code).toBe(1);
    expect(unwritable.output()).toMatch(/The data directory \/etc\/hostname\/var cannot be written/);

    const unknown = runProgram(['watch'], {});
    expect((await unknown.ended()).code).toBe(2);
    expect(unknown.output()).toMatch(/There is no verb "watch"/);

    const badKey = runProgram(['start'], { SENTINEL_HTTP_PROT: '1' });
    expect((await badKey.ended()).code).toBe(1);
    expect(badKey.output()).toMatch(/SENTINEL_HTTP_PROT[\s\S]*SENTINEL_HTTP_PORT/);
    expect(badKey.output()).not.toMatch(/\n\s+at /);
  },
);
