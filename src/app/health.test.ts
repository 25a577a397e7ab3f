import { expect, test } from 'vitest'
import { checkHealth } from './health.ts'

const db = { pool: { query: async () => ({ rows: [] }) } } as never
const search = (lag: { seconds: number; filling: number; fillingSeconds: number }) => ({ lag: () => lag })

test('searching is named only while it is behind, and makes nothing unhealthy', async () => {
  const upToDate = await checkHealth({ db, search: search({ seconds: 2, filling: 1, fillingSeconds: 3 }) })
  expect(upToDate.checks).not.toHaveProperty('search')
  const behind = await checkHealth({ db, search: search({ seconds: 42.4, filling: 0, fillingSeconds: 0 }) })
  expect(behind).toMatchObject({ status: 'healthy', checks: { search: { status: 'ok', lag_seconds: 42, filling: 0 } } })
  const filling = await checkHealth({ db, search: search({ seconds: 0, filling: 3, fillingSeconds: 60 }) })
  expect(filling.checks.search).toEqual({ status: 'ok', lag_seconds: 0, filling: 3 })
})
