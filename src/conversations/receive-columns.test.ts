import { expect, test } from 'vitest'
import type { MessageEvent, PersonIdentity } from '../ports/channel.ts'
import { type Incoming, intoRounds, messageColumns } from './receive-columns.ts'

let n = 0
function line(...identities: [PersonIdentity['kind'], string][]): Incoming<MessageEvent> {
  n += 1
  return {
    provider: 'p',
    appSlug: '',
    windowHours: 24,
    event: {
      kind: 'message',
      direction: 'inbound',
      account: 'a',
      externalId: `m${n}`,
      occurredAt: '2026-11-21T00:00:00Z',
      person: { identities: identities.map(([kind, value]) => ({ kind, value, scope: kind === 'bsuid' ? 'portfolio' : '' })) },
      type: 'text',
      text: 'x',
      body: {},
      media: [],
      opensWindow: true,
      conversational: true,
      metadata: {},
    },
  }
}
const ids = (rounds: Incoming<MessageEvent>[][]) => rounds.map((round) => round.map((item) => item.event.externalId))

test('people with nothing in common, and one person seen the same way again, share a round', () => {
  const lines = [line(['wa_id', '1']), line(['wa_id', '2']), line(['wa_id', '1']), line(['wa_id', '3'], ['bsuid', 'B3'])]
  expect(ids(intoRounds(lines))).toEqual([lines.map((l) => l.event.externalId)])
})

test('two ways of seeing one person are taken in one after the other, and their later lines keep their order', () => {
  const first = line(['wa_id', '9'])
  const both = line(['wa_id', '9'], ['bsuid', 'B9'])
  const again = line(['wa_id', '9'])
  const stranger = line(['wa_id', '10'])
  expect(ids(intoRounds([first, both, again, stranger]))).toEqual([
    [first, stranger].map((l) => l.event.externalId),
    [both.event.externalId],
    [again.event.externalId],
  ])
})

test('within a round the same person is offered the same new contact and conversation', () => {
  const round = [line(['wa_id', '7']), line(['wa_id', '8']), line(['wa_id', '7'])]
  let made = 0
  const { values } = messageColumns(round, () => `id${made++}`)
  const [contacts, conversations] = [values.at(-2) as string[], values.at(-1) as string[]]
  expect(contacts[0]).toBe(contacts[2])
  expect(contacts[0]).not.toBe(contacts[1])
  expect(conversations[0]).toBe(conversations[2])
  expect(new Set(values[5] as string[]).size).toBe(3)
})

test('an id that comes twice in one batch is known as such, at its own address only', () => {
  const [first, other] = [line(['wa_id', '7']), line(['wa_id', '8'])]
  const same = { ...other, event: { ...other.event, externalId: first.event.externalId } }
  const elsewhere = { ...same, event: { ...same.event, account: 'another' } }
  const { values, place } = messageColumns([first, same, elsewhere, first])
  expect(values[4]).toEqual([false, true, false, true])
  expect(place).toEqual([1, 1, 2, 1])
})
