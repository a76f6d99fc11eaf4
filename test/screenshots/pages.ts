/**
 * Every page that is photographed: one line each. A page that needs something opened, or data of its own, says so in
 * `prepare`, which gets the page once it has loaded.
 */
import type { Page } from 'playwright-core';

export interface ShotPage {
  /** Names the pictures' files. */
  readonly name: string;
  readonly path: string;
  /** Nobody is signed in. */
  readonly isOpen?: boolean;
  readonly prepare?: (page: Page) => Promise<void>;
}

const click =
  (...names: string[]) =>
  async (page: Page): Promise<void> => {
    for (const name of names) {
      const button = page.locator(`[data-test="${name}"]`).first();
      if (await button.isVisible()) await button.click();
    }
  };
const press = (key: string) => (page: Page) => page.keyboard.press(key);

export const SHOT_PAGES: readonly ShotPage[] = [
  { name: 'sign-in', path: '/sign-in', isOpen: true },
  { name: 'review', path: '/review' },
  { name: 'review-by-place', path: '/review', prepare: click('order-place') },
  { name: 'review-decided', path: '/review', prepare: click('state-decided') },
  { name: 'review-filter', path: '/review', prepare: click('filter') },
  { name: 'review-reasons', path: '/review', prepare: press('2') },
  { name: 'review-help', path: '/review', prepare: press('?') },
  { name: 'evidence', path: '/evidence' },
  { name: 'evidence-views', path: '/evidence/views' },
  { name: 'evidence-packages', path: '/evidence/packages' },
  { name: 'evidence-custody', path: '/evidence/custody' },
  { name: 'patrol', path: '/patrol' },
  { name: 'cameras', path: '/cameras' },
  { name: 'view', path: '/cameras?view=4' },
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
  { name: 'wall', path: '/wall/1' },
  { name: 'lock', path: '/review', prepare: click('account', 'lock-now') },
];
