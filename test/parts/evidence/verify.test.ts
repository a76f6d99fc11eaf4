import { readFile, writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { runVerify } from '../../../src/verify.ts';
import { PackageBench } from '../../support/built-package.ts';
import { runProgram } from '../../support/program.ts';

let bench: PackageBench;
let parts: string[];
beforeAll(async () => {
  bench = await PackageBench.open(2);
  parts = await bench.build({ partBytes: 4_800_000 });
}, 120_000);
afterAll(() => bench.close());

async function verify(...args: string[]): Promise<{ status: number; out: string; err: string }> {
  const written = { out: '', err: '' };
  const into = (side: 'out' | 'err') => ({ write: (text: string) => (written[side] += text) });
  const status = await runVerify(args, { stdout: into('out'), stderr: into('err') }, { LANG: 'zh_CN.UTF-8' });
  return { status, ...written };
}

it('says in plain words what was proven and what was not, in both languages', async () => {
  const zh = await verify(...parts, '--key', bench.signer.key.id);
  expect(zh.err).toBe('');
  expect(zh.status).toBe(0);
  expect(zh.out).toContain('核验通过');
  expect(zh.out).toContain('码流到达服务器之前');
  expect(zh.out).not.toContain('未提供第');
  const en = await verify(parts[0]!, '--lang', 'en');
  expect(en.status).toBe(0);
  expect(en.out).toContain('Verified: nothing was found altered');
  expect(en.out).toContain('What was not proven');
  expect(en.out).toContain('you gave no fingerprint');
  expect(en.out).toContain(`Note: part ${parts.length === 2 ? '2' : '2, 3'} was not given`);
});

it('ends with 1 and the place where something is wrong', async () => {
  const bytes = await readFile(parts[0]!);
  const at = bytes.indexOf('%PDF') + 2_000;
  bytes[at]! ^= 4;
  await writeFile(`${parts[0]!}.damaged`, bytes);
  const { status, out } = await verify(`${parts[0]!}.damaged`, '--lang', 'en');
  expect(status).toBe(1);
  expect(out).toContain('✗ The file was altered (file statement.pdf');
  const asJson = await verify(`${parts[0]!}.damaged`, '--json');
  expect(JSON.parse(asJson.out)).toMatchObject({ ok: false, claims: { files: 'failed' } });
  const other = await verify(parts[0]!, '--key', '0'.repeat(64), '--lang', 'en');
  expect(other.status).toBe(1);
  expect(other.out).toContain('not the one you named');
});

it('refuses what it cannot understand', async () => {
  await expect(verify(parts[0]!, '--key', 'x')).rejects.toMatchObject({ code: 'config.usage' });
  await expect(verify(parts[0]!, '--lang', 'fr')).rejects.toMatchObject({ code: 'config.usage' });
  await expect(verify('/nonexistent.zip')).rejects.toMatchObject({ code: 'config.usage' });
  expect((await verify()).status).toBe(2);
});

it('is a verb that needs neither configuration nor database', async () => {
  const program = runProgram(['verify', parts[0]!, '--lang', 'en'], { SENTINEL_HTTP_PORT: 'nonsense' });
  expect((await program.ended()).code).toBe(0);
  expect(program.output()).toContain('Verified');
});
