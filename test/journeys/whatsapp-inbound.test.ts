import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { MessageView } from '../../src/inbox/schema.ts'
import { conversationWith, lastLineWith, threadWith } from '../world/reading.ts'
import { type Customer, createWorld, type World } from '../world/world.ts'

let world: World
let ada: Customer
beforeAll(async () => {
  world = await createWorld()
  ada = world.customer('15550107001', 'Ada')
})
afterAll(() => world?.close())

async function shown(message: Parameters<Customer['sends']>[0]): Promise<MessageView> {
  ada.sends(message)
  await world.settle()
  return await lastLineWith(world, ada.phone)
}

type Sent = Parameters<Customer['sends']>[0]
const card = {
  name: { formatted_name: 'Bo Berg', first_name: 'Bo' },
  phones: [{ phone: '+15550100001', wa_id: '15550100001' }],
}

describe('every kind of message a customer can send is shown', () => {
  const kinds: [string, Sent, Partial<MessageView>][] = [
    ['a text', { text: 'Olá 👋' }, { type: 'text', text: 'Olá 👋', body: { text: 'Olá 👋' } }],
    [
      'a place',
      { type: 'location', payload: { latitude: 1.5, longitude: -2.5, name: 'Home', address: 'Street 1' } },
      { type: 'location', text: 'Home, Street 1', body: { latitude: 1.5, longitude: -2.5, name: 'Home', address: 'Street 1' } },
    ],
    ['a contact card', { type: 'contacts', payload: [card] }, { type: 'contacts', text: 'Bo Berg' }],
    [
      'the quick reply of a template',
      { type: 'button', payload: { text: 'Yes', payload: 'YES' } },
      { type: 'button', text: 'Yes', body: { text: 'Yes', payload: 'YES' } },
    ],
    [
      'a row of a list',
      {
        type: 'interactive',
        payload: { type: 'list_reply', list_reply: { id: 'nine', title: '9 am', description: 'early' } },
      },
      { type: 'interactive', text: '9 am', body: { kind: 'list_reply', id: 'nine', title: '9 am', description: 'early' } },
    ],
    [
      'a filled-in form',
      {
        type: 'interactive',
        payload: { type: 'nfm_reply', nfm_reply: { name: 'flow', body: 'Sent', response_json: '{"kind":"boiler","n":2}' } },
      },
      {
        type: 'interactive',
        text: 'Sent',
        body: { kind: 'form_reply', id: 'flow', title: 'Sent', response: { kind: 'boiler', n: 2 } },
      },
    ],
    [
      'a form whose answer is no object',
      {
        type: 'interactive',
        payload: { type: 'nfm_reply', nfm_reply: { name: 'flow', body: 'Sent', response_json: '"plain"' } },
      },
      { type: 'interactive', text: 'Sent', body: { kind: 'form_reply', id: 'flow', title: 'Sent', response: 'plain' } },
    ],
    [
      'an order',
      {
        type: 'order',
        payload: {
          catalog_id: '77',
          text: 'Please',
          product_items: [{ product_retailer_id: 'tap', quantity: 2, item_price: 9.5, currency: 'EUR' }],
        },
      },
      {
        type: 'order',
        text: 'Please',
        body: { catalogId: '77', text: 'Please', items: [{ productId: 'tap', quantity: 2, price: 9.5, currency: 'EUR' }] },
      },
    ],
    ['a type that cannot be shown', { type: 'unsupported' }, { type: 'unsupported', text: null }],
    [
      'an answer that came without its content',
      { type: 'interactive', valueExtra: { errors: [{ code: 131000, title: 'Something went wrong' }] } },
      { type: 'unsupported' },
    ],
    ['a type nobody knows yet', { type: 'hologram', payload: { depth: 3 } }, { type: 'hologram', body: { depth: 3 } }],
    ['a type that is one of our own words', { type: 'note', payload: { text: 'fake' } }, { type: 'unsupported' }],
    ['a text with a NUL and a lone surrogate', { text: 'a\u0000b\ud800c' }, { type: 'text' }],
  ]
  test.each(kinds)('%s', async (_name, sent, expected) => {
    const before = await threadLength()
    const line = await shown(sent)
    expect(line).toMatchObject({ direction: 'inbound', sender: 'customer', status: 'received', ...expected })
    expect(await threadLength()).toBe(before + 1)
  })

  test('a forwarded message, the product asked about and the ad clicked on are kept with it', async () => {
    expect((await shown({ text: 'look', forwarded: true })).metadata).toMatchObject({ forwarded: 'once' })
    expect((await shown({ text: 'look', forwarded: 'frequently' })).metadata).toMatchObject({ forwarded: 'often' })
    const product = { catalog_id: '77', product_retailer_id: 'tap' }
    expect((await shown({ text: 'how much?', referredProduct: product })).metadata).toMatchObject({ product })
    const referral = { source_type: 'ad', source_id: '9', headline: 'Taps', ctwa_clid: 'clid' }
    expect((await shown({ text: 'hi', referral })).metadata).toMatchObject({ referral })
  })
})

describe('what happens to an earlier message', () => {
  test('a reaction is drawn on it, replaced by the next, and taken back', async () => {
    const wamid = ada.sends({ text: 'Done!' })
    const react = async (payload: object) => {
      ada.sends({ type: 'reaction', payload: { message_id: wamid, ...payload } })
      await world.settle()
      return (await lastLineWith(world, ada.phone)).reactions.map(({ emoji, direction }) => [emoji, direction])
    }
    expect(await react({ emoji: '❤️' })).toEqual([['❤️', 'inbound']])
    expect(await react({ emoji: '👍' })).toEqual([['👍', 'inbound']])
    expect(await react({ emoji: '' })).toEqual([])
    expect(await react({ emoji: '🎉' })).toEqual([['🎉', 'inbound']])
    expect(await react({})).toEqual([])
    expect((await conversationWith(world, ada.phone)).lastPreview).toBe('Done!')
  })

  test('an edit replaces the words and says when', async () => {
    const wamid = ada.sends({ text: 'at nine' })
    await world.settle()
    ada.sends({
      type: 'edit',
      payload: { original_message_id: wamid, message: { type: 'text', text: { body: 'at ten' } } },
    })
    await world.settle()
    const line = await lastLineWith(world, ada.phone)
    expect(line).toMatchObject({ type: 'text', text: 'at ten', body: { text: 'at ten' } })
    expect(line.editedAt).not.toBeNull()
  })

  test('a deleted message keeps its words and says when it was taken back', async () => {
    const wamid = ada.sends({ text: 'oops' })
    await world.settle()
    ada.sends({ type: 'revoke', payload: { original_message_id: wamid } })
    await world.settle()
    const line = await lastLineWith(world, ada.phone)
    expect(line.text).toBe('oops')
    expect(line.revokedAt).not.toBeNull()
  })

  test('an edit, a deletion and a reaction of a message that is not here are kept as lines of their own', async () => {
    const before = await threadLength()
    ada.sends({ type: 'revoke', payload: { original_message_id: 'wamid.elsewhere' } })
    ada.sends({ type: 'reaction', payload: { message_id: 'wamid.elsewhere', emoji: '👍' } })
    ada.sends({
      type: 'edit',
      payload: { original_message_id: 'wamid.elsewhere', message: { type: 'text', text: { body: 'x' } } },
    })
    await world.settle()
    expect(await threadLength()).toBe(before + 3)
  })
})

test('opening the chat for the first time opens the window without counting as unread', async () => {
  const bo = world.customer('15550107009', 'Bo')
  bo.sends({ type: 'request_welcome' })
  await world.settle()
  const conversation = await conversationWith(world, bo.phone)
  expect(conversation.unreadCount).toBe(0)
  expect(Date.parse(conversation.windowExpiresAt ?? '')).toBeGreaterThan(Date.now())
})

test('five lines of one person written at once are one conversation, in order', async () => {
  world.simulator.batchWebhooks({ maxChanges: 3, windowMs: 4 })
  const cy = world.customer('15550107010', 'Cy')
  const words = ['one', 'two', 'three', 'four', 'five']
  for (const word of words) cy.says(word)
  await world.settle()
  world.simulator.batchWebhooks(undefined)
  const lines = await threadWith(world, cy.phone)
  expect([...lines.map((line) => line.text)].sort()).toEqual([...words].sort())
  expect(lines.map((line) => line.seq)).toEqual([1, 2, 3, 4, 5])
  expect(await conversationWith(world, cy.phone)).toMatchObject({ unreadCount: 5, messageCount: 5, lastSeq: 5 })
})

async function threadLength(): Promise<number> {
  const { rows } = await world.database.owner.query<{ n: number }>('SELECT count(*)::int AS n FROM messages')
  return rows[0]?.n ?? 0
}
