/** Signing in and out, one's own password, accounts and tokens. */
import type { Locator, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { describeInBrowser, until } from '../support/browser.ts';
import { addSampleUser } from '../support/sample-user.ts';
import { SAMPLE_PASSWORD, startSampleWeb, type SampleWeb } from '../support/web.ts';

const ADMIN = { name: 'admin', password: SAMPLE_PASSWORD };

describeInBrowser('people', (pages) => {
  let web: SampleWeb;
  let page: Page;
  const byTest = (name: string): Locator => page.locator(`[data-test="${name}"]`);

  beforeAll(async () => {
    web = await startSampleWeb({ candidates: 4 });
  });
  afterAll(() => web.close());

  async function signIn(name: string, password: string): Promise<void> {
    await page.locator('input[name="name"]').fill(name);
    await page.locator('input[name="password"]').fill(password);
    await byTest('sign-in').click();
  }

  it('sign in to the page they asked for, and out again', async () => {
    page = await pages.open({ url: web.url });
    await page.goto('/cameras?show=faulty');
    await page.waitForURL(/\/sign-in/);
    await signIn('admin', 'not the password at all');
    await page.getByRole('alert').filter({ hasText: '用户名或密码错误' }).waitFor();
    expect(await page.locator('input[name="password"]').inputValue()).toBe('');
    await signIn(ADMIN.name, ADMIN.password);
    await page.waitForURL(/\/cameras\?show=faulty/);
    await byTest('account').click();
    await byTest('sign-out').click();
    await page.waitForURL(/\/sign-in/);
    await page.goto('/review');
    await page.waitForURL(/\/sign-in/);
  });

  it('are not led to another site by a link', async () => {
    page = await pages.open({ url: web.url });
    for (const next of ['//evil.example/', '/\\evil.example', 'https://evil.example/', 'javascript:alert(1)']) {
      await page.goto(`/sign-in?next=${encodeURIComponent(next)}`);
      await signIn(ADMIN.name, ADMIN.password);
      await page.waitForURL(/\/review/);
      expect(new URL(page.url()).origin).toBe(web.url);
      await page.context().clearCookies();
    }
  });

  it('change their password', async () => {
    const operator = await addSampleUser(web.db, 'operator', '李四');
    page = await pages.open({ url: web.url, as: operator });
    await page.goto('/review');
    await byTest('account').click();
    await byTest('password').click();
    const field = (label: string): Locator => page.getByLabel(label, { exact: true });
    await field('当前密码').fill(operator.password);
    await field('新密码（至少 12 个字符）').fill('short');
    await page.getByText('密码至少需要 12 个字符').waitFor();
    await field('新密码（至少 12 个字符）').fill('a longer password');
    await field('再次输入新密码').fill('a longer passwort');
    await page.getByText('两次输入的密码不一致').waitFor();
    await field('再次输入新密码').fill('a longer password');
    await page.getByRole('dialog').getByRole('button', { name: '保存' }).click();
    await page.getByText('密码已修改').waitFor();
    const answer = await page.request.post('/api/v1/session', { data: { ...operator, password: 'a longer password' } });
    expect(answer.status()).toBe(200);
  });

  it('are added, given another role and shut out by an administrator', async () => {
    page = await pages.open({ url: web.url, as: ADMIN });
    await page.goto('/users');
    await byTest('add-user').click();
    await byTest('user-name').locator('input').or(byTest('user-name')).last().fill('wang.wu');
    await byTest('user-password').locator('input').or(byTest('user-password')).last().fill('password of wang');
    await byTest('save-user').click();
    const row = byTest('user').filter({ hasText: 'wang.wu' });
    await row.waitFor();
    await row.getByRole('button', { name: '停用' }).click();
    await byTest('confirm').click();
    await row.filter({ hasText: '已停用' }).waitFor();
    const user = await web.db
      .selectFrom('app_user')
      .selectAll()
      .where('name', '=', 'wang.wu')
      .executeTakeFirstOrThrow();
    expect(user).toMatchObject({ disabled: true, role: 'operator' });
  });

  it('of a unit are given its cameras, and see those alone', async () => {
    page = await pages.open({ url: web.url, as: ADMIN });
    await page.goto('/users');
    await page.getByText('还没有单位').waitFor();
    await byTest('add-unit').click();
    const dialog = page.getByRole('dialog');
    await byTest('unit-name').locator('input').or(byTest('unit-name')).last().fill('城管一队');
    await dialog.getByRole('combobox', { name: '以下位置开头的摄像机' }).fill('1号楼');
    await page.keyboard.press('Enter');
    // On to the next field, which folds the list away.
    await page.keyboard.press('Tab');
    await byTest('save-unit').click();
    await byTest('unit').filter({ hasText: '可见：1号楼' }).waitFor();

    const officer = await addSampleUser(web.db, 'enforcement', '周队');
    await page.reload();
    const row = byTest('user').filter({ hasText: '周队' });
    await row.getByText('未归属单位，不能查看证据').waitFor();
    await row.locator('[data-test="user-unit"]').click();
    await page.getByRole('option', { name: '城管一队' }).click();
    await byTest('unit').filter({ hasText: '1 人' }).waitFor();
    await until(async () => (await row.getByText('未归属单位').count()) === 0, 'the warning is gone');

    page = await pages.open({ url: web.url, as: officer });
    await page.goto('/cameras');
    await byTest('camera-row').first().waitFor();
    expect(await byTest('camera-row').count()).toBe(1);
    await byTest('camera-row').filter({ hasText: '1号楼 30层屋面' }).waitFor();
  });

  it('make a token that is shown once, and withdraw it', async () => {
    page = await pages.open({ url: web.url, as: ADMIN });
    await page.goto('/users');
    await byTest('token-name').locator('input').or(byTest('token-name')).last().fill('大屏');
    await byTest('make-token').click();
    await byTest('token-made').waitFor();
    const token = (await byTest('token-made').locator('.secret').textContent())?.trim() ?? '';
    const answer = await page.request.get('/api/v1/me', { headers: { authorization: `Bearer ${token}`, cookie: '' } });
    expect(answer.status()).toBe(200);
    await page.reload();
    await byTest('token').filter({ hasText: '大屏' }).waitFor();
    expect(await page.content()).not.toContain(token);
    await byTest('token').getByRole('button', { name: '删除' }).click();
    await byTest('confirm').click();
    await until(async () => (await byTest('token').count()) === 0, 'it is gone');
  });

  it('without the right to manage see their own tokens only', async () => {
    const viewer = await addSampleUser(web.db, 'viewer');
    page = await pages.open({ url: web.url, as: viewer });
    await page.goto('/users');
    await byTest('token-name').waitFor();
    expect(await byTest('add-user').count()).toBe(0);
    expect(await byTest('user').count()).toBe(0);
  });
});
