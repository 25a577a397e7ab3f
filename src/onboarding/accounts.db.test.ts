import { afterAll, beforeAll, expect, test } from 'vitest'
import { digits, makeTenant } from '../../test/world/arrange.ts'
import { createTestDatabase, type TestDatabase } from '../../test/world/database.ts'
import { silent } from '../../test/world/people.ts'
import { scriptedChannel } from '../../test/world/scripted-channel.ts'
import { until } from '../../test/world/until.ts'
import { inTenant } from '../platform/db/tx.ts'
import { createSecrets } from '../platform/secrets.ts'
import type { Channel } from '../ports/channel.ts'
import { byCli, bySystem } from '../tenancy/audit.ts'
import { storeCredentials } from '../tenancy/credentials.ts'
import { putCredentials } from '../tenancy/tenant-credentials.ts'
import { deleteBusiness } from '../tenancy/tenant-life.ts'
import { askProvider, connectNumber, type OnboardingDeps, putMainNumber } from './accounts.ts'

let db: TestDatabase
let deps: OnboardingDeps
beforeAll(async () => {
  db = await createTestDatabase()
  deps = {
    ...{
      db,
      secrets: createSecrets(['a master key for this test only']),
      channels: new Map(),
      log: silent,
      app: {},
      callHooks: () => ({ calls: '', callStatus: '' }),
      twilio: {},
    },
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

test('what the provider says late of a token or a number that were replaced meanwhile is not kept', async () => {
  const tenantId = await makeTenant(db)
  const ids = [digits(15), digits(15), digits(15)] as const
  const late: (() => void)[] = []
  const slow = new Set<string>(['old'])
  const check: Channel['check'] = async ({ externalId, credentials }) => {
    const { accessToken = '' } = credentials
    if (slow.has(accessToken) || slow.has(externalId)) await new Promise<void>((answered) => late.push(answered))
    if (accessToken === 'old') return { state: 'logged_out', text: 'This token is no longer valid.' }
    if (externalId === ids[2]) return { state: 'degraded', text: 'WhatsApp gave no usable answer.' }
    return { state: 'connected', text: 'Connected.', address: `+1555${externalId.slice(0, 7)}` }
  }
  const channels = new Map([['whatsapp-cloud', { ...scriptedChannel(), check }]])
  const own = { ...deps, channels }
  const account = { phoneNumberId: ids[0], wabaId: digits(15), name: 'Slow', accessToken: 'first' }
  const { accountId } = await connectNumber(own, byCli, tenantId, account)
  const now = async () =>
    (await db.owner.query('SELECT external_id, state, address FROM channel_accounts WHERE id = $1', [accountId])).rows[0]
  const place = { type: 'channel_account', subject: accountId, values: { accessToken: 'old' } }
  await inTenant(db, tenantId, (tx) => storeCredentials(tx, own.secrets, place))

  const asked = askProvider(own, tenantId, accountId)
  await until('it is being asked', () => late.length === 1)
  await putMainNumber(own, byCli, tenantId, { phoneNumberId: ids[0], accessToken: 'new' })
  expect(await now()).toMatchObject({ state: 'connected' })
  late[0]?.()
  await asked
  expect(await now()).toMatchObject({ state: 'connected' })

  slow.add(ids[1])
  await db.owner.query('UPDATE channel_accounts SET address = NULL WHERE id = $1', [accountId])
  const moved = putMainNumber(own, byCli, tenantId, { phoneNumberId: ids[1] })
  await until('the second number is being asked', () => late.length === 2)
  await putMainNumber(own, byCli, tenantId, { phoneNumberId: ids[2] })
  late[1]?.()
  await moved
  expect(await now()).toEqual({ external_id: ids[2], state: 'degraded', address: null })
})
