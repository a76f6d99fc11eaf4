/**
 * Every page that is photographed: one line each. A page that needs something opened says so in `prepare`, which gets the
 * page once it has loaded. A page as it opens is photographed with no, little and much data; one with something opened in
 * it with little alone, unless it says otherwise.
 */
import type { Page } from 'playwright-core';

export type DataName = 'none' | 'little' | 'much';

export interface ShotPage {
  /** Names the pictures' files. */
  readonly name: string;
  readonly path: string;
  /** Nobody is signed in. */
  readonly isOpen?: boolean;
  /** Who is signed in has never been asked for anything; otherwise it is the administrator. */
  readonly isNewcomer?: boolean;
  readonly prepare?: (page: Page) => Promise<void>;
  readonly data?: readonly DataName[];
  /** At 3840x2160 too: what hangs on a wall, or is read all day on a large screen. */
  readonly isLarge?: boolean;
}

const ALL: readonly DataName[] = ['none', 'little', 'much'];
const SOME: readonly DataName[] = ['little', 'much'];

/** Clicks what is there of these, one after another. */
const click =
  (...names: string[]) =>
  async (page: Page): Promise<void> => {
    for (const name of names) {
      const button = page.locator(`[data-test="${name}"]`).first();
      if (await button.isVisible()) await button.click();
    }
  };
/** Waits a while for each: what there are no data for does not come. */
const CLICK_WITHIN_MS = 1_500;
const clickInTurn =
  (...selectors: string[]) =>
  async (page: Page): Promise<void> => {
    for (const selector of selectors) {
      const found = page.locator(selector).first();
      const isThere = await found.waitFor({ timeout: CLICK_WITHIN_MS }).then(
        () => true,
        () => false,
      );
      if (isThere) await found.click();
    }
  };

/** Behind the question why one looks at evidence: it is answered once, and then not asked for hours. */
const answered =
  (...then: string[]) =>
  async (page: Page): Promise<void> => {
    const question = page.locator('[data-test="access"]');
    await question.or(page.locator('[data-test="why"]')).first().waitFor();
    if (await question.isVisible()) {
      await page.locator('[data-test="reason"]').fill('核查 1 号楼屋顶搭建举报');
      await page.locator('[data-test="purpose"]').fill('立案');
      await page.locator('[data-test="enter"]').click();
      await page.locator('[data-test="why"]').waitFor();
    }
    await page.waitForLoadState('networkidle', { timeout: 2_000 }).catch(() => undefined);
    await clickInTurn(...then)(page);
    await page.waitForLoadState('networkidle', { timeout: 2_000 }).catch(() => undefined);
  };
const press = (key: string) => (page: Page) => page.keyboard.press(key);

/** Down to what lies below the first screenful. */
const scrolledTo = (name: string) => async (page: Page) => {
  await page.locator(`[data-test="${name}"]`).last().scrollIntoViewIfNeeded({ timeout: 3_000 });
};

const both =
  (...steps: ((page: Page) => Promise<void>)[]) =>
  async (page: Page): Promise<void> => {
    for (const step of steps) await step(page);
  };

/** Puts the pointer on a part of the page and looks at it closer. */
const openDome = async (page: Page): Promise<void> => {
  await page.locator('[data-test="dome-panel"] button').click();
  await page.locator('[data-test="closer-look"] [data-test="stage"]').waitFor({ timeout: 5_000 });
};
const openTile = async (page: Page): Promise<void> => {
  await page.locator('[data-test^="tile-"] .open').first().click();
  const stage = page.locator('[data-test="zoom-stage"]');
  await stage.waitFor({ timeout: 5_000 });
  await stage.press('+');
};

export const SHOT_PAGES: readonly ShotPage[] = [
  { name: 'sign-in', path: '/sign-in', isOpen: true, data: ['none'] },
  { name: 'review', path: '/review', isLarge: true },
  { name: 'review-by-place', path: '/review', prepare: click('order-place'), data: SOME },
  { name: 'review-decided', path: '/review', prepare: click('state-decided') },
  { name: 'review-filter', path: '/review', prepare: click('filter') },
  { name: 'review-reasons', path: '/review', prepare: press('2') },
  { name: 'review-help', path: '/review', prepare: press('?') },
  { name: 'evidence-question', path: '/evidence', isNewcomer: true, data: ['little'] },
  { name: 'evidence', path: '/evidence', prepare: answered(), data: ALL },
  { name: 'evidence-snapshot', path: '/evidence', prepare: answered('[data-test="snapshot"] .open') },
  { name: 'evidence-pull', path: '/evidence', prepare: answered('[data-test="pull"]') },
  { name: 'evidence-views', path: '/evidence/views/2', prepare: answered() },
  { name: 'evidence-packages', path: '/evidence/packages', prepare: answered(), data: ALL },
  {
    name: 'evidence-builder',
    path: '/evidence',
    prepare: answered('[data-test="choose"]', '[data-test="pack"]'),
  },
  {
    name: 'evidence-marks',
    path: '/evidence',
    prepare: answered(
      ...['[data-test="choose"]', '[data-test="pack"]', '[data-test="mark"]', '[data-test="mark-propose"]'],
      '[data-test="mark-said"]',
    ),
  },
  { name: 'evidence-custody', path: '/evidence/custody', prepare: answered(), data: ALL },
  { name: 'patrol', path: '/patrol' },
  { name: 'patrol-presets', path: '/patrol', prepare: scrolledTo('preset'), data: SOME },
  { name: 'patrol-manage', path: '/patrol', prepare: both(click('presets-manage'), scrolledTo('preset')) },
  { name: 'patrol-routes', path: '/patrol?tab=routes', data: SOME },
  { name: 'patrol-test', path: '/patrol?tab=routes', prepare: click('test-last') },
  { name: 'patrol-import', path: '/patrol?tab=routes', prepare: click('route-import') },
  { name: 'patrol-draw', path: '/patrol?tab=routes&edit=new', prepare: click('add-all'), data: SOME },
  {
    name: 'patrol-overlap',
    path: '/patrol?tab=routes&edit=new',
    prepare: both(click('add-all', 'quick-day'), scrolledTo('problem')),
  },
  { name: 'patrol-edit', path: '/patrol?tab=routes&edit=1', data: SOME },
  { name: 'patrol-week', path: '/patrol?tab=routes&edit=1', prepare: scrolledTo('week') },
  { name: 'patrol-coverage', path: '/patrol?tab=coverage', data: SOME },
  { name: 'patrol-blind', path: '/patrol?tab=coverage', prepare: scrolledTo('blind'), data: SOME },
  { name: 'patrol-tasks', path: '/patrol?tab=tasks', data: SOME },
  { name: 'patrol-tasks-closed', path: '/patrol?tab=tasks', prepare: click('tasks-closed') },
  { name: 'patrol-log', path: '/patrol?tab=log', data: SOME },
  {
    name: 'patrol-held',
    path: '/patrol',
    prepare: async (page) => {
      await page.locator('[data-test="dome"]').nth(1).click();
    },
  },
  { name: 'cameras', path: '/cameras' },
  { name: 'view', path: '/cameras?view=4', data: SOME },
  {
    name: 'cameras-chosen',
    path: '/cameras',
    prepare: click('choose-all', 'bulk-open', 'bulk-set-cadence', 'bulk-set-rule'),
  },
  { name: 'plan', path: '/plan' },
  { name: 'plan-camera', path: '/plan', prepare: click('plan-open') },
  { name: 'plan-edit', path: '/plan?edit=1', prepare: click('plan-sign') },
  { name: 'estate', path: '/estate' },
  { name: 'health', path: '/health' },
  { name: 'audit', path: '/audit' },
  { name: 'users', path: '/users' },
  { name: 'screens', path: '/screens' },
  { name: 'screens-assign', path: '/screens', prepare: click('assign-2') },
  { name: 'wall', path: '/wall/1', isLarge: true },
  { name: 'wall-plan', path: '/wall/2', isLarge: true, data: SOME },
  { name: 'wall-dome', path: '/wall/3', isLarge: true, data: SOME },
  { name: 'wall-figures', path: '/wall/4', isLarge: true, data: SOME },
  { name: 'wall-alert', path: '/wall/5', isLarge: true, data: SOME },
  { name: 'wall-all', path: '/wall/6', isLarge: true, data: ['much'] },
  { name: 'wall-look', path: '/wall/1', isLarge: true, prepare: openTile },
  { name: 'wall-dome-look', path: '/wall/3', isLarge: true, prepare: openDome },
  { name: 'lock', path: '/review', prepare: click('account', 'lock-now') },
];

/** Whether a page is photographed with so much data. */
export function isShownWith({ data, prepare }: ShotPage, name: DataName): boolean {
  return (data ?? (prepare ? ['little'] : ALL)).includes(name);
}
