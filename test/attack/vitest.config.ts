import { defineConfig } from 'vitest/config'

// Attacks on the core: `npx vitest run --config test/attack/vitest.config.ts`.
export default defineConfig({
  test: {
    root: new URL('../..', import.meta.url).pathname,
    include: ['test/attack/**/*.test.ts'],
    globalSetup: ['test/world/postgres.setup.ts'],
    testTimeout: 30_000,
    hookTimeout: 60_000,
    maxWorkers: 1,
    fileParallelism: false,
  },
})
