import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import {
  ada,
  errorOf,
  phoneNumberId,
  type Scene,
  startScene,
  statusesOf,
  textBody,
  valuesOf,
  wabaId,
  wamidOf,
} from './test-kit.ts'
import type { Json } from './types.ts'

let scene: Scene
beforeEach(async () => {
  scene = await startScene()
})
afterEach(() => scene.stop())

const seen = () => statusesOf(scene.receiver.received).map((status) => status.status)

describe('an accepted send', () => {
  it('answers with the contact and a wamid and follows with sent and delivered', async () => {
    await scene.openWindow()
    const answer = await scene.send({ biz_opaque_callback_data: 'row-1' })
    expect(answer.status).toBe(200)
    expect(answer.body).toMatchObject({ messaging_product: 'whatsapp', contacts: [{ input: `+${ada}`, wa_id: ada }] })
    expect(wamidOf(answer)).toMatch(/^wamid\.[A-Za-z0-9+/]+=*$/)
    await scene.clock.advance(5000)
    const statuses = statusesOf(scene.receiver.received)
    expect(statuses.map((status) => status.status)).toEqual(['sent', 'delivered'])
    expect(new Set(statuses.map((status) => status.id))).toEqual(new Set([wamidOf(answer)]))
    expect(statuses.every((status) => status.biz_opaque_callback_data === 'row-1')).toBe(true)
  })

  it('states the price once and the contact with every receipt', async () => {
    await scene.openWindow()
    await scene.send()
    await scene.clock.advance(5000)
    const [sent, delivered] = statusesOf(scene.receiver.received)
    expect(sent?.pricing).toEqual({ billable: false, pricing_model: 'PMP', type: 'free_customer_service', category: 'service' })
    expect(delivered).not.toHaveProperty('pricing')
    expect(sent?.timestamp).toMatch(/^\d{10}$/)
    expect(valuesOf(scene.receiver.received).every((value) => value.contacts?.[0]?.wa_id === ada)).toBe(true)
  })

  it('becomes read when the customer opens the chat, once', async () => {
    await scene.openWindow()
    await scene.send()
    await scene.clock.advance(5000)
    expect(scene.simulator.customerReads(ada, phoneNumberId)).toBe(1)
    expect(scene.simulator.customerReads(ada, phoneNumberId)).toBe(0)
    await scene.clock.advance(1000)
    expect(seen()).toEqual(['sent', 'delivered', 'read'])
  })

  it('skips delivered when the chat is on screen', async () => {
    await scene.openWindow()
    scene.simulator.openChat(ada, phoneNumberId)
    await scene.send()
    await scene.clock.advance(10_000)
    expect(seen()).toEqual(['sent', 'read'])
  })

  it('is never read by a customer who hides receipts', async () => {
    await scene.openWindow()
    scene.simulator.updateCustomer(ada, { readReceipts: false, autoRead: true })
    await scene.send()
    await scene.clock.advance(60_000)
    expect(scene.simulator.customerReads(ada, phoneNumberId)).toBe(0)
    expect(seen()).toEqual(['sent', 'delivered'])
  })

  it('waits at sent while the phone is off or the business is blocked, and goes on later', async () => {
    await scene.openWindow()
    scene.simulator.updateCustomer(ada, { online: false })
    await scene.send()
    await scene.clock.advance(60_000)
    expect(seen()).toEqual(['sent'])
    scene.simulator.updateCustomer(ada, { online: true })
    await scene.clock.advance(5000)
    expect(seen()).toEqual(['sent', 'delivered'])
    scene.simulator.setBlocked(ada, phoneNumberId, true)
    await scene.send()
    await scene.clock.advance(60_000)
    expect(seen()).toEqual(['sent', 'delivered', 'sent'])
  })

  it('is counted in the ground truth each time: there is no idempotency', async () => {
    await scene.openWindow()
    await scene.send({ biz_opaque_callback_data: 'row-7' })
    await scene.send({ biz_opaque_callback_data: 'row-7' })
    expect(scene.simulator.accepted.map(({ bizOpaque, phoneNumberId: from }) => [bizOpaque, from])).toEqual([
      ['row-7', phoneNumberId],
      ['row-7', phoneNumberId],
    ])
    expect(new Set(scene.simulator.accepted.map(({ wamid }) => wamid)).size).toBe(2)
  })
})

describe('who is reached', () => {
  const failure = async (body: Json) => {
    expect((await scene.send(body)).status).toBe(200)
    await scene.clock.advance(5000)
    const status = statusesOf(scene.receiver.received).at(-1) as { status: string; errors: Json[] }
    return [status.status, status.errors?.[0]?.code]
  }

  it('fails later with 131026 when the recipient is not on WhatsApp', async () => {
    expect(await failure({ to: '+15550999999' })).toEqual(['failed', 131026])
    expect(valuesOf(scene.receiver.received).at(-1)).not.toHaveProperty('contacts')
  })

  it('fails later with 131047 more than 24 hours after the last message of the customer', async () => {
    await scene.openWindow()
    await scene.clock.advance(24 * 3_600_000 - 2000)
    await scene.send()
    await scene.clock.advance(900)
    expect(seen()).not.toContain('failed')
    await scene.clock.advance(60_000)
    expect(await failure({})).toEqual(['failed', 131047])
  })

  it('refuses at once outside the window when so configured', async () => {
    await scene.stop()
    scene = await startScene({ windowRefusal: 'at_once' })
    expect(errorOf(await scene.send())).toMatchObject({ code: 131047, error_data: { messaging_product: 'whatsapp' } })
    expect(scene.simulator.accepted).toHaveLength(0)
  })

  it('keeps the window open for 72 hours after a click on an ad, free of charge', async () => {
    scene.simulator.customerSends({ from: ada, to: phoneNumberId, text: 'hi', referral: { source_type: 'ad', source_id: '1' } })
    await scene.clock.advance(71 * 3_600_000)
    await scene.send()
    await scene.clock.advance(5000)
    expect(statusesOf(scene.receiver.received)[0]).toMatchObject({
      status: 'sent',
      pricing: { type: 'free_entry_point', category: 'referral_conversion' },
      conversation: { origin: { type: 'referral_conversion' } },
    })
  })

  it('takes the business-scoped user id as recipient, and to wins when both are given', async () => {
    await scene.openWindow()
    const userId = String(((await scene.send()).body.contacts as Json[])[0]?.user_id)
    expect(userId).toMatch(/^US\.\d{20}$/)
    const byUserId = await scene.send({ to: undefined, recipient: userId })
    expect(byUserId.body.contacts).toEqual([{ input: userId, wa_id: ada, user_id: userId }])
    const both = await scene.send({ recipient: 'US.1' })
    expect(both.body.contacts).toMatchObject([{ input: `+${ada}` }])
  })

  it('finds a Brazilian customer by either notation and answers with the WhatsApp id', async () => {
    scene.simulator.addCustomer({ phone: '+55 11 91234 5678', waId: '551112345678' })
    for (const to of ['5511912345678', '551112345678']) {
      expect((await scene.send({ to })).body.contacts).toMatchObject([{ input: to, wa_id: '551112345678' }])
    }
  })

  it('refuses the own number', async () => {
    expect(errorOf(await scene.send({ to: '15550783881' })).code).toBe(131021)
  })
})

describe('what is refused', () => {
  const interactive = (action: Json, extra: Json = {}) => ({
    type: 'interactive',
    interactive: { type: 'button', body: { text: 'Choose' }, action, ...extra },
  })
  const button = (id: string, title: string) => ({ type: 'reply', reply: { id, title } })
  const row = (id: number) => ({ id: `r${id}`, title: `Row ${id}` })
  const listOf = (count: number) =>
    interactive({ button: 'Open', sections: [{ rows: Array.from({ length: count }, (_, i) => row(i)) }] }, { type: 'list' })

  const cases: [string, Json, number][] = [
    ['a body without messaging_product', { messaging_product: undefined }, 100],
    ['a body without recipient', { to: undefined }, 100],
    ['an unknown type', { type: 'hologram' }, 100],
    ['a text without body', { text: {} }, 131008],
    ['an empty text', { text: { body: '' } }, 131009],
    ['a text over 4096 characters', { text: { body: 'x'.repeat(4097) } }, 100],
    ['callback data over 512 characters', { biz_opaque_callback_data: 'x'.repeat(513) }, 131009],
    ['an image with neither id nor link', { type: 'image', image: {} }, 131009],
    ['an image with both id and link', { type: 'image', image: { id: '1', link: 'https://a.test/x.png' } }, 131009],
    ['an unknown media id', { type: 'image', image: { id: '123' } }, 131053],
    [
      'a caption over 1024 characters',
      { type: 'image', image: { link: 'https://a.test/x.png', caption: 'x'.repeat(1025) } },
      131009,
    ],
    ['a latitude beyond the pole', { type: 'location', location: { latitude: 91, longitude: 0 } }, 131009],
    ['a contact with only the formatted name', { type: 'contacts', contacts: [{ name: { formatted_name: 'A' } }] }, 131009],
    ['a reaction to an unknown message', { type: 'reaction', reaction: { message_id: 'wamid.x', emoji: '👍' } }, 131009],
    ['four buttons', interactive({ buttons: ['1', '2', '3', '4'].map((id) => button(id, id)) }), 131009],
    ['a button title over 20 characters', interactive({ buttons: [button('1', 'x'.repeat(21))] }), 131009],
    ['two buttons of one id', interactive({ buttons: [button('1', 'A'), button('1', 'B')] }), 131009],
    ['a list of eleven rows', listOf(11), 131009],
    [
      'an interactive message without action',
      { type: 'interactive', interactive: { type: 'button', body: { text: 'x' } } },
      131008,
    ],
  ]
  it.each(cases)('refuses %s', async (_name, body, code) => {
    const answer = await scene.send(body)
    expect(answer.status).toBeGreaterThanOrEqual(400)
    expect(errorOf(answer)).toMatchObject({ code, type: 'OAuthException' })
    expect(scene.simulator.accepted).toHaveLength(0)
  })

  it('takes the longest texts, captions, buttons and lists allowed', async () => {
    const bodies = [
      { text: { body: 'x'.repeat(4096) } },
      { type: 'image', image: { link: 'https://a.test/x.png', caption: 'x'.repeat(1024) } },
      interactive({ buttons: ['1', '2', '3'].map((id) => button(id, 'x'.repeat(20))) }),
      listOf(10),
    ]
    for (const body of bodies) expect((await scene.send(body)).status).toBe(200)
  })

  it('refuses broken JSON in the same form', async () => {
    const response = await fetch(`${scene.graphUrl}/v25.0/${phoneNumberId}/messages`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{"to":',
    })
    expect(response.status).toBe(400)
    expect(((await response.json()) as { error: Json }).error).toMatchObject({ code: 100 })
  })

  it('refuses a number that was deregistered until it is registered again', async () => {
    await scene.graph('POST', `${phoneNumberId}/deregister`)
    expect(errorOf(await scene.send()).code).toBe(133010)
    await scene.graph('POST', `${phoneNumberId}/register`, { messaging_product: 'whatsapp', pin: '123456' })
    expect((await scene.send()).status).toBe(200)
  })
})

describe('limits', () => {
  it('lends a burst of 45 to one user, then one message every 6 seconds, without slowing others', async () => {
    await scene.openWindow()
    scene.simulator.addCustomer({ phone: '15550107002' })
    const codes: unknown[] = []
    for (let i = 0; i < 46; i++) codes.push(errorOf(await scene.send()).code)
    expect(codes.filter((code) => code === undefined)).toHaveLength(45)
    expect(codes.at(-1)).toBe(131056)
    expect((await scene.send({ to: '15550107002' })).status).toBe(200)
    await scene.clock.advance(6000)
    expect((await scene.send()).status).toBe(200)
    expect(errorOf(await scene.send()).code).toBe(131056)
  })

  it('answers 130429 with the usage header above the throughput of the number', async () => {
    await scene.stop()
    scene = await startScene()
    const number = scene.simulator.world.numbers.get(phoneNumberId)
    if (number) number.throughputPerSecond = 3
    for (let i = 0; i < 3; i++) expect((await scene.send()).status).toBe(200)
    const answer = await scene.send()
    expect(errorOf(answer).code).toBe(130429)
    expect(JSON.parse(answer.headers.get('x-business-use-case-usage') ?? '{}')).toHaveProperty(wabaId)
    await scene.clock.advance(1001)
    expect((await scene.send()).status).toBe(200)
  })

  it('answers 80007 with the minutes to wait above the management calls of an hour', async () => {
    await scene.stop()
    scene = await startScene({ managementCallsPerHour: 2 })
    for (let i = 0; i < 2; i++) expect((await scene.graph('GET', `${wabaId}/phone_numbers`)).status).toBe(200)
    const answer = await scene.graph('GET', `${wabaId}/phone_numbers`)
    expect(errorOf(answer)).toMatchObject({ code: 80007, is_transient: true })
    const usage = JSON.parse(answer.headers.get('x-business-use-case-usage') ?? '{}') as Record<string, Json[]>
    expect(usage[wabaId]?.[0]?.estimated_time_to_regain_access).toBe(60)
  })
})

describe('marking read', () => {
  it('marks the message and all before it, and shows the typing dots for 25 seconds at most', async () => {
    const first = scene.simulator.customerSends({ from: ada, to: phoneNumberId, text: '1' })
    const second = scene.simulator.customerSends({ from: ada, to: phoneNumberId, text: '2' })
    const third = scene.simulator.customerSends({ from: ada, to: phoneNumberId, text: '3' })
    const body = { messaging_product: 'whatsapp', status: 'read', message_id: second, typing_indicator: { type: 'text' } }
    expect((await scene.graph('POST', `${phoneNumberId}/messages`, body)).body).toEqual({ success: true })
    const thread = scene.simulator.thread(phoneNumberId, ada)
    expect(thread.messages.map(({ id, businessRead }) => [id, businessRead ?? false])).toEqual([
      [first, true],
      [second, true],
      [third, false],
    ])
    expect((thread.typingUntil ?? 0) - scene.clock.now()).toBe(25_000)
    await scene.send()
    expect(thread.typingUntil).toBeUndefined()
  })

  it('refuses an unknown message', async () => {
    const body = { messaging_product: 'whatsapp', status: 'read', message_id: 'wamid.x' }
    expect(errorOf(await scene.graph('POST', `${phoneNumberId}/messages`, body)).code).toBe(131009)
  })
})

describe('repeatability', () => {
  async function run(seed: number) {
    const one = await startScene({ seed })
    one.simulator.faults.add({ probability: 0.5, action: { kind: 'duplicateWebhook', copies: 1 } })
    await one.openWindow()
    for (let i = 0; i < 5; i++)
      await one.graph('POST', `${phoneNumberId}/messages`, textBody({ biz_opaque_callback_data: `${i}` }))
    await one.clock.advance(60_000)
    const log = one.simulator.deliveries.map(({ id, body, createdAt, acknowledgedAt }) => ({
      id,
      body,
      createdAt,
      acknowledgedAt,
    }))
    await one.stop()
    return JSON.stringify(log).replaceAll(/127\.0\.0\.1:\d+/g, 'host')
  }

  it('gives the same ids, bodies, times and order for the same seed, and others for another', async () => {
    const first = await run(5)
    expect(await run(5)).toBe(first)
    expect(await run(6)).not.toBe(first)
  })
})
