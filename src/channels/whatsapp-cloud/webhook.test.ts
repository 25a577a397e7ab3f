import { createHmac } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { handshake, verify } from './webhook.ts'

const rawBody = Buffer.from('{"entry":[{"name":"h\\u00e9llo","url":"https:\\/\\/a"}]}')
const signed = (secret: string, bytes = rawBody) => `sha256=${createHmac('sha256', secret).update(bytes).digest('hex')}`
const check = (value: string | undefined, secrets: string[] = ['s1']) =>
  verify({ headers: { 'x-hub-signature-256': value }, rawBody }, secrets)

describe('a delivery is genuine', () => {
  test('when it is signed with any of the secrets, first or last', () => {
    expect(check(signed('s1'), ['s1', 's2', 's3'])).toBe(true)
    expect(check(signed('s3'), ['s1', 's2', 's3'])).toBe(true)
  })
  test('whatever the case of the header name', () => {
    expect(verify({ headers: { 'X-Hub-Signature-256': signed('s1') }, rawBody }, ['s1'])).toBe(true)
  })
})

describe('a delivery is not genuine', () => {
  const good = signed('s1')
  test.each([
    ['without the header', undefined],
    ['with an empty header', ''],
    ['with the prefix alone', 'sha256='],
    ['without the prefix', good.slice(7)],
    ['in upper case', `sha256=${good.slice(7).toUpperCase()}`],
    ['with an upper-case prefix', `SHA256=${good.slice(7)}`],
    ['one digit short', good.slice(0, -1)],
    ['one digit long', `${good}0`],
    ['with a line break behind it', `${good}\n`],
    ['with a space before it', ` ${good}`],
    ['twice in one header', `${good}, ${good}`],
    ['with the older algorithm', `sha1=${createHmac('sha1', 's1').update(rawBody).digest('hex')}`],
    ['signed with another secret', signed('other')],
    ['signed over other bytes', signed('s1', Buffer.from(`${rawBody} `))],
  ])('%s', (_what, header) => {
    expect(check(header)).toBe(false)
  })
  test('with the header under two names', () => {
    const headers = { 'x-hub-signature-256': good, 'X-Hub-Signature-256': good }
    expect(verify({ headers, rawBody }, ['s1'])).toBe(false)
  })
  test('when no secret is set, or only an empty one', () => {
    expect(check(good, [])).toBe(false)
    expect(check(signed(''), [''])).toBe(false)
    expect(check(signed(''), ['', 's1'])).toBe(false)
  })
})

describe('the subscription handshake', () => {
  const query = { 'hub.mode': 'subscribe', 'hub.challenge': '1158201444', 'hub.verify_token': 'tok' }
  test('gives the challenge back as it came', () => {
    expect(handshake(query, ['tok'])).toEqual({ status: 200, body: '1158201444' })
    expect(handshake({ ...query, 'hub.challenge': '<b>' }, ['old', 'tok']).body).toBe('<b>')
  })
  test.each([
    ['a wrong token', { ...query, 'hub.verify_token': 'tok2' }],
    ['a prefix of the token', { ...query, 'hub.verify_token': 'to' }],
    ['no token', { ...query, 'hub.verify_token': undefined }],
    ['another mode', { ...query, 'hub.mode': 'unsubscribe' }],
    ['no mode', { ...query, 'hub.mode': undefined }],
  ])('answers 403 to %s', (_what, given) => {
    expect(handshake(given, ['tok']).status).toBe(403)
  })
  test('answers 403 when no token is set, even to an empty one', () => {
    expect(handshake({ ...query, 'hub.verify_token': '' }, ['']).status).toBe(403)
    expect(handshake(query, []).status).toBe(403)
  })
  test('answers 400 without a challenge, and only to who knows the token', () => {
    expect(handshake({ ...query, 'hub.challenge': undefined }, ['tok']).status).toBe(400)
    expect(handshake({ ...query, 'hub.challenge': undefined }, ['no']).status).toBe(403)
  })
})
