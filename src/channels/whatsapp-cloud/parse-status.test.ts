import { describe, expect, test } from 'vitest'
import type { ReceiptEvent } from '../../ports/channel.ts'
import { parseWebhook } from './parse.ts'
import { body, CUSTOMER, change, contact, metadata, PHONE_ID, status, statuses } from './sample-bodies.ts'

const now = () => new Date('2026-11-21T12:00:00.000Z')
const parse = (given: unknown) => parseWebhook(Buffer.from(JSON.stringify(given)), now).events
const receipt = (word: string, more: object = {}): ReceiptEvent => {
  const event = parse(statuses(status(word, more)))[0]
  if (event?.kind !== 'receipt') throw new Error(`not a receipt: ${JSON.stringify(event)}`)
  return event
}

describe('a receipt', () => {
  test.each(['sent', 'delivered', 'read', 'played', 'failed', 'teleported'])('%s is told as it came', (word) => {
    expect(receipt(word)).toMatchObject({
      status: word,
      externalId: 'wamid.out',
      account: PHONE_ID,
      occurredAt: '2026-09-21T14:15:00.000Z',
    })
  })
  test('keeps pricing, conversation and what is not known here', () => {
    const more = { pricing: { pricing_model: 'PMP', category: 'service' }, conversation: { id: 'c' }, novelty: 1 }
    expect(receipt('sent', more).detail).toEqual({ recipient_id: CUSTOMER, ...more })
  })
  test('carries our message id back, and nobody else’s words', () => {
    const id = '0190AAAA-0000-7000-8000-000000000001'
    expect(receipt('sent', { biz_opaque_callback_data: id }).messageId).toBe(id.toLowerCase())
    for (const other of ['some data', '', `${id}x`, 7])
      expect(receipt('sent', { biz_opaque_callback_data: other }).messageId).toBeUndefined()
  })
  test('says why the message failed, in words', () => {
    const errors = [{ code: 131047, title: 'Re-engagement message', error_data: { details: 'More than 24 hours' } }]
    const event = receipt('failed', { errors })
    expect(event.error).toEqual({ code: '131047', text: expect.stringContaining('24 hours') })
    expect(event.detail.errors).toEqual(errors)
    expect(receipt('failed', { errors: [{ code: 999999, title: 'Odd' }] }).error).toEqual({
      code: '999999',
      text: expect.stringContaining('Odd'),
    })
    expect(receipt('failed').error).toBeUndefined()
  })
  test('in a group is about one member', () => {
    const group = {
      recipient_id: 'G1',
      recipient_type: 'group',
      recipient_participant_id: CUSTOMER,
      recipient_participant_user_id: 'US.1',
    }
    const event = receipt('read', group)
    expect(event.participant).toBe(CUSTOMER)
    expect(event.person?.identities).toEqual([
      { kind: 'bsuid', value: 'US.1', scope: 'portfolio' },
      { kind: 'wa_id', value: CUSTOMER, scope: '' },
    ])
    const hidden = receipt('read', { ...group, recipient_participant_id: '' })
    expect(hidden.participant).toBe('US.1')
    expect(receipt('sent', { recipient_id: 'G1', recipient_type: 'group' }).person).toBeUndefined()
  })
  test('tells the person by phone, by user id, or not at all', () => {
    expect(receipt('sent').person?.phone).toBe(`+${CUSTOMER}`)
    expect(receipt('sent', { recipient_id: '', recipient_user_id: 'US.1' }).person).toEqual({
      identities: [{ kind: 'bsuid', value: 'US.1', scope: 'portfolio' }],
    })
    expect(receipt('sent', { recipient_id: undefined }).person).toBeUndefined()
  })
  test('learns name and user id from the contact beside it', () => {
    const contacts = [contact({ profile: { name: 'Mara', username: 'mara.l' }, user_id: 'US.1' })]
    const [event] = parse(body(change('messages', { metadata, contacts, statuses: [status('read')] })))
    expect(event).toMatchObject({
      person: { name: 'Mara', username: 'mara.l', identities: [{ value: 'US.1' }, { value: CUSTOMER }] },
    })
  })
  test('without id, word or number is kept as unreadable', () => {
    const bad = [status('', {}), status('sent', { id: '' }), status('x'.repeat(65)), 'sent']
    expect(parse(statuses(...bad)).map((event) => event.kind === 'account' && event.type)).toEqual(Array(4).fill('unreadable'))
    expect(parse(body(change('messages', { statuses: [status('sent')] })))).toMatchObject([{ type: 'unreadable' }])
  })
})
