import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { inTenant } from '../../src/platform/db/tx.ts'
import { storeCredentials } from '../../src/tenancy/credentials.ts'
import { conversationWith, threadWith } from '../world/reading.ts'
import { until } from '../world/until.ts'
import { postWebhook, sign, textsBody } from '../world/webhooks.ts'
import { createWorld, type World } from '../world/world.ts'

let world: World
beforeAll(async () => {
  world = await createWorld({ proxy: true, simulator: { webhookTimeoutMs: 2000 }, settings: { DATABASE_POOL_SIZE: '4' } })
})
afterAll(() => world?.close())

const kept = async () => {
  const { rows } = await world.database.owner.query<{ status: string; payload: Buffer; error: string | null }>(
    'SELECT status, payload, processing_error AS error FROM webhook_events ORDER BY created_at, id',
  )
  return rows
}
const one = (id: string, text = 'hello', from = '15550107001') => textsBody(world.business, [{ id, from, text }])

describe('who may speak to a webhook', () => {
  test('only what is signed with the secret of that address', async () => {
    const body = one('wamid.forged')
    const { business } = world
    for (const signature of [
      sign(body, 'another secret'),
      sign(body, ''),
      sign(`${body} `, business.appSecret),
      sign(body, business.appSecret).toUpperCase(),
      'sha256=',
      `sha1=${sign(body, business.appSecret)}`,
    ])
      expect(await postWebhook(business, body, { signature })).toBe(401)
    expect(await kept()).toEqual([])
    expect((await world.api('GET', '/conversations')).body).toMatchObject({ items: [] })
  })

  test('the address of another business takes nothing for this one, whatever the body says', async () => {
    const other = await world.addBusiness('Other')
    const body = one('wamid.crossed')
    expect(await postWebhook(world.business, body, { url: other.webhookUrl })).toBe(401)
    expect(await postWebhook(other, body)).toBe(200)
    await world.settle()
    expect((await world.api('GET', '/conversations')).body).toMatchObject({ items: [] })
    expect((await kept()).at(-1)).toMatchObject({
      status: 'unprocessed',
      error: expect.stringContaining(world.business.phoneNumberId),
    })
  })

  test("the platform's own address without a secret refuses everything, also what is signed with nothing", async () => {
    const url = `${world.url}/webhooks/whatsapp`
    const body = one('wamid.platform')
    expect(await postWebhook(world.business, body, { url, signature: sign(body, '') })).toBe(401)
    expect(await postWebhook(world.business, body, { url })).toBe(401)
    expect(await postWebhook(world.business, body, { url: `${url}/nobody` })).toBe(404)
  })

  test('after a rotation the old and the new secret are both accepted, and an older one is not', async () => {
    const { app, business, database } = world
    const { rows } = await database.owner.query<{ id: string }>('SELECT id FROM channel_apps WHERE slug = $1', [business.slug])
    const rotate = (secret: string, overlapHours: number) =>
      inTenant(app.db, business.tenantId, (tx) =>
        storeCredentials(tx, app.secrets, {
          type: 'channel_app',
          subject: rows[0]?.id ?? '',
          values: { secret, verifyToken: business.verifyToken },
          overlapHours,
        }),
      )
    await rotate('the second secret', 24)
    const withSecret = (id: string, secret: string) => {
      const body = one(id)
      return postWebhook(business, body, { signature: sign(body, secret) })
    }
    expect(await withSecret('wamid.rotated.1', business.appSecret)).toBe(200)
    expect(await withSecret('wamid.rotated.2', 'the second secret')).toBe(200)
    await rotate(business.appSecret, 0)
    expect(await withSecret('wamid.rotated.3', 'the second secret')).toBe(401)
    expect(await withSecret('wamid.rotated.4', business.appSecret)).toBe(200)
    expect((await threadWith(world, '15550107001')).map((line) => line.seq)).toEqual([1, 2, 3])
  })

  test('the handshake returns the challenge to who knows the token, as plain text', async () => {
    const ask = async (query: string) => {
      const response = await fetch(`${world.business.webhookUrl}?${query}`)
      return [response.status, response.headers.get('content-type'), await response.text()]
    }
    const token = world.business.verifyToken
    const plain = 'text/plain; charset=utf-8'
    expect(await ask(`hub.mode=subscribe&hub.challenge=1158201444&hub.verify_token=${token}`)).toEqual([
      200,
      plain,
      '1158201444',
    ])
    const script = encodeURIComponent('<script>alert(1)</script>')
    expect((await ask(`hub.mode=subscribe&hub.challenge=${script}&hub.verify_token=${token}`))[1]).toBe(plain)
    for (const wrong of [
      `hub.mode=subscribe&hub.challenge=1&hub.verify_token=${token}x`,
      `hub.mode=unsubscribe&hub.challenge=1&hub.verify_token=${token}`,
      'hub.mode=subscribe&hub.challenge=1',
      `hub_mode=subscribe&hub_challenge=1&hub_verify_token=${token}`,
      `hub.mode=subscribe&hub.challenge=1&hub.verify_token=${token}&hub.verify_token=${token}`,
    ])
      expect((await ask(wrong))[0]).toBe(403)
    expect((await ask(`hub.mode=subscribe&hub.verify_token=${token}`))[0]).toBe(400)
    expect(await world.simulator.verifyWebhook(world.business.appId)).toBe(true)
  })
})

describe('what a signed body may be', () => {
  test.each([
    ['no JSON', '{"object":'],
    ['empty', ''],
    ['a number', '7'],
    ['no UTF-8', Buffer.from([0x7b, 0xff, 0xfe, 0x7d])],
  ])('%s: taken with 200 and kept as failed', async (_name, body) => {
    expect(await postWebhook(world.business, body)).toBe(200)
    const last = (await kept()).at(-1)
    expect(last?.status).toBe('failed')
    expect(last?.payload.equals(Buffer.from(body))).toBe(true)
  })

  test.each([
    ['no entries', { object: 'whatsapp_business_account', entry: [] }],
    ['an entry without changes', { object: 'whatsapp_business_account', entry: [{ id: '1' }] }],
    [
      'a field nobody knows',
      { object: 'whatsapp_business_account', entry: [{ id: '1', changes: [{ field: 'sparkle', value: {} }] }] },
    ],
  ])('%s: taken with 200 and kept', async (_name, body) => {
    const before = (await kept()).length
    expect(await postWebhook(world.business, JSON.stringify(body))).toBe(200)
    expect(await kept()).toHaveLength(before + 1)
  })

  test('three megabytes are taken, one byte more is refused', async () => {
    const limit = 3 * 1024 * 1024
    const padded = (bytes: number) => {
      const body = one('wamid.large', 'large', '15550107077')
      return `${body}${' '.repeat(bytes - body.length)}`
    }
    expect(await postWebhook(world.business, padded(limit + 1))).toBe(413)
    expect(await postWebhook(world.business, padded(limit))).toBe(200)
    expect(await threadWith(world, '15550107077')).toHaveLength(1)
    expect((await kept()).at(-1)?.payload.length).toBe(limit)
  })

  test('one bad message does not cost the others theirs', async () => {
    const body = JSON.parse(
      textsBody(world.business, [
        { id: 'wamid.good.1', from: '15550107078', text: 'one' },
        { id: 'wamid.good.2', from: '15550107078', text: 'two' },
      ]),
    )
    body.entry[0].changes[0].value.messages.splice(1, 0, { type: 'text', text: { body: 'no id' } }, null, 7)
    expect(await postWebhook(world.business, JSON.stringify(body))).toBe(200)
    expect((await threadWith(world, '15550107078')).map((line) => line.text)).toEqual(['one', 'two'])
  })

  test('several businesses in one body of one app: each message goes where its number is', async () => {
    const body = JSON.parse(textsBody(world.business, [{ id: 'wamid.mixed.1', from: '15550107079', text: 'ours' }]))
    const foreign = JSON.parse(
      textsBody({ ...world.business, phoneNumberId: '404' }, [{ id: 'wamid.mixed.2', from: '1555', text: '?' }]),
    )
    body.entry.push(...foreign.entry)
    expect(await postWebhook(world.business, JSON.stringify(body))).toBe(200)
    expect((await threadWith(world, '15550107079')).map((line) => line.text)).toEqual(['ours'])
    expect((await kept()).at(-1)?.status).toBe('unprocessed')
  })
})

describe('deliveries that come again', () => {
  test('the same body ten times, some at once, is stored once and counted once', async () => {
    const body = one('wamid.again', 'once', '15550107080')
    const answers = await Promise.all(Array.from({ length: 10 }, () => postWebhook(world.business, body)))
    expect(new Set(answers)).toEqual(new Set([200]))
    expect(await postWebhook(world.business, body)).toBe(200)
    expect(await conversationWith(world, '15550107080')).toMatchObject({ unreadCount: 1, messageCount: 1, lastSeq: 1 })
  })

  test('a message that came before, once more in another body with new ones: only the new ones are new', async () => {
    const texts = ['one', 'two', 'three'].map((text) => ({ id: `wamid.re.${text}`, from: '15550107081', text }))
    await postWebhook(world.business, textsBody(world.business, texts.slice(0, 2)))
    await postWebhook(world.business, textsBody(world.business, [...texts.slice(1), ...texts.slice(2)]))
    expect((await threadWith(world, '15550107081')).map((line) => line.text)).toEqual(['one', 'two', 'three'])
  })

  test('the simulator delivers twice and late: one line', async () => {
    const { simulator } = world
    simulator.faults.add({ action: { kind: 'duplicateWebhook', copies: 2 }, match: { recipient: '15550107082' } })
    simulator.faults.add({ action: { kind: 'webhookLost', tries: 1 }, times: 1, match: { recipient: '15550107082' } })
    world.customer('15550107082').says('lost and found')
    await world.settle()
    simulator.faults.clear()
    expect(await threadWith(world, '15550107082')).toHaveLength(1)
  })
})

test('webhooks are stored although the API and the workers hold every connection of theirs', async () => {
  const held = await Promise.all(Array.from({ length: 4 }, () => world.app.db.pool.connect()))
  const began = performance.now()
  const status = await postWebhook(world.business, one('wamid.busy', 'busy hour', '15550107084'))
  const took = performance.now() - began
  for (const client of held) client.release()
  expect(status).toBe(200)
  expect(took).toBeLessThan(2000)
})

describe('the database is away', () => {
  test.each(['cut', 'blackhole'] as const)(
    '%s: nothing is acknowledged, and what is sent again is stored once',
    async (mode) => {
      const phone = mode === 'cut' ? '15550107090' : '15550107091'
      const customer = world.customer(phone)
      world.proxy?.mode(mode)
      customer.says('while you were away')
      const delivery = () => world.simulator.deliveries.at(-1)
      await until('the webhook was refused', () => (delivery()?.statuses.length ?? 0) > 0, { timeoutMs: 40_000 })
      expect(delivery()?.statuses[0]).not.toBe(200)
      if (mode === 'cut') expect(delivery()?.statuses[0]).toBe(503)
      world.proxy?.mode('cut') // what a black hole swallowed never comes back
      world.proxy?.mode('pass')
      await until('it was acknowledged', () => delivery()?.acknowledgedAt, { timeoutMs: 40_000 })
      await until(
        'it is stored',
        async () => (await conversationWith(world, phone).catch(() => undefined))?.messageCount === 1,
        {
          timeoutMs: 40_000,
        },
      )
      expect(await threadWith(world, phone)).toHaveLength(1)
    },
  )

  test('the API says so, and health says which part', async () => {
    world.proxy?.mode('cut')
    const refused = await world.api('GET', '/conversations')
    expect(refused).toMatchObject({ status: 503, body: { error: { code: 'unavailable' } } })
    expect(refused.headers.get('retry-after')).toBe('2')
    const health = await fetch(`${world.url}/health`)
    expect([health.status, await health.json()]).toMatchObject([503, { status: 'unhealthy' }])
    world.proxy?.mode('pass')
    await until('it works again', async () => (await world.api('GET', '/conversations')).status === 200)
    expect((await fetch(`${world.url}/health`)).status).toBe(200)
  })
})
