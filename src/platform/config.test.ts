import { expect, test } from 'vitest'
import { ConfigError, readConfig } from './config.ts'

const problemsOf = (environment: Record<string, string>): readonly string[] => {
  try {
    readConfig(environment)
  } catch (error) {
    if (error instanceof ConfigError) return error.problems
    throw error
  }
  return []
}

test('with nothing set everything has a default', () => {
  expect(readConfig({})).toMatchObject({
    NODE_ENV: 'development',
    PORT: 3000,
    HOST: '127.0.0.1',
    LOG_LEVEL: 'INFO',
    TRUST_PROXY: false,
  })
  expect(readConfig({}).PARLEY_DATA_DIR).toMatch(/\.parley$/)
})

test('an empty variable counts as not set; the log level is taken in any case', () => {
  expect(readConfig({ PORT: ' ', DATABASE_URL: '', LOG_LEVEL: 'warn' })).toMatchObject({
    PORT: 3000,
    DATABASE_URL: undefined,
    LOG_LEVEL: 'WARN',
  })
})

test('all wrong values are named at once, each with what it should be', () => {
  const problems = problemsOf({
    PORT: 'many',
    HOST: '127.0.0.1',
    DATABASE_URL: 'mysql://x',
    PUBLIC_URL: 'parley.example',
    LOG_LEVEL: 'loud',
    PARLEY_SECRET_KEY: 'short',
    PARLEY_DEMOO: 'true',
  })
  expect(problems.map((problem) => problem.split(':')[0]).sort()).toEqual([
    'DATABASE_URL',
    'LOG_LEVEL',
    'PARLEY_DEMOO',
    'PARLEY_SECRET_KEY',
    'PORT',
    'PUBLIC_URL',
  ])
  expect(problems.join('\n')).not.toContain('short\n')
})

test('production refuses to make the schema like the code, elsewhere that is taken', () => {
  const production = { NODE_ENV: 'production', PARLEY_SECRET_KEY: 'x'.repeat(32) }
  expect(problemsOf({ ...production, DB_SYNCHRONIZE: 'true' })).toEqual([
    expect.stringMatching(/^DB_SYNCHRONIZE: must not be true in production/),
  ])
  expect(problemsOf({ ...production, DB_SYNCHRONIZE: 'false' })).toEqual([])
  expect(problemsOf({ DB_SYNCHRONIZE: 'true' })).toEqual([])
})

test('production needs a secret key and refuses the demo', () => {
  expect(problemsOf({ NODE_ENV: 'production', PARLEY_DEMO: 'true' })).toHaveLength(2)
  expect(problemsOf({ NODE_ENV: 'production', PARLEY_SECRET_KEY: 'x'.repeat(32) })).toEqual([])
})
