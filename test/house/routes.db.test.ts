import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type App, build, jobNames } from '../../src/app/build.ts'
import { readConfig } from '../../src/platform/config.ts'
import { prepareJobs } from '../../src/platform/jobs.ts'
import { createLogger } from '../../src/platform/log.ts'
import { createTestDatabase, type TestDatabase } from '../world/database.ts'
import { read } from './tree.ts'

interface Operation {
  summary?: string
  tags?: string[]
  responses?: Record<string, { content?: unknown }>
}

let db: TestDatabase
let app: App
let folder: string
let operations: [name: string, operation: Operation][]
beforeAll(async () => {
  db = await createTestDatabase()
  await prepareJobs(db.url, jobNames)
  folder = await mkdtemp(join(tmpdir(), 'parley-routes-'))
  const config = readConfig({ NODE_ENV: 'test', DATABASE_URL: db.url, PARLEY_DATA_DIR: folder })
  app = await build({ config, databaseUrl: db.url, log: createLogger({ level: 'ERROR' }) })
  await app.server.ready()
  const { paths } = app.server.swagger() as { paths: Record<string, Record<string, Operation>> }
  operations = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]): [string, Operation] => [`${method.toUpperCase()} ${path}`, operation]),
  )
})
afterAll(async () => {
  await app.stop()
  await db.drop()
  await rm(folder, { recursive: true, force: true })
})

describe('the description of the API', () => {
  test('gives every operation a summary and a place in the list', () => {
    expect(operations.length).toBeGreaterThan(20)
    const bare = operations.filter(([, { summary, tags }]) => !summary || !tags?.length)
    expect(bare.map(([name]) => name)).toEqual([])
  })
  test('says what every operation of the API answers, but for those that answer with a file', () => {
    const shaped = ({ responses = {} }: Operation) =>
      Object.entries(responses).some(([status, { content }]) => status === '204' || (status.startsWith('2') && content))
    const silent = operations.filter(([name, operation]) => name.includes(' /api/') && !shaped(operation))
    expect(silent.map(([name]) => name)).toEqual([
      'GET /api/reports/funnel/export',
      'GET /api/leads/export',
      'GET /api/media/{id}/content',
      'GET /api/widget/media',
    ])
  })
  test('has every operation that api.md names', () => {
    const named = [...read('docs/api.md').matchAll(/`(GET|POST|PATCH|PUT|DELETE) (\/api\/[^`?\s]*)/g)].map(
      ([, method, path]) => `${method} ${path?.replace(/:(\w+)/g, '{$1}')}`,
    )
    expect(named.length).toBeGreaterThan(5)
    const known = new Set(operations.map(([name]) => name))
    expect(named.filter((name) => !known.has(name))).toEqual([])
  })
})
