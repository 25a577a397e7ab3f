/** Numbers under attack: wrong answers, a process that slept through its lease, the same number by two ways. */
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import type { Business } from '../world/business.ts'
import { buy, buyer, calls, ends, fault, offered, owned, ownerOf, provider, show, stock } from '../world/numbers.ts'
import { ada, createTwilioWorld, type TwilioWorld } from '../world/twilio.ts'
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
const bought = async () => {
  const { status, body } = await buy(world, business)
  expect([status, body]).toMatchObject([202, {}])
  return body.id
}

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
  const left = owned(world)
  for (const one of [...world.twilio.world.numbers.values()])
    if (left.includes(one.phoneNumber)) world.twilio.world.numbers.delete(one.sid)
  expect(left).toEqual([])
})

test('a page of somebody in between that says 404 is no word of Twilio: the number is still ours, and paid', async () => {
  const id = await bought()
  await ended(id)
  fault(world, calls.give_back, { kind: 'garbage', status: 404 }, 3)
  await post(`/numbers/${id}/release`)
  expect(await ended(id)).toMatchObject({ status: 'released' })
  expect(owned(world)).toEqual([])
})

test('a number that was connected by hand while it was being set up is one number, and stays', async () => {
  fault(world, calls.webhooks, { kind: 'garbage', status: 503 })
  const id = await bought()
  await until('it waits', async () => (await show(world, business, id)).waitingFor)
  const byHand = await world.api<{ id: string }>(
    'POST',
    '/accounts',
    { provider: 'twilio', number: offered[0], ...provider, name: 'By hand' },
    owner(),
  )
  expect([byHand.status, byHand.body]).toMatchObject([201, {}])
  const now = await ended(id)
  expect(now).toMatchObject({ status: 'active', accountId: byHand.body.id })
  expect(owned(world)).toEqual([offered[0]])
})

test('a purchase by a process that stood still, after everybody had given it up, is given back', async () => {
  fault(world, calls.buy, { kind: 'delay', ms: 1500 })
  const id = await bought()
  await until('it was asked for', async () => {
    const { rows } = await world.database.owner.query('SELECT asked_at FROM phone_numbers WHERE id = $1', [id])
    return rows[0].asked_at
  })
  // Meanwhile its business released it, and another process looked for it, long after.
  await world.database.owner.query(
    `UPDATE phone_numbers SET status = 'released', wanted = 'released', date_released = now(), asked_at = NULL, due_at = NULL, lease_until = NULL,
            token = token + 1 WHERE id = $1`,
    [id],
  )
  const next = await buy(world, business, { number: offered[1] })
  expect(next.status).toBe(202)
  expect(await ended(next.body.id)).toMatchObject({ status: 'active' })
  await until('it was given back', async () => {
    move(5000)
    return !owned(world).includes(offered[0]) && (await show(world, business, id)).provisionedAt !== null
  })
  expect(await ended(id)).toMatchObject({ status: 'released' })
  expect(owned(world)).toEqual([offered[1]])
})

test('numbers of other countries, with odd names and odd places, are bought like any', async () => {
  world.twilio.world.available.length = 0
  world.twilio.addAvailable({
    ...{ phoneNumber: '+442079460001', kind: 'Local', country: 'GB', region: 'a\u0000b' as string, locality: 'x' },
    capabilities: { voice: true, sms: true, mms: true },
  })
  world.twilio.addAvailable({
    ...{ phoneNumber: '+14155550109', kind: 'Local', country: 'US', region: 'r'.repeat(5000), locality: 'x' },
    capabilities: { voice: true, sms: true, mms: true },
  })
  const one = await buy(world, business, { number: '+442079460001', country: 'GB' })
  expect([one.status, one.body]).toEqual([202, expect.anything()])
  await post(`/numbers/${one.body.id}/release`)
  await ended(one.body.id)
  const two = await buy(world, business, { number: '+14155550109', name: '=1+1\u202e😀' })
  expect([two.status, two.body]).toEqual([202, expect.anything()])
  expect(await ended(two.body.id)).toMatchObject({ status: 'active' })
})

test('a business that is suspended in the middle has its number all the same', async () => {
  fault(world, calls.webhooks, { kind: 'garbage', status: 503 })
  const id = await bought()
  await until('it waits', async () => (await show(world, business, id)).waitingFor)
  await world.database.owner.query(`UPDATE tenants SET status = 'suspended' WHERE id = $1`, [business.tenantId])
  move(30_000)
  await until(
    'moved on',
    async () => {
      const { rows } = await world.database.owner.query('SELECT status, due_at FROM phone_numbers WHERE id = $1', [id])
      move(5000)
      return rows[0].status === 'active'
    },
    { seen: async () => (await world.database.owner.query('SELECT * FROM phone_numbers WHERE id = $1', [id])).rows[0] },
  )
  await world.database.owner.query(`UPDATE tenants SET status = 'active' WHERE id = $1`, [business.tenantId])
})

test('what waits on a number that is released does not wait for ever: it says that it was not sent', async () => {
  const id = await bought()
  await ended(id)
  world.twilio.customerSends({ from: ada, to: offered[0], body: 'First' })
  await world.settle()
  await post(`/numbers/${id}/suspend`)
  const { body } = await world.api<{ items: { id: string }[] }>('GET', '/conversations', undefined, owner())
  const thread = `/conversations/${body.items[0]?.id}/messages`
  await post(thread, owner(), { body: { type: 'text', text: 'Waits' } })
  await post(`/numbers/${id}/release`)
  await ended(id)
  await world.settle()
  const { body: lines } = await world.api<{ items: { text: string; status: string }[] }>('GET', thread, undefined, owner())
  expect(lines.items.at(-1)).toMatchObject({ text: 'Waits', status: 'failed' })
  expect(world.twilio.thread(ada, offered[0]).map((one) => one.body)).toEqual(['First'])
})

test('two businesses with one account at Twilio: the same number at once is bought once, each keeps its own', async () => {
  const other = await buyer(world, 'Sister')
  const [a, b] = await Promise.all([buy(world, business), buy(world, other)])
  expect([a.status, b.status]).toEqual([202, 202])
  const ends2 = await Promise.all([ended(a.body.id), ends(world, other, b.body.id, move)])
  expect(ends2.map(({ status }) => status).sort()).toEqual(['active', 'released'])
  expect(owned(world)).toEqual([offered[0]])
  const loser = ends2[0].status === 'released' ? business : other
  const winner = loser === business ? other : business
  // By hand, with the same token, the sister cannot take it.
  const taken = await world.api(
    'POST',
    '/accounts',
    { provider: 'twilio', number: offered[0], ...provider, name: 'Mine' },
    ownerOf(loser),
  )
  expect(taken.status).toBe(409)
  const winId = ends2.find(({ status }) => status === 'active')?.id
  await world.api('POST', `/numbers/${winId}/release`, {}, ownerOf(winner))
  await ends(world, winner, winId ?? '', move)
  expect(owned(world)).toEqual([])
})
