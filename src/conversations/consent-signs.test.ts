import { expect, test } from 'vitest'
import { inboundText, receipt } from '../../test/world/arrange.ts'
import { scriptedChannel } from '../../test/world/scripted-channel.ts'
import type { Channel } from '../ports/channel.ts'
import { consentSigns } from './consent-signs.ts'

const account = { tenantId: 't', accountId: 'a', externalId: 'e' }
const line = (text: string, extra = {}) => inboundText(account, '16505550123', text, extra)
const channel = scriptedChannel()
const texts: Channel = { ...channel, capabilities: { ...channel.capabilities, carrierKeywords: true } }

test('a batch in which nobody says anything of the kind costs nothing further', () => {
  expect(consentSigns(channel, [line('hello'), line('please stop by at 5'), receipt(account, 'x', 'failed')])).toBeUndefined()
  expect(consentSigns(undefined, [line('STOP')])).toBeUndefined()
})

test('the words of the line are kept as they came', () => {
  const event = line(' Stop. ')
  expect(consentSigns(channel, [line('hi'), event])?.get(event)).toEqual({
    ...{ topic: 'all', state: 'opted_out', source: 'keyword', wording: 'Stop.', answered: false },
  })
})

test('a provider that took a line for such a word is believed, also where the text is another, and has answered already', () => {
  const event = line('no mas', { optOut: 'stop' })
  expect(consentSigns(channel, [event])?.get(event)).toMatchObject({ state: 'opted_out', wording: 'no mas', answered: true })
  const empty = line('', { optOut: 'start', text: null })
  expect(consentSigns(channel, [empty])?.get(empty)).toMatchObject({ state: 'opted_in', wording: '(start)' })
})

test("the business's own lines and reactions say nothing; CANCEL does so only in texts", () => {
  expect(consentSigns(texts, [line('STOP', { direction: 'echo' }), line('STOP', { conversational: false })])).toBeUndefined()
  const cancel = line('Cancel')
  expect(consentSigns(texts, [cancel])?.get(cancel)).toMatchObject({ state: 'opted_out' })
  expect(consentSigns(channel, [cancel])).toBeUndefined()
})

test('a failure whose reason is that the customer wants nothing more says so, in its own words', () => {
  const says: Channel = {
    ...channel,
    describeFailure: (code) => (code === '21610' ? { text: 'x', hint: 'opted_out' } : { text: 'y', hint: 'no_marketing' }),
  }
  const failed = receipt(account, 'x', 'failed', { error: { code: '21610', text: 'unsubscribed' } })
  const other = receipt(account, 'y', 'failed', { error: { code: '1', text: 'none' } })
  const signs = consentSigns(says, [failed, other, receipt(account, 'z', 'delivered')])
  expect(signs?.get(failed)).toMatchObject({ topic: 'all', source: 'provider', wording: '21610: unsubscribed', answered: true })
  expect(signs?.get(other)).toMatchObject({ topic: 'marketing' })
  expect(signs?.size).toBe(2)
})
