import { defineConfig } from 'vitest/config';

// Pure rules run by themselves. Parts and browser each get a PostgreSQL for their whole run from the set-up.
const postgres = { globalSetup: ['test/support/postgres-setup.ts'] };

export default defineConfig({
  test: {
    testTimeout: 20_000,
    hookTimeout: 30_000,
    maxWorkers: 2,
    // Real sockets and databases take their time on a busy machine.
    expect: { poll: { timeout: 10_000 } },
    projects: [
      { extends: true, test: { name: 'unit', include: ['test/unit/**/*.test.ts'] } },
      {
        extends: true,
        test: {
          name: 'parts',
          include: ['test/parts/**/*.test.ts'],
          testTimeout: 30_000,
          hookTimeout: 60_000,
          ...postgres,
        },
      },
      {
        extends: true,
        test: {
          name: 'browser',
          include: ['test/browser/**/*.test.ts'],
          testTimeout: 30_000,
          hookTimeout: 60_000,
          globalSetup: [...postgres.globalSetup, 'test/support/ui-setup.ts'],
        },
      },
    ],
  },
});
