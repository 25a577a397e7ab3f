import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { CustomerSend } from './inbound.ts'
import { ada, messagesOf, phoneNumberId, type Scene, startScene, valuesOf, wabaId, wamidOf } from './test-kit.ts'
import type { Json } from './types.ts'

let scene: Scene
beforeEach(async () => {
  scene = await startScene()
})
afterEach(() => scene.stop())

const last = () => messagesOf(scene.receiver.received).at(-1) ?? {}

async function sends(send: Omit<CustomerSend, 'from' | 'to'>): Promise<Json> {
  const id = scene.simulator.customerSends({ from: ada, to: phoneNumberId, ...send })
  await scene.clock.advance(1000)
  expect(last().id).toBe(id)
  return last()
}

const bytes = new Uint8Array([1, 2, 3])

describe('what a customer sends', () => {
  it('names the sender by phone and by business-scoped user id, with the profile', async () => {
    const message = await sends({ text: 'hello' })
    expect(message).toMatchObject({ from: ada, type: 'text', text: { body: 'hello' } })
    expect(message.timestamp).toMatch(/^\d{10}$/)
    expect(valuesOf(scene.receiver.received)[0]?.contacts).toEqual([
      { profile: { name: 'Ada' }, wa_id: ada, user_id: message.from_user_id },
    ])
  })

  it.each<[string, Omit<CustomerSend, 'from' | 'to'>, Json]>([
    [
      'an image',
      { type: 'image', media: { bytes, mimeType: 'image/png', caption: 'c' } },
      { image: { caption: 'c', mime_type: 'image/png' } },
    ],
    [
      'a voice note',
      { type: 'audio', media: { bytes, mimeType: 'audio/ogg; codecs=opus', voice: true } },
      { audio: { voice: true } },
    ],
    ['a video', { type: 'video', media: { bytes, mimeType: 'video/mp4' } }, { video: { mime_type: 'video/mp4' } }],
    [
      'a document',
      { media: { bytes, mimeType: 'application/pdf', filename: 'a.pdf' } },
      { type: 'document', document: { filename: 'a.pdf' } },
    ],
    [
      'a sticker',
      { type: 'sticker', media: { bytes, mimeType: 'image/webp', animated: true } },
      { sticker: { animated: true } },
    ],
    [
      'a location',
      { type: 'location', payload: { latitude: 1.5, longitude: 2 } },
      { location: { latitude: 1.5, longitude: 2 } },
    ],
    [
      'contacts',
      { type: 'contacts', payload: [{ name: { formatted_name: 'Bo' } }] },
      { contacts: [{ name: { formatted_name: 'Bo' } }] },
    ],
    ['an order', { type: 'order', payload: { catalog_id: '1', product_items: [] } }, { order: { catalog_id: '1' } }],
    [
      'a filled form',
      { type: 'interactive', payload: { type: 'nfm_reply', nfm_reply: { name: 'flow', body: 'Sent', response_json: '[1]' } } },
      { interactive: { nfm_reply: { response_json: '[1]' } } },
    ],
    [
      'something unsupported',
      { type: 'unsupported', extra: { unsupported: { type: 'gif' } } },
      { errors: [{ code: 131051 }], unsupported: { type: 'gif' } },
    ],
    ['a first opening of the chat', { type: 'request_welcome' }, { type: 'request_welcome' }],
    ['a forwarded text', { text: 'x', forwarded: true }, { context: { forwarded: true } }],
    ['a text forwarded many times', { text: 'x', forwarded: 'frequently' }, { context: { frequently_forwarded: true } }],
    [
      'a question about a product',
      { text: 'x', referredProduct: { catalog_id: '1', product_retailer_id: '2' } },
      { context: { referred_product: { catalog_id: '1', product_retailer_id: '2' } } },
    ],
    [
      'a click on an ad',
      { text: 'x', referral: { source_type: 'ad', ctwa_clid: 'c' } },
      { referral: { source_type: 'ad', ctwa_clid: 'c' } },
    ],
  ])('carries %s in its own key', async (_name, send, expected) => {
    expect(await sends(send)).toMatchObject(expected)
  })

  it('quotes the message answered with its author', async () => {
    const own = scene.simulator.customerSends({ from: ada, to: phoneNumberId, text: '1' })
    const theirs = wamidOf(await scene.send())
    expect((await sends({ text: '2', replyTo: own })).context).toEqual({ from: ada, id: own })
    expect((await sends({ text: '3', replyTo: theirs })).context).toEqual({ from: '15550783881', id: theirs })
  })

  it('reacts, takes the reaction back, edits and deletes without adding to the chat', async () => {
    const id = String((await sends({ text: 'frist' })).id)
    const [message] = scene.simulator.thread(phoneNumberId, ada).messages
    await sends({ type: 'reaction', payload: { message_id: id, emoji: '👍' } })
    expect(message?.reactions.customer).toBe('👍')
    expect((await sends({ type: 'reaction', payload: { message_id: id } })).reaction).toEqual({ message_id: id })
    expect(message?.reactions.customer).toBeUndefined()
    await sends({ type: 'edit', payload: { original_message_id: id, message: { type: 'text', text: { body: 'first' } } } })
    expect(message).toMatchObject({ edited: true, content: { text: { body: 'first' } } })
    expect(await sends({ type: 'revoke', payload: { original_message_id: id } })).toMatchObject({
      revoke: { original_message_id: id },
    })
    expect(message?.revoked).toBe(true)
    expect(scene.simulator.thread(phoneNumberId, ada).messages).toHaveLength(1)
  })

  it('shows the customer when the business took the message', async () => {
    scene.receiver.answers.push(500, 500)
    await sends({ text: 'x' })
    const [message] = scene.simulator.thread(phoneNumberId, ada).messages
    expect(message?.acknowledged).toBeUndefined()
    await scene.clock.advance(20_000)
    expect(message?.acknowledged).toBe(true)
  })

  it('reaches nobody when the business blocked the customer', async () => {
    await scene.graph('POST', `${phoneNumberId}/block_users`, {
      messaging_product: 'whatsapp',
      block_users: [{ user: `+${ada}` }],
    })
    scene.simulator.customerSends({ from: ada, to: phoneNumberId, text: 'x' })
    await scene.clock.advance(1000)
    expect(scene.receiver.received).toHaveLength(0)
    await scene.graph('DELETE', `${phoneNumberId}/block_users`, { messaging_product: 'whatsapp', block_users: [{ user: ada }] })
    await sends({ text: 'y' })
  })
})

describe('tapping', () => {
  const reply = (id: string, title: string) => ({ type: 'reply', reply: { id, title } })
  async function sent(body: Json) {
    await scene.openWindow()
    return wamidOf(await scene.send(body))
  }
  async function taps(messageId: string, id: string) {
    scene.simulator.customerTaps({ messageId, id })
    await scene.clock.advance(1000)
    return last()
  }

  it('answers a button with its id and title and quotes the message', async () => {
    const interactive = { type: 'button', body: { text: '?' }, action: { buttons: [reply('y', 'Yes'), reply('n', 'No')] } }
    const id = await sent({ type: 'interactive', interactive })
    expect(await taps(id, 'n')).toMatchObject({
      type: 'interactive',
      interactive: { type: 'button_reply', button_reply: { id: 'n', title: 'No' } },
      context: { id, from: '15550783881' },
    })
    expect(() => scene.simulator.customerTaps({ messageId: id, id: 'maybe' })).toThrow(/no button/)
  })

  it('answers a list with the row and its description', async () => {
    const sections = [{ rows: [{ id: 'r1', title: 'Ten', description: 'in the morning' }] }]
    const id = await sent({
      type: 'interactive',
      interactive: { type: 'list', body: { text: '?' }, action: { button: 'Open', sections } },
    })
    expect(await taps(id, 'r1')).toMatchObject({
      interactive: { type: 'list_reply', list_reply: { id: 'r1', title: 'Ten', description: 'in the morning' } },
    })
  })

  it('answers a quick reply of a template with the payload given at sending, else with its text', async () => {
    const buttons = [
      { type: 'QUICK_REPLY', text: 'Yes' },
      { type: 'QUICK_REPLY', text: 'No' },
    ]
    const components = [
      { type: 'BODY', text: 'Coming?' },
      { type: 'BUTTONS', buttons },
    ]
    scene.simulator.addTemplate(wabaId, { name: 'ask', language: 'en', category: 'UTILITY', components })
    const payload = {
      type: 'button',
      sub_type: 'quick_reply',
      index: '0',
      parameters: [{ type: 'payload', payload: 'CONFIRM-7' }],
    }
    const id = await sent({ type: 'template', template: { name: 'ask', language: { code: 'en' }, components: [payload] } })
    expect(await taps(id, 'CONFIRM-7')).toMatchObject({ type: 'button', button: { text: 'Yes', payload: 'CONFIRM-7' } })
    expect(await taps(id, 'No')).toMatchObject({ button: { text: 'No', payload: 'No' } })
  })
})

describe('who the customer is', () => {
  it('leaves out the phone everywhere once a username hides it, and keeps the same user id', async () => {
    const before = await sends({ text: 'a' })
    scene.simulator.adoptUsername(ada, 'ada.l')
    const after = await sends({ text: 'b' })
    expect(after).not.toHaveProperty('from')
    expect(after.from_user_id).toBe(before.from_user_id)
    expect(valuesOf(scene.receiver.received).at(-1)?.contacts).toEqual([
      { profile: { name: 'Ada', username: 'ada.l' }, user_id: before.from_user_id },
    ])
    const answer = await scene.send({ to: undefined, recipient: after.from_user_id })
    expect(answer.body.contacts).toEqual([{ input: after.from_user_id, user_id: after.from_user_id }])
    await scene.clock.advance(5000)
    const [sent, delivered] = valuesOf(scene.receiver.received).slice(-2)
    expect(sent?.statuses?.[0]).toMatchObject({ recipient_user_id: after.from_user_id })
    expect(sent?.statuses?.[0]).not.toHaveProperty('recipient_id')
    expect(sent?.contacts?.[0]?.profile).toEqual({ name: 'Ada' })
    expect(delivered?.contacts?.[0]?.profile).toEqual({ name: 'Ada', username: 'ada.l' })
    scene.simulator.shareNumber(ada)
    expect((await sends({ text: 'c' })).from).toBe(ada)
  })

  it('tells of a new number by a system message and of the new user id by an update', async () => {
    const { from_user_id: previous } = await sends({ text: 'a' })
    scene.simulator.changeNumber(ada, '+1 555 010 7099')
    await scene.clock.advance(1000)
    const values = valuesOf(scene.receiver.received).slice(-2)
    const system = values.find((value) => value.messages)?.messages?.[0]
    expect(system).toMatchObject({ from: ada, type: 'system', system: { type: 'user_changed_number', wa_id: '15550107099' } })
    const update = values.find((value) => value.user_id_update) as { user_id_update: Json[] }
    expect(update.user_id_update[0]).toMatchObject({ wa_id: '15550107099', user_id: { previous } })
    const next = await sends({ text: 'b' })
    expect(next.from).toBe('15550107099')
    expect(update).toHaveProperty('user_id_update.0.user_id.current', next.from_user_id)
    expect(next.from_user_id).not.toBe(previous)
  })

  it('is known by another user id to another portfolio', async () => {
    const { from_user_id: here } = await sends({ text: 'a' })
    const { appId } = scene.simulator.world.numbers.get(phoneNumberId) ?? { appId: '' }
    scene.simulator.addNumber({
      phoneNumberId: '42',
      displayPhoneNumber: '+1 555 1',
      wabaId: '43',
      accessToken: 't',
      verifiedName: 'B',
      appId,
    })
    scene.simulator.customerSends({ from: ada, to: '42', text: 'b' })
    await scene.clock.advance(1000)
    expect(last().from_user_id).not.toBe(here)
  })
})

describe('what the business does elsewhere', () => {
  it('echoes what was typed in the business app', async () => {
    scene.simulator.businessAppSends({ phoneNumberId, to: ada, text: 'from the shop floor' })
    await scene.clock.advance(1000)
    expect(scene.receiver.received[0]?.json).toMatchObject({
      entry: [
        {
          changes: [
            {
              field: 'smb_message_echoes',
              value: { message_echoes: [{ from: '15550783881', to: ada, text: { body: 'from the shop floor' } }] },
            },
          ],
        },
      ],
    })
  })

  it('tells of changes of the account and of any other field', async () => {
    scene.simulator.updateAccount(wabaId, { event: 'DISABLED_UPDATE', ban_info: { waba_ban_state: 'DISABLE' } })
    scene.simulator.emit({ phoneNumberId, field: 'unheard_of', value: { x: 1 } })
    await scene.clock.advance(1000)
    expect(valuesOf(scene.receiver.received)).toEqual(
      expect.arrayContaining([
        { event: 'DISABLED_UPDATE', ban_info: { waba_ban_state: 'DISABLE' } },
        expect.objectContaining({ x: 1, metadata: { display_phone_number: '15550783881', phone_number_id: phoneNumberId } }),
      ]),
    )
  })
})
