import { afterAll, beforeAll, expect, test } from 'vitest'
import { digits, makeTenant } from '../../test/world/arrange.ts'
import { createTestDatabase, type TestDatabase } from '../../test/world/database.ts'
import { silent } from '../../test/world/people.ts'
import { addWhatsAppAccount } from '../conversations/accounts.ts'
import { inTenant } from '../platform/db/tx.ts'
import { createSecrets } from '../platform/secrets.ts'
import type { Channel, ChannelSignUp } from '../ports/channel.ts'
import { bySystem } from '../tenancy/audit.ts'
import { loadCredentials } from '../tenancy/credentials.ts'
import type { OnboardingDeps } from './accounts.ts'
import { beginSignUp, completeSignUp } from './sign-up.ts'

let db: TestDatabase
beforeAll(async () => {
  db = await createTestDatabase()
})
afterAll(() => db.drop())

const secrets = createSecrets(['a master key for this test only'])

/** A provider with one number: `pins` are those it was registered with, `dies` what ends the process just after. */
function shop() {
  const number = { externalId: digits(15), name: 'Harbour', address: '+15550100', open: false }
  const pins: string[] = []
  const state = { dies: false, registers: true }
  const signUp: ChannelSignUp = {
    read: async () => ({ outcome: 'read', token: `EAAB${digits(20)}`, accounts: [{ ...number }] }),
    async open(_app, given) {
      for (const one of given.accounts.filter(({ open }) => !open)) {
        pins.push(one.pin)
        number.open = state.registers
      }
      if (state.dies) throw new Error('killed')
      return { outcome: 'opened', undo: async () => {} }
    },
  }
  const deps: OnboardingDeps = {
    ...{ db, secrets, log: silent },
    channels: new Map([['whatsapp-cloud', { signUp } as Channel]]),
    app: { id: digits(15), secret: 'app secret', configId: digits(15) },
    callHooks: () => ({ calls: '', callStatus: '' }),
    twilio: {},
    lookup: { find: async () => null, caughtUp: async () => {}, startOver: () => {} },
    ...{ wakeDispatch: () => {}, changed: () => {}, publicUrl: () => 'http://parley.example' },
  }
  const signsUp = async (tenantId: string) => {
    const { state } = await beginSignUp(deps, bySystem, tenantId)
    return await completeSignUp(deps, bySystem, tenantId, { state, code: 'code', wabaId: digits(15) })
  }
  const pinOf = async (tenantId: string, subject: string) =>
    (await inTenant(db, tenantId, (tx) => loadCredentials(tx, secrets, 'whatsapp_pin', subject)))?.pin
  return { number, pins, state, signsUp, pinOf }
}

test('a PIN that the provider has is not lost when the process ends before the number is stored: the next try keeps it', async () => {
  const tenantId = await makeTenant(db)
  const { number, pins, state, signsUp, pinOf } = shop()
  state.dies = true
  await expect(signsUp(tenantId)).rejects.toThrow('killed')
  expect(await pinOf(tenantId, number.externalId)).toBe(pins[0])
  const { rows } = await db.owner.query('SELECT credentials FROM tenant_credentials WHERE tenant_id = $1', [tenantId])
  expect(rows).toEqual([{ credentials: expect.stringMatching(/^v1\./) }])
  state.dies = false
  const [accountId = ''] = await signsUp(tenantId)
  expect(pins).toHaveLength(1)
  expect(await pinOf(tenantId, accountId)).toBe(pins[0])
  expect(await pinOf(tenantId, number.externalId)).toBeUndefined()
})

test('a number that has to be registered again is so with the PIN it has', async () => {
  const tenantId = await makeTenant(db)
  const { number, pins, state, signsUp, pinOf } = shop()
  Object.assign(state, { dies: true, registers: false })
  await expect(signsUp(tenantId)).rejects.toThrow('killed')
  Object.assign(state, { dies: false, registers: true })
  const [accountId = ''] = await signsUp(tenantId)
  number.open = false // taken from the provider's service by hand
  await signsUp(tenantId)
  expect(pins).toEqual([pins[0], pins[0], pins[0]])
  expect(await pinOf(tenantId, accountId)).toBe(pins[0])
})

test('two people who sign the same number up at once use one PIN, and another business has its own', async () => {
  const tenantId = await makeTenant(db)
  const { pins, state, signsUp } = shop()
  Object.assign(state, { dies: true, registers: false })
  await Promise.allSettled([signsUp(tenantId), signsUp(tenantId), signsUp(tenantId)])
  expect(new Set(pins).size).toBe(1)
  await signsUp(await makeTenant(db)).catch(() => {})
  expect(new Set(pins).size).toBe(2)
})

test('a number that somebody holds without proof is signed up; one that is another’s by right is not, and the provider hears nothing', async () => {
  const [tenantId, holder] = [await makeTenant(db), await makeTenant(db)]
  const { number, pins, signsUp } = shop()
  const held = (proven: boolean) =>
    inTenant(db, holder, (tx) =>
      addWhatsAppAccount(tx, secrets, {
        ...{
          phoneNumberId: number.externalId,
          wabaId: digits(15),
          name: 'Held',
          accessToken: 'EAABheld',
          appSlug: 'own',
          proven,
        },
      }),
    )
  const accountId = await held(true)
  await expect(signsUp(tenantId)).rejects.toMatchObject({ code: 'conflict' })
  expect(pins).toEqual([])
  await db.owner.query('UPDATE channel_accounts SET proven_at = NULL WHERE id = $1', [accountId])
  await signsUp(tenantId)
  const { rows } = await db.owner.query(
    'SELECT tenant_id, proven_at IS NOT NULL AS proven FROM channel_accounts WHERE external_id = $1',
    [number.externalId],
  )
  expect(rows).toEqual([{ tenant_id: tenantId, proven: true }])
})
