import { describe, expect, it } from 'vitest'
import { metaJson, signBody } from './meta-json.ts'

describe('JSON as Meta writes it', () => {
  it('escapes everything outside ASCII per code unit and every slash', () => {
    expect(metaJson({ a: 'é/😀' })).toBe('{"a":"\\u00e9\\/\\ud83d\\ude00"}')
  })

  it('is read back to the same value', () => {
    const value = { body: 'Привет "мир" \\ / \n 😀 ', list: [1, null, true] }
    expect(JSON.parse(metaJson(value))).toEqual(value)
  })

  it('writes ids above 2^53 as numbers without losing digits', () => {
    expect(metaJson({ message_template_id: 16895569081298321n })).toBe('{"message_template_id":16895569081298321}')
  })

  it('signs with HMAC-SHA256 in lower-case hex', () => {
    // Test case 2 of RFC 4231.
    expect(signBody('Jefe', 'what do ya want for nothing?')).toBe(
      'sha256=5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843',
    )
  })
})
