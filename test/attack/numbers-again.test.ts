/** Numbers that are set again, checked and counted, at the moment at which something else happens to them. */
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import type { NumberDelivery } from '../../client/index.ts'
import type { IncomingNumber } from '../../simulators/twilio/types.ts'
import { inTenant } from '../../src/platform/db/tx.ts'
import { setNumberLimit } from '../../src/tenancy/tenants.ts'
import type { Business } from '../world/business.ts'
import { buy, buyer, calls, ends, fault, offered, owned, ownerOf, show, stock } from '../world/numbers.ts'
import { createTwilioWorld, type TwilioWorld } from '../world/twilio.ts'
import { until } from '../world/until.ts'

let world: TwilioWorld
let ahead = 0
const move = (ms: number) => {
  ahead += ms
}
let business: Business
const owner = () => ownerOf(business)
const post = (path: string, as = owner(), body: unknown = {}) => world.api('POST', path, body, as)
const ended = (id: string) => ends(world, business, id, move)
const bought = async (number: string = offered[0]) => {
  const { status, body } = await buy(world, business, { number })
  expect([status, body]).toMatchObject([202, {}])
  await ended(body.id)
  return body.id
}
const check = async (id: string) => (await post(`/numbers/${id}/check`)).body as NumberDelivery
const there = () => [...world.twilio.world.numbers.values()].find((one) => one.phoneNumber === offered[0]) as IncomingNumber
const elsewhere = 'https://elsewhere.example/voice'
const limit = (n: number) => inTenant(world.app.db, business.tenantId, (tx) => setNumberLimit(tx, n))

beforeAll(async () => {
  world = await createTwilioWorld({ now: () => new Date(Date.now() + ahead) })
})
afterAll(() => world?.close())
beforeEach(async () => {
  stock(world)
  business = await buyer(world)
})
afterEach(async () => {
  world.twilio.faults.clear()
  const { body } = await world.api<{ items: { id: string }[] }>('GET', '/numbers', undefined, owner())
  for (const { id } of body.items) {
    await post(`/numbers/${id}/release`)
    await ended(id)
  }
  expect(owned(world)).toEqual([])
})

test('a limit below what a business has lets no further one be bought, whichever of them is released', async () => {
  await limit(3)
  const first = await bought(offered[0])
  await bought(offered[1])
  await limit(1)
  await post(`/numbers/${first}/release`)
  await ended(first)
  const more = await buy(world, business, { number: offered[2] })
  expect([more.status, more.body]).toMatchObject([409, { error: { code: 'number_limit', details: { limit: 1 } } }])
})

test('set again while it is being set again, what was changed in between is set too', async () => {
  const id = await bought()
  Object.assign(there().settings, { VoiceUrl: elsewhere })
  fault(world, { method: 'POST', path: '/v1/Services/' }, { kind: 'delay', ms: 1500 })
  await post(`/numbers/${id}/set-again`)
  await until('its addresses are set', () => Promise.resolve(there().settings.VoiceUrl !== elsewhere))
  Object.assign(there().settings, { VoiceUrl: elsewhere })
  await post(`/numbers/${id}/set-again`)
  await until('it is set', async () => (await show(world, business, id)).webhooks.set)
  await world.app.numbers.worker.idle()
  expect(await check(id)).toMatchObject({ state: 'right' })
})

test('after the server has moved, what is kept of its messaging service is where it delivers now', async () => {
  const id = await bought()
  const kept = (sql: string) =>
    inTenant(world.app.db, business.tenantId, async (tx) => (await tx.query<{ is: string; due: string }>(sql, [id])).rows[0])
  await kept(
    `UPDATE messaging_services SET inbound_webhook_url = 'https://old.example/webhooks/twilio' WHERE phone_number_id = $1`,
  )
  await post(`/numbers/${id}/set-again`)
  await until('it is set', async () => (await show(world, business, id)).webhooks.set)
  await world.app.numbers.worker.idle()
  const service = await kept(
    `SELECT s.inbound_webhook_url AS is, n.sms_webhook_url AS due FROM messaging_services s
       JOIN phone_numbers n ON n.tenant_id = s.tenant_id AND n.id = s.phone_number_id WHERE n.id = $1`,
  )
  expect(service?.is).toBe(service?.due)
  expect(service?.due).toMatch(/^https?:/)
})

test('set again at the very moment at which the worker lets go of it, it is set all the same', async () => {
  const id = await bought()
  await world.app.numbers.worker.idle()
  await world.database.owner.query(`
    CREATE FUNCTION parley.slow_let_go() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      IF current_query() LIKE 'UPDATE phone_numbers SET lease_until = NULL%' THEN PERFORM pg_sleep(1.5); END IF;
      RETURN NULL;
    END $$;
    CREATE TRIGGER slow_let_go BEFORE UPDATE ON parley.phone_numbers FOR EACH STATEMENT EXECUTE FUNCTION parley.slow_let_go()`)
  try {
    await post(`/numbers/${id}/set-again`)
    await until('the worker lets go of it', async () => {
      const { rows } = await world.database.owner.query(
        `SELECT FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND query LIKE 'UPDATE phone_numbers SET lease_until = NULL%'`,
      )
      return rows.length > 0
    })
    Object.assign(there().settings, { VoiceUrl: elsewhere })
    await post(`/numbers/${id}/set-again`)
  } finally {
    await until('nobody lets go', async () => {
      await world.app.numbers.worker.idle()
      return true
    })
    await world.database.owner.query('DROP FUNCTION parley.slow_let_go() CASCADE')
  }
  await until('it is set', async () => (await show(world, business, id)).webhooks.set, {
    seen: async () =>
      (
        await world.database.owner.query(
          'SELECT due_at, lease_until, token, webhooks_configured FROM phone_numbers WHERE id = $1',
          [id],
        )
      ).rows[0],
  })
  expect(await check(id)).toMatchObject({ state: 'right' })
})

test('an answer that says nothing of the number or of its service is no word that calls and texts go elsewhere', async () => {
  const id = await bought()
  for (const path of ['/IncomingPhoneNumbers/', '/v1/Services/']) {
    fault(world, { method: 'GET', path }, { kind: 'okWithoutSid' }, 1)
    expect(await check(id)).toMatchObject({ state: 'unknown', items: [] })
  }
  world.twilio.faults.clear()
  expect((await check(id)).state).toBe('right')
})

test('a release that is asked for while it is set again wins', async () => {
  const id = await bought()
  fault(world, calls.webhooks, { kind: 'delay', ms: 700 })
  const all = await Promise.all(
    ['set-again', 'set-again', 'release', 'set-again', 'suspend'].map((v) => post(`/numbers/${id}/${v}`)),
  )
  expect(all.map(({ status }) => status).filter((s) => s >= 500)).toEqual([])
  await post(`/numbers/${id}/release`)
  expect(await ended(id)).toMatchObject({ status: 'released', mayCost: false })
  expect(world.twilio.world.services.size).toBe(0)
  expect((await post(`/numbers/${id}/set-again`)).status).toBe(409)
})

test('is neither set again nor checked by an agent or another business', async () => {
  const id = await bought()
  const other = ownerOf(await buyer(world, 'Next door'))
  for (const verb of ['set-again', 'check']) {
    expect((await post(`/numbers/${id}/${verb}`, other)).status).toBe(404)
    expect((await post(`/numbers/${id}/${verb}`, business.people.agent)).status).toBe(403)
    expect((await post(`/numbers/not-an-id/${verb}`)).status).toBe(400)
  }
})

test('a suspended number that is set again stays suspended, and one refused for good stays ours', async () => {
  const id = await bought()
  await post(`/numbers/${id}/suspend`)
  fault(world, calls.webhooks, { kind: 'error', code: 20001, status: 400, message: 'No.' }, 2)
  await post(`/numbers/${id}/set-again`)
  await until('it waits', async () => (await show(world, business, id)).waitingFor)
  expect(await show(world, business, id)).toMatchObject({ status: 'suspended', wanted: 'suspended', failure: null })
  await until('it is set', async () => {
    move(20_000)
    return (await show(world, business, id)).webhooks.set
  })
  expect(await show(world, business, id)).toMatchObject({ status: 'suspended', wanted: 'suspended' })
})

test.each([
  ['with half a character', 'No \ud83d, not now'],
  ['with a zero', 'No\u0000.'],
  ['cut in the middle of one', `${'😀'.repeat(2000)}`],
  ['cut in the middle of one, from an odd place', `a${'😀'.repeat(2000)}`],
])('what Twilio says %s is told after an hour like any other', async (_how, message) => {
  const id = await bought()
  fault(world, calls.give_back, { kind: 'error', code: 20001, status: 400, message }, 1000)
  await post(`/numbers/${id}/release`)
  await until('it waits', async () => (await show(world, business, id)).waitingFor)
  move(3_700_000)
  await until('it is told', async () => {
    const { body } = await world.api<{ items: { kind: string }[] }>('GET', '/me/notifications', undefined, owner())
    return body.items.some(({ kind }) => kind === 'number_waits')
  })
  expect((await show(world, business, id)).attempts).toBeGreaterThan(1)
  world.twilio.faults.clear()
})

test('a limit that is lowered while numbers are bought holds', async () => {
  await limit(3)
  const all = await Promise.all([
    ...offered.map((number) => buy(world, business, { number })),
    limit(1).then(() => ({ status: 0, body: { id: '' } })),
  ])
  expect(all.map(({ status }) => status).filter((one) => ![0, 202, 409].includes(one))).toEqual([])
  for (const { status, body } of all) if (status === 202) await ended(body.id)
  expect(owned(world).length).toBe(all.filter(({ status }) => status === 202).length)
})

test('a call that came before its number was released is settled, and people are told where nobody can be texted', async () => {
  const id = await bought()
  world.twilio.customerCalls({ from: '+16505557777', to: offered[0] })
  await world.settle()
  const call = async () =>
    (await world.database.owner.query('SELECT status, outcome, due_at FROM calls WHERE tenant_id = $1', [business.tenantId]))
      .rows[0]
  await until('it is there', call)
  await post(`/numbers/${id}/release`)
  await ended(id)
  await until(
    'it is settled',
    async () => {
      move(600_000)
      const now = await call()
      return now.outcome !== null && now.due_at === null
    },
    { seen: call },
  )
})

test('set again while its messaging service is made anew, one is made', async () => {
  const id = await bought()
  world.twilio.world.services.clear()
  fault(world, calls.service, { kind: 'delay', ms: 1200 }, 2)
  await post(`/numbers/${id}/set-again`)
  await until('its service is known to be gone', async () => (await show(world, business, id)).messagingServiceSid === null)
  await post(`/numbers/${id}/set-again`)
  await until('it is set', async () => (await check(id)).state === 'right' && (await show(world, business, id)).webhooks.set)
  await world.app.numbers.worker.idle()
  expect(world.twilio.world.services.size).toBe(1)
  expect((await check(id)).state).toBe('right')
})
