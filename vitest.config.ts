import { defineConfig } from 'vitest/config'

// Three kinds of test. rules: pure, beside the file. features: real Postgres, each file its own database from a migrated
// template (*.db.test.ts). journeys: the real server over HTTP with the simulators, and the console in Chromium.
export default defineConfig({
  test: {
    reporters: ['default'],
    projects: [
      {
        test: {
          name: 'rules',
          sequence: { groupOrder: 0 },
          include: ['{src,simulators,client,web,bin}/**/*.test.{ts,tsx}', 'test/{recorded,house,providers}/**/*.test.ts'],
          exclude: ['**/*.db.test.ts', 'node_modules'],
          // Thousands of made-up inputs, or a clock that stands: what takes long here is a busy machine.
          testTimeout: 20_000,
        },
      },
      {
        test: {
          name: 'features',
          sequence: { groupOrder: 1 },
          include: ['src/**/*.db.test.ts', 'test/attack/**/*.test.ts', 'test/house/**/*.db.test.ts'],
          globalSetup: ['test/world/postgres.setup.ts'],
          testTimeout: 30_000,
          hookTimeout: 60_000,
          maxWorkers: 2,
        },
      },
      {
        test: {
          name: 'journeys',
          sequence: { groupOrder: 2 },
          include: ['test/{journeys,walls}/**/*.test.ts'],
          globalSetup: ['test/world/postgres.setup.ts'],
          testTimeout: 180_000,
          hookTimeout: 120_000,
          maxWorkers: 1,
          fileParallelism: false,
        },
      },
    ],
  },
})
