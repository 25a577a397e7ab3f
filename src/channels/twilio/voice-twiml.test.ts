import twilio from 'twilio'
import { describe, expect, test } from 'vitest'
import type { CallAnswer } from '../../ports/telephony.ts'
import { renderTwiml } from './voice-twiml.ts'

const { VoiceResponse } = twilio.twiml
const urls = {
  ...{ dialled: 'https://p.example/d?a=1&b=2', leg: 'https://p.example/leg' },
  ...{ whisper: 'https://p.example/whisper', key: 'https://p.example/key' },
}
type Ring = Extract<CallAnswer, { kind: 'ring' }>
const ring: Ring = { kind: 'ring', to: '+15550100001', callerId: '+15550142001', seconds: 20, byKey: false, urls }

/** As Twilio's own library writes it. */
function official(build: (response: InstanceType<typeof VoiceResponse>) => void): string {
  const response = new VoiceResponse()
  build(response)
  return response.toString()
}
const dial = (given: { byKey?: boolean; timeout?: number; callerId?: string }) =>
  official((response) => {
    const { byKey, timeout = 20, callerId } = given
    const verb = response.dial({ action: urls.dialled, method: 'POST', timeout, callerId, answerOnBridge: true })
    const whisper = byKey ? { url: urls.whisper } : {}
    verb.number(
      { ...whisper, statusCallbackEvent: ['initiated', 'ringing', 'answered', 'completed'], statusCallback: urls.leg },
      ring.to,
    )
  })

describe('is what Twilio’s own library writes', () => {
  test('ringing the business, with the caller’s number shown', () => {
    expect(renderTwiml(ring)).toBe(dial({ callerId: '+15550142001' }))
  })
  test('with a question for whoever picks up, and without a number to show', () => {
    const { callerId: _, ...hidden } = ring
    expect(renderTwiml({ ...hidden, byKey: true })).toBe(dial({ byKey: true }))
  })
  test.each([
    [1, 5],
    [20.4, 20],
    [9999, 600],
  ])('%s seconds of ringing are %s', (seconds, timeout) => {
    expect(renderTwiml({ ...ring, seconds })).toBe(dial({ callerId: '+15550142001', timeout }))
  })
  test.each([
    ['en', 'en-US'],
    ['en-GB', 'en-GB'],
    ['ru', 'ru-RU'],
    ['ar', 'arb'],
  ] as const)('words in %s, then the end', (language, spoken) => {
    const text = `Tom & Jerry's <pipes> "ltd" – привет`
    expect(renderTwiml({ kind: 'say_and_hang_up', text, language })).toBe(
      official((response) => {
        response.say({ language: spoken as 'en-US' }, text)
        response.hangup()
      }),
    )
  })
  test('the question for a key', () => {
    expect(renderTwiml({ kind: 'ask_for_key', text: 'Press 1.', language: 'en', seconds: 8, url: urls.key })).toBe(
      official((response) => {
        const gather = response.gather({ numDigits: 1, timeout: 8, action: urls.key, method: 'POST' })
        gather.say({ language: 'en-US' }, 'Press 1.')
        response.hangup()
      }),
    )
  })
  test('nothing, and the end', () => {
    expect(renderTwiml({ kind: 'go_on' }).replace('<Response></Response>', '<Response/>')).toBe(official(() => {}))
    expect(renderTwiml({ kind: 'hang_up' })).toBe(official((response) => response.hangup()))
  })
})

test('what XML cannot carry is left out, and what is too long is cut', () => {
  const said = renderTwiml({ kind: 'say_and_hang_up', text: `a\u0000\u0007b\ud800${'x'.repeat(5000)}`, language: 'xx' })
  expect(said).toMatch(/<Say>ab\ufffdx{4091}<\/Say>/)
})
