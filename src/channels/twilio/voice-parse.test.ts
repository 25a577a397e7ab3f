import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { voiceHooks } from '../../ports/telephony.ts'
import { callerOf, parseVoice } from './voice-parse.ts'

const base = 'https://parley.example/hooks/twilio/voice'
const ring = {
  ...{ CallSid: 'CA0123456789abcdef0123456789abcdef', AccountSid: 'AC1', Direction: 'inbound', CallStatus: 'ringing' },
  ...{ From: '+15550142001', To: '+15550100009', Caller: '+15550142001', Called: '+15550100009' },
  ...{ FromCity: 'OAKLAND', FromState: 'CA', FromCountry: 'US', CallerName: 'J DOE' },
}
const parse = (hook: Parameters<typeof parseVoice>[0], form: Record<string, string | undefined>, query = '') =>
  parseVoice(hook, {
    url: `${base}/${hook}${query}`,
    rawBody: Buffer.from(
      new URLSearchParams(Object.entries(form).filter((e): e is [string, string] => e[1] !== undefined)).toString(),
    ),
  })
const event = (...given: Parameters<typeof parse>) => {
  const parsed = parse(...given)
  if (!('event' in parsed)) throw new Error(JSON.stringify(parsed))
  return parsed.event
}

describe('a call that comes in', () => {
  test('says who rings, from where, and which number', () => {
    expect(event('incoming', ring)).toEqual({
      ...{ kind: 'ringing', callId: ring.CallSid, account: '+15550100009' },
      ...{ caller: { kind: 'phone', phone: '+15550142001', raw: '+15550142001' }, callerName: 'J DOE' },
      ...{ city: 'OAKLAND', state: 'CA', country: 'US' },
    })
  })
  test.each([
    ...['+266696687', '+7378742833', '+2562533', '+8656696', '+86282452253', '266696687'],
    ...['anonymous', 'Anonymous', 'RESTRICTED', 'unavailable', '', '+', '+1', '+12345678901234567890'],
  ])('from %j hides its number', (From) => {
    expect(event('incoming', { ...ring, From, Caller: From })).toMatchObject({ caller: { kind: 'withheld', raw: From } })
  })
  test.each(['sip:desk@example.com', 'client:anna', 'whatsapp:+15550142001'])('from %s is nobody who can be texted', (From) => {
    expect(event('incoming', { ...ring, From })).toMatchObject({ caller: { kind: 'other', raw: From } })
  })
  test('of which Twilio says less, or more, is the same call', () => {
    const { CallSid, To, From } = ring
    expect(event('incoming', { CallSid, To, From, StirVerstat: 'TN-Validation-Passed-A', AddOns: '{' })).toEqual({
      ...{ kind: 'ringing', callId: CallSid, account: To },
      caller: { kind: 'phone', phone: From, raw: From },
    })
  })
})

describe('how ringing the business ended', () => {
  test.each([
    ['completed', 'true', '31', 'answered'],
    ['answered', 'true', '0', 'answered'],
    ['answered', undefined, undefined, 'answered'],
    ['completed', undefined, '31', 'answered'],
    ['completed', undefined, '0', 'no_answer'],
    ['completed', undefined, undefined, 'no_answer'],
    ['completed', 'false', '9', 'not_bridged'],
    ['answered', 'false', '9', 'not_bridged'],
    ['busy', 'false', undefined, 'busy'],
    ['busy', undefined, undefined, 'busy'],
    ['no-answer', 'false', undefined, 'no_answer'],
    ['failed', undefined, undefined, 'failed'],
    ['canceled', undefined, undefined, 'canceled'],
  ])('%s with bridged %s after %s s is %s', (DialCallStatus, DialBridged, DialCallDuration, result) => {
    const form = { ...ring, CallStatus: 'in-progress', DialCallStatus, DialBridged, DialCallDuration }
    expect(event('dialled', form)).toMatchObject({ kind: 'dialled', result, gone: result === 'canceled', account: ring.To })
  })
  test('a caller who has hung up hears no answer', () => {
    expect(event('dialled', { ...ring, CallStatus: 'completed', DialCallStatus: 'no-answer' })).toMatchObject({ gone: true })
  })
  test('a word that is not known is malformed, not guessed', () => {
    expect(parse('dialled', { ...ring, DialCallStatus: 'teleported' })).toEqual({ malformed: 'DialCallStatus "teleported"' })
  })
})

describe('how the caller’s leg ended', () => {
  test.each(['completed', 'busy', 'no-answer', 'failed', 'canceled'])('%s is told with its seconds', (CallStatus) => {
    expect(event('status', { ...ring, CallStatus, CallDuration: '42', Duration: '1' })).toMatchObject({
      ...{ kind: 'ended', result: CallStatus.replace('-', '_'), seconds: 42 },
    })
  })
  test.each(['ringing', 'in-progress', 'initiated', 'queued'])('%s is not its end', (CallStatus) => {
    expect(parse('status', { ...ring, CallStatus })).toEqual({ ignored: `status ${CallStatus}` })
  })
  test.each(['outbound-api', 'outbound-dial'])('the business’s own leg (%s) is no call of a customer', (Direction) => {
    for (const hook of ['incoming', 'status', 'dialled'] as const)
      expect(parse(hook, { ...ring, Direction, CallStatus: 'completed' })).toEqual({ ignored: `direction ${Direction}` })
  })
})

describe('the business’s leg', () => {
  const query = '?call=CAparent&number=%2B15550100009'
  const leg = {
    CallSid: 'CAchild',
    ParentCallSid: 'CAparent',
    Direction: 'outbound-dial',
    From: '+15550142001',
    To: '+15550100001',
  }
  test.each([
    ['ringing', false],
    ['initiated', false],
    ['no-answer', false],
    ['in-progress', true],
    ['completed', true],
  ])('%s: picked up %s', (CallStatus, answered) => {
    expect(event('leg', { ...leg, CallStatus }, query)).toEqual({
      kind: 'leg',
      callId: 'CAparent',
      account: '+15550100009',
      answered,
    })
  })
  test('the key 1 takes the call, any other and none do not', () => {
    const taken = (Digits?: string) => event('key', { ...leg, Digits }, query)
    expect(taken('1')).toEqual({ kind: 'taken', callId: 'CAparent', account: '+15550100009', taken: true })
    expect(taken('2')).toMatchObject({ taken: false })
    expect(taken()).toMatchObject({ taken: false })
  })
  test('without our own address it is not known whose it is', () => {
    expect(parse('leg', leg)).toHaveProperty('malformed')
  })
})

test('what no table holds is taken without it, and a name that every object has is no status', () => {
  expect(
    event('incoming', { ...ring, CallerName: 'J\0 DOE', FromCity: 'OAK\ud800LAND', From: '\0', Caller: '\0' }),
  ).toMatchObject({
    ...{ callerName: 'J DOE', caller: { kind: 'withheld', raw: '' } },
    city: expect.stringMatching(/^OAK/),
  })
  for (const name of ['constructor', 'toString', '__proto__']) {
    expect(parse('status', { ...ring, CallStatus: name })).toHaveProperty('malformed')
    expect(parse('dialled', { ...ring, DialCallStatus: name })).toHaveProperty('malformed')
  }
})

test('whatever the bytes are, it answers', () => {
  fc.assert(
    fc.property(fc.constantFrom(...voiceHooks), fc.uint8Array({ maxLength: 300 }), fc.string(), (hook, bytes, query) => {
      expect(Object.keys(parseVoice(hook, { url: `${base}?${query}`, rawBody: Buffer.from(bytes) }))).toHaveLength(1)
    }),
  )
  fc.assert(
    fc.property(fc.string(), (raw) => {
      const caller = callerOf(raw)
      if (caller.kind === 'phone') expect(caller.phone).toMatch(/^\+[1-9]\d{6,14}$/)
    }),
  )
})
