import { describe, expect, test } from 'vitest'
import type { MessageEvent } from '../../ports/channel.ts'
import { parseWebhook } from './parse.ts'
import { body, CUSTOMER, change, contact, message, metadata, phoneChange } from './sample-bodies.ts'

const parse = (given: unknown) =>
  parseWebhook(Buffer.from(JSON.stringify(given)), () => new Date('2026-11-21T12:00:00Z')).events
const person = (more: object, contacts?: unknown) => {
  const item = { ...message('text', { body: 'a' }), ...more }
  const event = parse(
    body(change('messages', { metadata, ...(contacts === undefined ? {} : { contacts }), messages: [item] })),
  )[0]
  return event?.kind === 'message' ? event.person : event
}
const bsuid = (value: string) => ({ kind: 'bsuid', value, scope: 'portfolio' })
const waId = (value: string) => ({ kind: 'wa_id', value, scope: '' })

describe('who wrote', () => {
  test('is known by phone and name', () => {
    expect(person({}, [contact()])).toEqual({ identities: [waId(CUSTOMER)], name: 'Mara Lind', phone: `+${CUSTOMER}` })
  })
  test('is known without any contact beside the message', () => {
    expect(person({})).toEqual({ identities: [waId(CUSTOMER)], phone: `+${CUSTOMER}` })
    expect(person({}, [])).toEqual(person({}))
    expect(person({}, ['x', null])).toEqual(person({}))
  })
  test('is known by user id and phone together', () => {
    expect(person({ from_user_id: 'US.1' }, [contact({ user_id: 'US.1' })])).toMatchObject({
      identities: [bsuid('US.1'), waId(CUSTOMER)],
    })
    expect(person({}, [contact({ user_id: 'US.1' })])).toMatchObject({ identities: [bsuid('US.1'), waId(CUSTOMER)] })
  })
  test.each([
    ['left out', undefined],
    ['empty', ''],
  ])('is known by user id alone when the phone is %s', (_how, from) => {
    const contacts = [{ profile: { username: 'mara.l' }, wa_id: from, user_id: 'US.1' }]
    expect(person({ from, from_user_id: 'US.1' }, contacts)).toEqual({ identities: [bsuid('US.1')], username: 'mara.l' })
    expect(person({ from }, contacts)).toEqual({ identities: [bsuid('US.1')], username: 'mara.l' })
  })
  test('is not mixed up with another contact in the same body', () => {
    const contacts = [contact({ wa_id: '15550007777', profile: { name: 'Other' } }), contact({ user_id: 'US.1' })]
    expect(person({}, contacts)).toMatchObject({ name: 'Mara Lind', identities: [bsuid('US.1'), waId(CUSTOMER)] })
    expect(person({ from: '15550008888' }, contacts)).toEqual({ identities: [waId('15550008888')], phone: '+15550008888' })
    expect(person({ from: '' }, contacts)).toMatchObject({ type: 'unreadable' })
  })
  test('is not given the name of whoever had the same phone before', () => {
    const given = person({ from_user_id: 'US.2' }, [contact({ user_id: 'US.1' })])
    expect(given).toEqual({ identities: [bsuid('US.2'), waId(CUSTOMER)], phone: `+${CUSTOMER}` })
  })
  test('has a phone only where the id is one', () => {
    expect(person({ from: 'abc' })).toEqual({ identities: [waId('abc')] })
    expect(person({ from: 15550001111 })).toMatchObject({ phone: '+15550001111' })
    expect(person({ from: '1'.repeat(257) })).toMatchObject({ type: 'unreadable' })
  })
  test('has a name of 512 characters at most, cut between what people see as characters', () => {
    const family = '👨‍👩‍👧‍👦'
    const long = person({}, [contact({ profile: { name: family.repeat(200) } })])
    const name = long && 'name' in long ? (long.name ?? '') : ''
    expect(name).toBe(family.repeat(Math.floor(512 / family.length)))
    expect(person({}, [contact({ profile: { name: '   ' } })])).not.toHaveProperty('name')
    const zalgo = person({}, [contact({ profile: { name: `a${'\u0301'.repeat(2000)}` } })])
    expect(zalgo && 'name' in zalgo ? zalgo.name?.length : 0).toBe(512)
  })
  test('keeps the id of the parent portfolio beside the message', () => {
    const contacts = [contact({ user_id: 'US.1', parent_user_id: 'US.ENT.9' })]
    const [event] = parse(body(change('messages', { metadata, contacts, messages: [message('text', { body: 'a' })] })))
    expect(event).toMatchObject({ metadata: { parentUserId: 'US.ENT.9' } })
  })
})

describe('a line written on a device of the business', () => {
  const echo = (item: object): MessageEvent => {
    const event = parse(phoneChange('smb_message_echoes', { contacts: [contact()], message_echoes: [item] }))[0]
    if (event?.kind !== 'message') throw new Error('not a message')
    return event
  }
  const sent = { ...message('text', { body: 'On my way' }), from: metadata.display_phone_number, to: CUSTOMER }

  test('is an echo to the customer and opens no window', () => {
    expect(echo(sent)).toMatchObject({
      direction: 'echo',
      text: 'On my way',
      opensWindow: false,
      conversational: true,
      person: { identities: [waId(CUSTOMER)], name: 'Mara Lind' },
    })
  })
  test('is to the customer also where the two sides stand the other way round', () => {
    expect(echo({ ...sent, from: CUSTOMER, to: metadata.display_phone_number }).person.phone).toBe(`+${CUSTOMER}`)
  })
  test('to somebody who hides the phone', () => {
    expect(echo({ ...sent, to: '', to_user_id: 'US.1' }).person.identities).toEqual([bsuid('US.1')])
  })
  test('may be edited and taken back', () => {
    const edit = { original_message_id: 'wamid.z', message: { type: 'text', text: { body: 'Now' } } }
    expect(echo({ ...sent, type: 'edit', edit })).toMatchObject({
      direction: 'echo',
      type: 'edit',
      text: 'Now',
      replyTo: 'wamid.z',
    })
    expect(echo({ ...sent, type: 'revoke', revoke: { original_message_id: 'wamid.z' } })).toMatchObject({
      type: 'revoke',
      replyTo: 'wamid.z',
    })
  })
})

describe('a changed number or id', () => {
  const system = (payload: object, more: object = {}) =>
    parse(body(change('messages', { metadata, messages: [message('system', payload, more)] })))

  test('shows a line in the thread and says who became whom', () => {
    const [line, identity, ...rest] = system({ type: 'user_changed_number', body: 'A changed', wa_id: '15550002222' })
    expect(line).toMatchObject({
      kind: 'message',
      type: 'system',
      body: { event: 'number_changed' },
      person: { phone: `+${CUSTOMER}` },
    })
    expect(identity).toMatchObject({
      kind: 'identity',
      reason: 'number_changed',
      from: waId(CUSTOMER),
      to: waId('15550002222'),
      person: { phone: '+15550002222', identities: [waId('15550002222')] },
    })
    expect(rest).toEqual([])
  })
  test('tells both when number and user id change together', () => {
    const events = system({ type: 'user_changed_number', wa_id: '15550002222', user_id: 'US.2' }, { from_user_id: 'US.1' })
    expect(events.slice(1)).toMatchObject([
      { from: bsuid('US.1'), to: bsuid('US.2') },
      { from: waId(CUSTOMER), to: waId('15550002222') },
    ])
  })
  test('of a user id', () => {
    const events = system({ type: 'user_changed_user_id', user_id: 'US.2' }, { from_user_id: 'US.1' })
    expect(events.slice(1)).toMatchObject([{ reason: 'user_id_changed', from: bsuid('US.1'), to: bsuid('US.2') }])
  })
  test('links what is told where nothing of the same kind is', () => {
    expect(system({ type: 'user_changed_user_id', user_id: 'US.2' }).slice(1)).toMatchObject([
      { from: waId(CUSTOMER), to: bsuid('US.2') },
    ])
  })
  test('says nothing where nothing changed', () => {
    expect(system({ type: 'user_changed_number', wa_id: CUSTOMER })).toHaveLength(1)
    expect(system({ type: 'customer_identity_changed' })).toHaveLength(1)
  })
  test('comes as a change of its own too', () => {
    const update = (item: object) => parse(phoneChange('user_id_update', { contacts: [], user_id_update: [item] }))
    expect(update({ wa_id: CUSTOMER, user_id: { previous: 'US.1', current: 'US.2' }, timestamp: '1790000000' })).toMatchObject([
      {
        kind: 'identity',
        reason: 'user_id_updated',
        occurredAt: '2026-09-21T14:13:20.000Z',
        from: bsuid('US.1'),
        to: bsuid('US.2'),
        person: { identities: [bsuid('US.2'), waId(CUSTOMER)] },
      },
    ])
    expect(update({ wa_id: CUSTOMER, user_id: { current: 'US.2' } })).toMatchObject([
      { from: waId(CUSTOMER), to: bsuid('US.2') },
    ])
    const parent = { previous: 'US.ENT.1', current: 'US.ENT.2' }
    expect(update({ user_id: { previous: 'US.1', current: 'US.2' }, parent_user_id: parent })).toMatchObject([
      { kind: 'identity' },
      { type: 'contact.parent_id', data: { value: { parent_user_id: parent } } },
    ])
    expect(update({ detail: 'nothing' })).toMatchObject([{ type: 'unreadable' }])
  })
})
