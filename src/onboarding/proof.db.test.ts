import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { digits, makeTenant } from '../../test/world/arrange.ts'
import { createTestDatabase, type TestDatabase } from '../../test/world/database.ts'
import { silent } from '../../test/world/people.ts'
import { inTenant } from '../platform/db/tx.ts'
import { createSecrets } from '../platform/secrets.ts'
import type { AccountConnection, Channel } from '../ports/channel.ts'
import type { By } from '../tenancy/audit.ts'
import { readAudit } from '../tenancy/audit-log.ts'
import { connectNumber, type NewNumber, type OnboardingDeps, putMainNumber } from './accounts.ts'

let db: TestDatabase
let deps: OnboardingDeps
/** What the provider says, by token: of which numbers it shows that they are there. */
let shown: Map<string, string[]>
let answers: (account: AccountConnection) => Promise<'yes' | 'no' | 'unknown'>
let changed: string[]
const by: By = { label: 'system-test', name: 'Somebody of the business' }

beforeAll(async () => {
  db = await createTestDatabase()
})
afterAll(() => db.drop())
beforeEach(() => {
  shown = new Map()
  changed = []
  answers = async ({ credentials, externalId }) =>
    shown.get(credentials.accessToken ?? '')?.includes(externalId) ? 'yes' : 'no'
  deps = {
    ...{ db, secrets: createSecrets(['a master key for this test only']), log: silent },
    channels: new Map([['whatsapp-cloud', { owns: (account: AccountConnection) => answers(account) } as unknown as Channel]]),
    app: { url: 'https://graph.example' },
    callHooks: () => ({ calls: '', callStatus: '' }),
    twilio: {},
    lookup: { find: async () => null, caughtUp: async () => {}, startOver: () => {} },
    ...{ wakeDispatch: () => {}, changed: (id: string) => void changed.push(id), publicUrl: () => 'http://parley.example' },
  }
})

const ownApp = { appSecret: 'the secret of an app of its own' }
function number(phoneNumberId = digits(15), reads = true): NewNumber {
  const accessToken = `EAAB${digits(20)}`
  if (reads) shown.set(accessToken, [phoneNumberId])
  return { phoneNumberId, wabaId: digits(15), name: 'Main', accessToken }
}
const connect = (tenantId: string, given: NewNumber) => connectNumber(deps, by, tenantId, given)
const holders = async (externalId: string) =>
  (
    await db.owner.query<{ tenant_id: string }>('SELECT tenant_id FROM channel_accounts WHERE external_id = $1', [externalId])
  ).rows.map((row) => row.tenant_id)

describe('a number’s id that somebody holds who never showed that the number is theirs', () => {
  test.each([
    ['an app of its own', ownApp],
    ['the app of the platform', {}],
  ])('goes to the business that does, with %s', async (_, app) => {
    const [squatter, owner] = [await makeTenant(db), await makeTenant(db)]
    const real = number()
    const { accountId } = await connect(squatter, { ...number(real.phoneNumberId, false), ...ownApp })
    await connect(owner, { ...real, ...app })
    expect(await holders(real.phoneNumberId)).toEqual([owner])
    const { rows } = await db.owner.query(
      `SELECT t.phone_number_id, t.whatsapp_configured, a.state, a.removed_at IS NOT NULL AS removed, a.state_text,
              (SELECT count(*)::int FROM tenant_credentials c WHERE c.tenant_id = t.id AND c.credential_type = 'channel_account') AS tokens
         FROM tenants t JOIN channel_accounts a ON a.tenant_id = t.id WHERE t.id = $1`,
      [squatter],
    )
    expect(rows).toEqual([
      {
        ...{ phone_number_id: null, whatsapp_configured: false, state: 'logged_out', removed: true, tokens: 0 },
        state_text: 'Another business showed that this number is its own.',
      },
    ])
    const lost = await inTenant(db, squatter, (tx) => readAudit(tx, { limit: 5, action: 'account.lost' }))
    expect(lost.items).toEqual([
      expect.objectContaining({
        subject: { type: 'account', id: accountId },
        changes: { name: 'Main', phoneNumberId: real.phoneNumberId },
      }),
    ])
    expect(JSON.stringify(lost)).not.toContain(owner)
    expect(changed).toEqual(expect.arrayContaining([squatter, owner]))
    await expect(connect(squatter, { ...number(real.phoneNumberId, false), ...ownApp })).rejects.toMatchObject({
      code: 'conflict',
    })
  })

  test('goes to a business that moves its main number there, and another number of the loser becomes its main one', async () => {
    const [squatter, owner] = [await makeTenant(db), await makeTenant(db)]
    const real = number()
    await connect(squatter, { ...number(real.phoneNumberId, false), ...ownApp })
    const second = number()
    await connect(squatter, { ...second, ...ownApp })
    await connect(owner, { ...number(), ...ownApp })
    await putMainNumber(deps, by, owner, real)
    expect(await holders(real.phoneNumberId)).toEqual([owner])
    const { rows } = await db.owner.query('SELECT id, phone_number_id FROM tenants WHERE id = ANY($1::uuid[])', [
      [squatter, owner],
    ])
    expect(new Map(rows.map((row) => [row.id, row.phone_number_id]))).toEqual(
      new Map([
        [squatter, second.phoneNumberId],
        [owner, real.phoneNumberId],
      ]),
    )
  })

  test('stays where the holder’s own token shows it when asked, though the provider was silent when it was connected', async () => {
    const [first, agency] = [await makeTenant(db), await makeTenant(db)]
    const real = number()
    const asked = answers
    answers = async () => 'unknown'
    await connect(first, { ...real, ...ownApp })
    answers = asked
    const also = number(real.phoneNumberId)
    await expect(connect(agency, { ...also, ...ownApp })).rejects.toMatchObject({ code: 'conflict' })
    shown.delete(real.accessToken) // it was written down
    await expect(connect(agency, also)).rejects.toMatchObject({ code: 'conflict' })
    expect(await holders(real.phoneNumberId)).toEqual([first])
  })

  test('is proven by a token given later', async () => {
    const [first, second] = [await makeTenant(db), await makeTenant(db)]
    const real = number()
    await connect(first, { ...number(real.phoneNumberId, false), ...ownApp })
    await putMainNumber(deps, by, first, {
      phoneNumberId: real.phoneNumberId,
      wabaId: real.wabaId,
      accessToken: real.accessToken,
    })
    shown.delete(real.accessToken)
    await expect(connect(second, number(real.phoneNumberId))).rejects.toMatchObject({ code: 'conflict' })
    expect(await holders(real.phoneNumberId)).toEqual([first])
  })

  test('is not given to a business of which the provider does not say so', async () => {
    const [squatter, other] = [await makeTenant(db), await makeTenant(db)]
    const held = number(digits(15), false)
    await connect(squatter, { ...held, ...ownApp })
    for (const answer of ['no', 'unknown'] as const) {
      answers = async () => answer
      await expect(connect(other, { ...number(held.phoneNumberId), ...ownApp })).rejects.toMatchObject({ code: 'conflict' })
    }
    expect(await holders(held.phoneNumberId)).toEqual([squatter])
  })

  test('goes to the one with proof also when both come at once, again and again', async () => {
    for (let n = 0; n < 10; n++) {
      const [squatter, owner] = [await makeTenant(db), await makeTenant(db)]
      const real = number()
      const fake = { ...number(real.phoneNumberId, false), ...ownApp }
      const [, owners] = await Promise.allSettled([connect(squatter, fake), connect(owner, real)])
      expect(owners?.status).toBe('fulfilled')
      expect(await holders(real.phoneNumberId)).toEqual([owner])
    }
  })
})

describe('what the provider said of a number', () => {
  test('counts only for the way it is delivered then: an account that went over to the platform’s app meanwhile is not moved', async () => {
    const tenantId = await makeTenant(db)
    const own = number()
    const { accountId } = await connect(tenantId, { ...own, ...ownApp })
    const neighbours = number(digits(15), false)
    answers = async () => {
      // A sign-up in the window is completed at this moment.
      await db.owner.query(`UPDATE channel_accounts SET app_slug = '' WHERE id = $1`, [accountId])
      return 'no'
    }
    await expect(putMainNumber(deps, by, tenantId, { phoneNumberId: neighbours.phoneNumberId })).rejects.toMatchObject({
      code: 'conflict',
    })
    expect(await holders(neighbours.phoneNumberId)).toEqual([])
  })

  test('is asked at the provider of this server, wherever the business’s own calls go', async () => {
    const tenantId = await makeTenant(db)
    const asked: (string | undefined)[] = []
    answers = async ({ config }) => {
      asked.push(config.graphUrl)
      return 'no'
    }
    await connect(tenantId, { ...number(), ...ownApp, graphUrl: 'https://elsewhere.example' })
    await db.owner.query(`UPDATE channel_accounts SET app_slug = '' WHERE tenant_id = $1`, [tenantId])
    await expect(putMainNumber(deps, by, tenantId, { phoneNumberId: digits(15) })).rejects.toMatchObject({ code: 'forbidden' })
    expect(asked).toEqual(['https://graph.example', 'https://graph.example'])
  })

  test('is nothing where it fails: the platform’s app gives no number out, an app of one’s own connects without proof', async () => {
    const tenantId = await makeTenant(db)
    answers = async () => {
      throw new Error('a bug')
    }
    await expect(connect(tenantId, number())).rejects.toMatchObject({ code: 'provider_failed' })
    await connect(tenantId, { ...number(), ...ownApp })
    const { rows } = await db.owner.query('SELECT proven_at FROM channel_accounts WHERE tenant_id = $1', [tenantId])
    expect(rows).toEqual([{ proven_at: null }])
  })
})
