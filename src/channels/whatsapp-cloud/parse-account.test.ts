import { describe, expect, test } from 'vitest'
import type { AccountEvent } from '../../ports/channel.ts'
import { parseWebhook } from './parse.ts'
import { accountChange, CUSTOMER, message, PHONE_ID, phoneChange, WABA } from './sample-bodies.ts'

const raw = (given: string) => parseWebhook(Buffer.from(given), () => new Date('2026-11-21T12:00:00Z')).events
const parse = (given: unknown) => raw(JSON.stringify(given))
const one = (given: unknown): AccountEvent => {
  const [event, ...others] = parse(given)
  expect(others).toEqual([])
  if (event?.kind !== 'account') throw new Error(`not an account event: ${JSON.stringify(event)}`)
  return event
}

describe('what happens to the account', () => {
  test.each([
    ['account_update', 'account.updated'],
    ['account_settings_update', 'account.updated'],
    ['account_alerts', 'account.alert'],
    ['account_review_update', 'account.review'],
    ['business_capability_update', 'account.capability'],
    ['phone_number_quality_update', 'account.quality'],
    ['phone_number_name_update', 'account.name'],
    ['business_username_update', 'account.name'],
    ['business_username_updates', 'account.name'],
    ['phone_number_username_update', 'account.name'],
    ['security', 'account.security'],
    ['flows', 'flow.updated'],
    ['payment_configuration_update', 'account.payment'],
    ['partner_solutions', 'account.partner'],
    ['automatic_events', 'account.automatic'],
    ['tracking_events', 'account.tracking'],
    ['messaging_handovers', 'account.handover'],
    ['consumer_profile', 'contact.profile'],
    ['never_heard_of', 'account.unknown'],
  ])('%s is told as %s, with the value as it came', (field, type) => {
    const value = { event: 'SOMETHING', nested: { a: [1, null] } }
    expect(one(accountChange(field, value))).toEqual({
      kind: 'account',
      account: null,
      owner: WABA,
      occurredAt: '2026-09-21T14:13:20.000Z',
      type,
      key: expect.stringMatching(/^[0-9a-f]{64}$/),
      data: { field, event: 'SOMETHING', value },
    })
  })
  test('an event without a field is still an update of the account', () => {
    expect(one({ entry: [{ id: WABA, changes: [{ value: { event: 'PARTNER_APP_INSTALLED' } }] }] }).type).toBe(
      'account.updated',
    )
  })
  test('the same update delivered again has the same key', () => {
    const update = accountChange('account_update', { event: 'ACCOUNT_RECONNECTED' })
    expect(one(update).key).toBe(one(update).key)
  })
  test('another value, time or owner has another key', () => {
    const base = accountChange('security', { event: 'PIN_CHANGED' }, 1_790_000_000)
    const others = [
      accountChange('security', { event: 'PIN_RESET_REQUEST' }, 1_790_000_000),
      // The PIN may be changed twice, and a template approved twice.
      accountChange('security', { event: 'PIN_CHANGED' }, 1_790_000_001),
      { ...base, entry: base.entry.map((entry) => ({ ...entry, id: 'another' })) },
    ]
    expect(new Set([base, ...others].map((given) => one(given).key)).size).toBe(4)
  })
  test('errors beside no message are an alarm with words', () => {
    expect(one(phoneChange('messages', { errors: [{ code: 131042, title: 'Payment' }] }))).toMatchObject({
      type: 'account.error',
      account: PHONE_ID,
      data: { code: '131042', text: expect.stringContaining('payment') },
    })
    expect(one(phoneChange('messages', { errors: ['odd'] })).type).toBe('unreadable')
  })
})

describe('calls', () => {
  const call = (more: object) => phoneChange('calls', { calls: [{ id: 'wacid.1', timestamp: '1790000000', ...more }] })
  test('that come in and end', () => {
    const connect = { event: 'connect', direction: 'USER_INITIATED', from: CUSTOMER, to: '1', session: { sdp_type: 'offer' } }
    expect(one(call(connect))).toMatchObject({
      type: 'call.connect',
      account: PHONE_ID,
      occurredAt: '2026-09-21T14:13:20.000Z',
      data: {
        callId: 'wacid.1',
        direction: 'inbound',
        person: { phone: `+${CUSTOMER}` },
        value: { session: { sdp_type: 'offer' } },
      },
    })
    const end = {
      event: 'terminate',
      direction: 'BUSINESS_INITIATED',
      from: '1',
      to: CUSTOMER,
      status: 'COMPLETED',
      duration: 12,
    }
    expect(one(call(end))).toMatchObject({
      type: 'call.terminate',
      data: { direction: 'outbound', status: 'COMPLETED', person: { phone: `+${CUSTOMER}` } },
    })
    expect(one(call({ event: 'hold' })).type).toBe('call.updated')
    expect(one(call({ id: undefined })).type).toBe('unreadable')
  })
  test('report their state as a status that is no receipt', () => {
    const statuses = [{ id: 'wacid.1', type: 'call', status: 'RINGING', recipient_id: CUSTOMER, timestamp: '1790000000' }]
    expect(one(phoneChange('calls', { statuses }))).toMatchObject({
      type: 'call.status',
      data: { callId: 'wacid.1', status: 'RINGING' },
    })
  })
})

describe('people', () => {
  test('who want no marketing, or want it again', () => {
    const item = {
      wa_id: CUSTOMER,
      user_id: 'US.1',
      category: 'marketing_messages',
      value: 'stop',
      detail: 'User requested',
      timestamp: 1790000000,
    }
    expect(one(phoneChange('user_preferences', { contacts: [], user_preferences: [item] }))).toMatchObject({
      type: 'contact.preference',
      account: PHONE_ID,
      occurredAt: '2026-09-21T14:13:20.000Z',
      data: { choice: 'stop', category: 'marketing_messages', detail: 'User requested', person: { phone: `+${CUSTOMER}` } },
    })
    expect(one(phoneChange('user_preferences', { user_preferences: [{ value: 'stop' }] })).type).toBe('unreadable')
  })
  test('in the address book of the business', () => {
    const item = {
      type: 'contact',
      action: 'add',
      contact: { full_name: 'Mara Lind', first_name: 'Mara', phone_number: '+1 555 000 1111' },
      metadata: { timestamp: '1790000000' },
    }
    expect(one(phoneChange('smb_app_state_sync', { state_sync: [item] }))).toMatchObject({
      type: 'contact.sync',
      data: { action: 'add', person: { name: 'Mara Lind', phone: `+${CUSTOMER}` } },
    })
    expect(one(phoneChange('smb_app_state_sync', { state_sync: [{ action: 'add' }] })).type).toBe('unreadable')
  })
  test('in groups', () => {
    const group = {
      timestamp: '1790000000',
      group_id: 'G1',
      type: 'group_create',
      added_participants: [{ input: 15550001111, wa_id: 15550001111 }],
    }
    for (const field of [
      'group_lifecycle_update',
      'group_participants_update',
      'group_settings_update',
      'group_status_update',
    ]) {
      expect(one(phoneChange(field, { groups: [group] }))).toMatchObject({
        type: 'group.updated',
        data: { field, groupId: 'G1', value: group },
      })
    }
  })
})

describe('history', () => {
  test('is kept raw and never becomes live messages', () => {
    const history = [
      {
        metadata: { phase: 0, chunk_order: 1, progress: 50 },
        threads: [{ id: CUSTOMER, messages: [message('text', { body: 'old' })] }],
      },
    ]
    expect(one(phoneChange('history', { history }))).toMatchObject({ type: 'account.history', data: { value: { history } } })
    // Files of old messages follow in the shape of live ones.
    expect(one(phoneChange('history', { messages: [message('image', { id: '7' })] })).type).toBe('account.history')
    expect(one(phoneChange('history', { history: [{ errors: [{ code: 2593109 }] }] })).type).toBe('account.history')
  })
})

describe('templates', () => {
  const named = { message_template_id: 806312974732579, message_template_name: 'greeting', message_template_language: 'en_US' }
  const template = (field: string, value: object) => one(accountChange(field, { ...named, ...value }))

  test.each([
    ['APPROVED', 'approved'],
    ['REINSTATED', 'approved'],
    ['UNARCHIVED', 'approved'],
    ['PENDING', 'pending'],
    ['REJECTED', 'rejected'],
    ['PAUSED', 'paused'],
    ['DISABLED', 'disabled'],
    ['ARCHIVED', 'disabled'],
    ['DELETED', 'deleted'],
    ['PENDING_DELETION', 'deleted'],
  ])('%s makes it %s', (event, status) => {
    expect(template('message_template_status_update', { event, reason: 'NONE' })).toMatchObject({
      type: 'template.updated',
      template: { name: 'greeting', language: 'en_US', externalId: '806312974732579', status, reason: null },
    })
  })
  test.each(['FLAGGED', 'IN_APPEAL', 'LOCKED', 'LIMIT_EXCEEDED', 'NEW_WORD'])('%s leaves it as usable as it was', (event) => {
    expect(template('message_template_status_update', { event }).template).toEqual({
      name: 'greeting',
      language: 'en_US',
      externalId: '806312974732579',
    })
  })
  test('the reason of a rejection is kept', () => {
    expect(template('message_template_status_update', { event: 'REJECTED', reason: 'SCAM' }).template?.reason).toBe('SCAM')
  })
  test('an id beyond 2^53 keeps all its digits', () => {
    const given = JSON.stringify(accountChange('message_template_status_update', { ...named, event: 'APPROVED' }))
    const [event] = raw(given.replace('806312974732579', '9223372036854775807'))
    expect(event).toMatchObject({
      template: { externalId: '9223372036854775807' },
      data: { value: { message_template_id: '9223372036854775807' } },
    })
  })
  test('quality is told by its keys, whatever the field is called', () => {
    for (const field of ['message_template_quality_update', 'message_template_status_update', 'something_else']) {
      const event = template(field, { previous_quality_score: 'GREEN', new_quality_score: 'YELLOW' })
      expect(event.type).toBe('template.updated')
      expect(event.template).toMatchObject({ quality: 'yellow' })
      expect(event.template?.status).toBeUndefined()
    }
  })
  test('an announced change of category is not yet one, a done one is', () => {
    const announced = { new_category: 'UTILITY', correct_category: 'MARKETING', category_update_timestamp: 1790000000 }
    expect(template('template_category_update', announced).template?.category).toBe('utility')
    const done = { previous_category: 'UTILITY', new_category: 'MARKETING' }
    expect(template('template_category_update', done).template?.category).toBe('marketing')
  })
  test('changed content names the template and keeps what came', () => {
    const event = template('message_template_components_update', { message_template_element: 'Hello {{1}}' })
    expect(event).toMatchObject({
      template: { name: 'greeting' },
      data: { value: { message_template_element: 'Hello {{1}}' } },
    })
  })
  test('an update that names no template is kept without one', () => {
    const event = one(accountChange('message_template_status_update', { event: 'APPROVED' }))
    expect(event.type).toBe('template.updated')
    expect(event.template).toBeUndefined()
  })
  test('approved, paused and approved again are three updates', () => {
    const at = (event: string, time: number) =>
      one(accountChange('message_template_status_update', { ...named, event }, time)).key
    expect(new Set([at('APPROVED', 1), at('PAUSED', 2), at('APPROVED', 3)]).size).toBe(3)
  })
})
