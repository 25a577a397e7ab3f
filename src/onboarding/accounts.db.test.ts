import { afterAll, beforeAll, expect, test } from 'vitest'
import { digits, makeTenant } from '../../test/world/arrange.ts'
import { createTestDatabase, type TestDatabase } from '../../test/world/database.ts'
import { silent } from '../../test/world/people.ts'
import { createSecrets } from '../platform/secrets.ts'
import { bySystem } from '../tenancy/audit.ts'
import { putCredentials } from '../tenancy/tenant-credentials.ts'
import { deleteBusiness } from '../tenancy/tenant-life.ts'
import { connectNumber, type OnboardingDeps } from './accounts.ts'

let db: TestDatabase
let deps: OnboardingDeps
beforeAll(async () => {
  db = await createTestDatabase()
  deps = {
    ...{ db, secrets: createSecrets(['a master key for this test only']), channels: new Map(), log: silent, app: {} },
    lookup: { find: async () => null, caughtUp: async () => {}, startOver: () => {} },
    ...{ wakeDispatch: () => {}, changed: () => {}, publicUrl: () => 'http://parley.example' },
  }
})
afterAll(() => db.drop())

test('a business that was deleted while it was being connected takes neither a number nor an integration with it', async () => {
  const [tenantId, phoneNumberId] = [await makeTenant(db), digits(15)]
  await deleteBusiness({ db }, bySystem, tenantId)
  const number = { phoneNumberId, wabaId: digits(15), name: 'Late', accessToken: 'EAABEAAB' }
  await expect(connectNumber(deps, bySystem, tenantId, number)).rejects.toMatchObject({ code: 'not_found' })
  const integration = { type: 'genesys', values: { integrationId: 'late' } }
  await expect(putCredentials(deps, bySystem, tenantId, integration)).rejects.toMatchObject({ code: 'not_found' })
  const { rows } = await db.owner.query(
    'SELECT phone_number_id, genesys_integration_id AS integration FROM tenants WHERE id = $1',
    [tenantId],
  )
  expect(rows).toEqual([{ phone_number_id: null, integration: null }])
  const other = await makeTenant(db)
  await connectNumber(deps, bySystem, other, number)
})
