import { defineConfig } from 'vitest/config'
import { LongestFirst } from './test/world/longest-first.ts'

// Three kinds of test. rules: pure, beside the file. features: real Postgres, each file its own database from a migrated
// template (*.db.test.ts). journeys: the real server over HTTP with the simulators, and the console in Chromium.

/** Journeys that kill servers, count what they do in a time, or share a broker: one after the other, with nothing beside them. */
const alone = ['calls-crash', 'crash', 'limits', 'rabbitmq', 'redis', 'redis-processes', 'roles'].map(
  (name) => `test/journeys/${name}.test.ts`,
)
export default defineConfig({
  test: {
    reporters: ['default'],
    sequence: { sequencer: LongestFirst },
    projects: [
      {
        test: {
          name: 'rules',
          sequence: { groupOrder: 0 },
          include: ['{src,simulators,client,web,bin}/**/*.test.{ts,tsx}', 'test/{recorded,house,providers}/**/*.test.ts'],
          exclude: ['**/*.db.test.ts', 'node_modules'],
          // Pure files share one copy of what they import: reading it anew for each was three quarters of the processor time.
          isolate: false,
          // Thousands of made-up inputs, or a clock that stands: what takes long here is a busy machine.
          testTimeout: 20_000,
        },
      },
      {
        test: {
          name: 'features',
          sequence: { groupOrder: 1 },
          include: ['src/**/*.db.test.ts', 'test/attack/**/*.test.ts', 'test/house/**/*.db.test.ts'],
          // Each has a database of its own; what they import holds no state.
          isolate: false,
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
          exclude: alone,
          isolate: false,
          globalSetup: ['test/world/postgres.setup.ts'],
          testTimeout: 180_000,
          hookTimeout: 120_000,
          expect: { poll: { timeout: 15_000 } },
          // What they mostly do is wait for each other's pages and timers.
          maxWorkers: 2,
        },
      },
      {
        test: {
          name: 'alone',
          sequence: { groupOrder: 3 },
          include: alone,
          isolate: false,
          globalSetup: ['test/world/postgres.setup.ts'],
          testTimeout: 180_000,
          hookTimeout: 120_000,
          expect: { poll: { timeout: 15_000 } },
          maxWorkers: 1,
          fileParallelism: false,
        },
      },
    ],
  },
})
