import { describe, expect, test } from 'vitest'
import { createSseParser } from './sse.ts'

describe('the stream is read whatever way the network cuts it', () => {
  const text = ': beat\r\nid: 7\nevent: batch\ndata: {"a":\ndata: 1}\n\ndata: x\r\r\nevent: none\n\ndata\n\n'
  const expected = [
    { comment: 'beat' },
    { event: 'batch', data: '{"a":\n1}', id: '7' },
    { event: 'message', data: 'x', id: '7' },
    { event: 'message', data: '', id: '7' },
  ]

  test('in one piece', () => {
    expect(createSseParser()(text)).toEqual(expected)
  })

  test('cut at every place into two pieces', () => {
    for (let cut = 0; cut <= text.length; cut += 1) {
      const parse = createSseParser()
      expect([...parse(text.slice(0, cut)), ...parse(text.slice(cut))], `cut at ${cut}`).toEqual(expected)
    }
  })

  test('character by character', () => {
    const parse = createSseParser()
    expect([...text].flatMap((char) => parse(char))).toEqual(expected)
  })

  test('an event that is not finished is not handed out', () => {
    expect(createSseParser()('event: batch\ndata: {"half":true}\n')).toEqual([])
  })

  test('a byte order mark at the start is not part of the first field', () => {
    expect(createSseParser()('\uFEFFdata: a\n\n')).toEqual([{ event: 'message', data: 'a', id: '' }])
  })
})

test('a line of many megabytes in many pieces is read in no more time than it takes to come', () => {
  const parse = createSseParser()
  const piece = 'x'.repeat(64 * 1024)
  const began = performance.now()
  parse('data: ')
  for (let n = 0; n < 800; n++) expect(parse(piece)).toEqual([])
  const [event] = parse('\n\n')
  expect(event && 'data' in event && event.data.length).toBe(800 * piece.length)
  // Looking through all of it again for each piece takes tens of seconds.
  expect(performance.now() - began).toBeLessThan(3000)
})
