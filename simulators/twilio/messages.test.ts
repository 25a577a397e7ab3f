import twilio from 'twilio'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { accountSid, ada, authToken, officialClient, type Scene, shop, startScene, whatsAppShop } from './test-kit.ts'

let scene: Scene
beforeEach(async () => {
  scene = await startScene()
})
afterEach(() => scene.stop())

const send = (more: Record<string, string> = {}) =>
  scene.client.messages.create({ to: ada, from: shop, body: 'Hello', statusCallback: scene.receiver.url, ...more })

describe('Twilio’s own client', () => {
  test('sends, and every callback is signed as its library wants it', async () => {
    const message = await send()
    expect(message).toMatchObject({ status: 'queued', direction: 'outbound-api', numSegments: '1', price: null, to: ada })
    await scene.simulator.settle()
    expect(scene.receiver.statuses()).toEqual(['sent', 'delivered'])
    for (const { headers, params, url } of scene.receiver.received)
      expect(twilio.validateRequest(authToken, String(headers['x-twilio-signature']), url, params)).toBe(true)
    expect(scene.receiver.received[1]?.params).toMatchObject({ MessageSid: message.sid, RawDlrDoneDate: '2611011200' })
    expect((await scene.client.messages(message.sid).fetch()).status).toBe('delivered')
  })
  test('lists by address and day, page by page, newest first', async () => {
    const sids: string[] = []
    for (let n = 0; n < 5; n++) sids.push((await send({ body: `${n}` })).sid)
    scene.simulator.customerSends({ from: ada, to: shop, body: 'Hi' })
    await scene.simulator.settle()
    const today = new Date('2026-11-01T00:00:00Z')
    const found = await scene.client.messages.list({ to: ada, dateSentAfter: today, pageSize: 2 })
    expect(found.map(({ sid }) => sid)).toEqual(sids.toReversed())
    expect(await scene.client.messages.list({ to: shop })).toHaveLength(1)
    expect(await scene.client.messages.list({ dateSentBefore: new Date(scene.clock.now() - 86_400_000) })).toEqual([])
  })
  test('takes words away, deletes, and cancels what is scheduled', async () => {
    const message = await send()
    await expect(scene.client.messages(message.sid).remove()).rejects.toMatchObject({ code: 20009 })
    await scene.simulator.settle()
    expect((await scene.client.messages(message.sid).update({ body: '' })).body).toBe('')
    expect(await scene.client.messages(message.sid).remove()).toBe(true)
    await expect(scene.client.messages(message.sid).fetch()).rejects.toMatchObject({ status: 404, code: 20404 })
    const { sid } = scene.simulator.addService({
      accountSid,
      senders: [[...scene.simulator.world.numbers.keys()][0] as string],
    })
    const sendAt = new Date(scene.clock.now() + 3_600_000)
    const later = await scene.client.messages.create({
      to: ada,
      messagingServiceSid: sid,
      body: 'Later',
      scheduleType: 'fixed',
      sendAt,
    })
    expect(later.status).toBe('scheduled')
    expect((await scene.client.messages(later.sid).update({ status: 'canceled' })).status).toBe('canceled')
    await scene.simulator.advance(7_200_000)
    expect((await scene.client.messages(later.sid).fetch()).status).toBe('canceled')
  })
  test('is told why not, in the API’s form', async () => {
    const cases: [Record<string, string>, number][] = [
      [{ to: '' }, 21604],
      [{ to: 'nobody' }, 21211],
      [{ body: '' }, 21602],
      [{ body: 'x'.repeat(1601) }, 21617],
      [{ from: '+15550199999' }, 21606],
      [{ to: `whatsapp:${ada}` }, 21910],
      [{ to: `whatsapp:${ada}`, from: 'whatsapp:+15550199999' }, 63007],
      [{ mediaUrl: 'ftp://example.org/a.png' }, 21620],
    ]
    for (const [more, code] of cases) await expect(send(more), String(code)).rejects.toMatchObject({ code, status: 400 })
    await expect(officialClient(scene.url, accountSid, 'wrong').messages.list()).rejects.toMatchObject({
      status: 401,
      code: 20003,
    })
    expect(scene.simulator.sent).toHaveLength(0)
  })
})

describe('what becomes of a message', () => {
  test.each([
    [{ fails: { code: 30003, status: 'undelivered' as const } }, ['sent', 'undelivered'], '30003'],
    [{ fails: { code: 30007, status: 'failed' as const } }, ['failed'], '30007'],
    [{ landline: true }, ['sent', 'undelivered'], '30006'],
  ])('%j', async (phone, statuses, code) => {
    scene.simulator.setPhone({ number: ada, ...phone })
    const { sid } = await send()
    await scene.simulator.settle()
    expect(scene.receiver.statuses()).toEqual(statuses)
    expect(scene.receiver.received.at(-1)?.params).toMatchObject({ ErrorCode: code })
    expect(await scene.client.messages(sid).fetch()).toMatchObject({ errorCode: Number(code), status: statuses.at(-1) })
  })
  test('a phone that is off gets it when it is on again', async () => {
    scene.simulator.setPhone({ number: ada, online: false })
    await send()
    await scene.simulator.settle()
    expect(scene.receiver.statuses()).toEqual(['sent'])
    scene.simulator.setPhone({ number: ada, online: true })
    await scene.simulator.settle()
    expect(scene.receiver.statuses()).toEqual(['sent', 'delivered'])
  })
  test('a number without registration reaches nobody in the US', async () => {
    scene.simulator.addNumber({ accountSid, phoneNumber: '+15550100010', a2pRegistered: false })
    await send({ from: '+15550100010' })
    await scene.simulator.settle()
    expect(scene.receiver.received.at(-1)?.params).toMatchObject({ MessageStatus: 'undelivered', ErrorCode: '30034' })
  })
  test('callbacks come twice, in the wrong order, late, before the answer, or never, as is asked', async () => {
    const { faults } = scene.simulator
    faults.add({ times: 1, match: { status: 'sent' }, action: { kind: 'duplicateWebhook', copies: 1 } })
    await send()
    await scene.simulator.settle()
    expect(scene.receiver.statuses().toSorted()).toEqual(['delivered', 'sent', 'sent'])
    const [first, second] = scene.receiver.received.filter(({ params }) => params.MessageStatus === 'sent')
    expect(first?.headers['i-twilio-idempotency-token']).toBe(second?.headers['i-twilio-idempotency-token'])

    scene.receiver.received.length = 0
    faults.add({ times: 1, action: { kind: 'reverseStatuses' } })
    faults.add({ times: 1, match: { status: 'sent' }, action: { kind: 'webhookDelay', ms: 5000 } })
    await send()
    await scene.simulator.settle()
    expect(scene.receiver.statuses()).toEqual(['delivered', 'sent'])

    scene.receiver.received.length = 0
    faults.add({ times: 1, match: { kind: 'status' }, action: { kind: 'webhookLost' } })
    await send()
    await scene.simulator.settle()
    expect(scene.receiver.statuses()).toEqual(['delivered'])

    scene.receiver.received.length = 0
    faults.add({ times: 1, action: { kind: 'statusesBeforeAnswer' } })
    await send()
    expect(scene.receiver.statuses()).toEqual(['sent', 'delivered'])
  })
  test('an answer that was lost: the message is there, and the list shows it', async () => {
    scene.simulator.setMood('losesAnswers')
    await expect(send()).rejects.toThrow()
    scene.simulator.setMood('well')
    expect(await scene.client.messages.list({ to: ada })).toHaveLength(1)
  })
})

describe('WhatsApp', () => {
  const toWhatsApp = (more: Record<string, string> = {}) => send({ to: `whatsapp:${ada}`, from: whatsAppShop, ...more })
  test('free text reaches whoever wrote within 24 hours, and is read', async () => {
    scene.simulator.customerSends({ from: ada, to: whatsAppShop, body: 'Hi' })
    await scene.simulator.settle()
    scene.receiver.received.length = 0
    await toWhatsApp()
    await scene.simulator.settle()
    scene.simulator.customerReads(ada, whatsAppShop)
    await scene.simulator.settle()
    expect(scene.receiver.statuses()).toEqual(['sent', 'delivered', 'read'])
    expect(scene.receiver.received[1]?.params).toMatchObject({ ChannelPrefix: 'whatsapp', EventType: 'DELIVERED' })
  })
  test('outside of them only a template does', async () => {
    await toWhatsApp()
    await scene.simulator.settle()
    expect(scene.receiver.received.at(-1)?.params).toMatchObject({ MessageStatus: 'failed', ErrorCode: '63016' })
    const { sid } = scene.simulator.addContent({
      ...{ accountSid, friendlyName: 'greeting', language: 'en' },
      types: { 'twilio/text': { body: 'Hello {{1}}' } },
    })
    const message = await toWhatsApp({ contentSid: sid, contentVariables: '{"1":"Ada"}', body: '' })
    expect(message.body).toBe('Hello Ada')
    await scene.simulator.settle()
    expect(scene.receiver.statuses().at(-1)).toBe('delivered')
  })
})
