import { createHash } from 'node:crypto'
import fc from 'fast-check'
import twilio from 'twilio'
import { describe, expect, test } from 'vitest'
import { type Form, isSigned, readForm, signatureOf } from './signature.ts'

const token = 'a token of thirty-two characters'
const url = 'https://parley.example/webhooks/twilio/abc?shop=7'
const formType = { 'content-type': 'application/x-www-form-urlencoded; charset=UTF-8' }
const sample = 'From=%2B15550100001&To=%2B15550100009&Body=It%27s+5+%E2%82%AC&NumMedia=0&Empty='

const official = (address: string, body: string, by = token) =>
  twilio.getExpectedTwilioSignature(by, address, plain(readForm(body)))
const plain = (form: Form) =>
  Object.fromEntries([...form].map(([name, values]) => [name, values.length > 1 ? values : values[0]]))
const post = (signature: string | undefined, body: string | Buffer = sample, address = url, tokens = [token]) =>
  isSigned(
    { method: 'POST', url: address, headers: { ...formType, 'x-twilio-signature': signature }, rawBody: Buffer.from(body) },
    tokens,
  )

describe('a form is genuine', () => {
  test('when Twilio’s own library signed it', () => {
    expect(signatureOf(token, url, readForm(sample))).toBe(official(url, sample))
    expect(post(official(url, sample))).toBe(true)
  })
  test('whatever its names and values are', () => {
    const word = fc.string({ unit: 'grapheme', maxLength: 12 })
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.constantFrom('Body', 'Sid', 'SidAccount', 'to', 'À', ''), word), { maxLength: 9 }),
        (pairs) => {
          const body = new URLSearchParams(pairs.map(([name, value]) => [name, value.toWellFormed()])).toString()
          expect(post(official(url, body), body)).toBe(true)
          expect(post(official(url, `${body}&more=1`), body)).toBe(false)
        },
      ),
    )
  })
  test('with a name that came several times: each value once, in order', () => {
    const body = 'Address=%2B2&Address=%2B1&Address=%2B1&AddressBook=x'
    expect(post(official(url, body), body)).toBe(true)
    expect(post(official(url, 'Address=%2B1&Address=%2B2&AddressBook=x'), body)).toBe(true)
  })
  test('with any of the tokens, first or last, while one is replaced', () => {
    for (const by of ['old', 'new', 'newest'])
      expect(post(official(url, sample, by), sample, url, ['old', 'new', 'newest'])).toBe(true)
  })
  test('with or without the port', () => {
    for (const [called, signed] of [
      ['https://parley.example/hook?a=1', 'https://parley.example:443/hook?a=1'],
      ['https://parley.example:443/hook', 'https://parley.example/hook'],
      ['https://parley.example:8443/hook', 'https://parley.example/hook'],
      ['https://parley.example:8443/hook', 'https://parley.example:8443/hook'],
      ['http://parley.example/hook', 'http://parley.example:80/hook'],
      ['http://parley.example:1234/hook', 'http://parley.example:1234/hook'],
      ['https://user:pass@parley.example/hook', 'https://user:pass@parley.example:443/hook'],
      ['https://[2001:db8::1]/hook', 'https://[2001:db8::1]:443/hook'],
    ] as const)
      expect(post(official(signed, sample), sample, called), `${called} signed as ${signed}`).toBe(true)
  })
  test('with an apostrophe in the address, written either way', () => {
    const [bare, encoded] = ["https://parley.example/h?Body=It's+on", 'https://parley.example/h?Body=It%27s+on']
    for (const called of [bare, encoded])
      for (const signed of [bare, encoded]) expect(post(official(signed, sample), sample, called)).toBe(true)
  })
  test('with user info, which is part of the address', () => {
    const address = 'https://user:pass@parley.example/hook'
    expect(post(official(address, sample), sample, address)).toBe(true)
    expect(post(official('https://parley.example/hook', sample), sample, address)).toBe(false)
  })
  test('of a GET, whose parameters stand in the address', () => {
    const address = `https://parley.example/hook?${sample}`
    const signature = twilio.getExpectedTwilioSignature(token, address, {})
    const headers = { ...formType, 'x-twilio-signature': signature }
    expect(isSigned({ method: 'GET', url: address, headers, rawBody: Buffer.alloc(0) }, [token])).toBe(true)
    expect(isSigned({ method: 'GET', url: address, headers, rawBody: Buffer.from('Body=more') }, [token])).toBe(false)
  })
})

describe('a form is not genuine', () => {
  const good = official(url, sample)
  test.each([
    ['without the header', undefined],
    ['with an empty header', ''],
    ['with another signature', 'WRONG_SIGNATURE'],
    ['one character short', good.slice(0, -1)],
    ['with a line break behind it', `${good}\n`],
    ['twice in one header', `${good}, ${good}`],
    ['signed with another token', official(url, sample, 'other')],
    ['signed for another host', official(url.replace('parley', 'elsewhere'), sample)],
    ['signed for another path', official(url.replace('abc', 'abd'), sample)],
    ['signed for another query', official(url.replace('shop=7', 'shop=8'), sample)],
    ['signed for http', official(url.replace('https', 'http'), sample)],
    ['signed without one parameter', official(url, sample.replace('&Empty=', ''))],
  ])('%s', (_what, signature) => {
    expect(post(signature)).toBe(false)
  })
  test('under two headers of that name', () => {
    const headers = { ...formType, 'x-twilio-signature': good, 'X-Twilio-Signature': good }
    expect(isSigned({ method: 'POST', url, headers, rawBody: Buffer.from(sample) }, [token])).toBe(false)
  })
  test('when no token is set, or only an empty one', () => {
    expect(post(good, sample, url, [])).toBe(false)
    expect(post(official(url, sample, ''), sample, url, [''])).toBe(false)
  })
})

describe('a JSON body', () => {
  const body = Buffer.from('{"property": "value", "€": true}')
  const hashed = (content: Buffer, name = 'bodySHA256') =>
    `https://parley.example/hook?a=1&${name}=${createHash('sha256').update(content).digest('hex')}`
  const json = (address: string, rawBody = body, signedAs = address) => {
    const signature = twilio.getExpectedTwilioSignature(token, signedAs, {})
    const headers = { 'content-type': 'application/json', 'x-twilio-signature': signature }
    return isSigned({ method: 'POST', url: address, headers, rawBody }, [token])
  }
  test('is genuine when the address is signed and holds its hash', () => {
    const address = hashed(body)
    expect(json(address)).toBe(true)
    const signature = twilio.getExpectedTwilioSignature(token, address, {})
    expect(twilio.validateRequestWithBody(token, signature, address, body.toString())).toBe(true)
  })
  test('is not when it was changed, even by a space', () => {
    expect(json(hashed(body), Buffer.concat([body, Buffer.from(' ')]))).toBe(false)
  })
  test('is not without a hash, or with something that is none', () => {
    expect(json('https://parley.example/hook?a=1')).toBe(false)
    expect(json('https://parley.example/hook?bodySHA256=')).toBe(false)
    expect(json(hashed(body, 'xbodySHA256'))).toBe(false)
  })
  test('is not when a hash was put into an address that was signed without one', () => {
    expect(json(hashed(body), body, 'https://parley.example/hook?a=1')).toBe(false)
  })
})
