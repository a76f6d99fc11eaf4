import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/{unit,parts,browser}/**/*.test.ts'],
    globalSetup: ['test/support/postgres-setup.ts'],
    testTimeout: 30_000,
    hookTimeout: 60_000,
    maxWorkers: 2,
  },
});
