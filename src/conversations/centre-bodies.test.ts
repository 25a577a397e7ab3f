import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Capabilities } from '../ports/channel.ts'
import type { CentreAttachment, CentreStructure } from '../ports/contact-centre.ts'
import { outboundBody } from '../ports/message.ts'
import { bodiesOf, type CentreMessage } from './centre-bodies.ts'

const rich: Capabilities = {
  send: ['text', 'image', 'video', 'audio', 'document', 'buttons', 'list', 'link'],
  windowHours: 24,
  templates: false,
  readMarks: false,
  typing: false,
  replies: false,
  pace: { perSecond: 1, burst: 1 },
  pairPace: { everyMs: 1, burst: 1 },
  media: {},
  maxText: 4_096,
}
const plain: Capabilities = { ...rich, send: ['text'], maxText: 160 }
const said = (more: Partial<CentreMessage>): CentreMessage => ({ text: null, attachments: [], structures: [], ...more })
const file = (more: Partial<CentreAttachment> = {}): CentreAttachment => ({
  kind: 'image',
  url: 'https://files.example/1',
  ...more,
})
const quick = (...titles: string[]): CentreStructure => ({
  kind: 'quick_replies',
  options: titles.map((title) => ({ title, payload: title.toLowerCase() })),
})

describe('text', () => {
  test('is a message, and nothing is nothing', () => {
    expect(bodiesOf(said({ text: ' Hello ' }), rich)).toEqual([{ type: 'text', text: 'Hello' }])
    expect(bodiesOf(said({}), rich)).toEqual([])
    expect(bodiesOf(said({ text: ' ' }), rich)).toEqual([])
  })
  test('that is too long for the channel is several', () => {
    const text = 'A sentence of some length. '.repeat(20)
    const bodies = bodiesOf(said({ text }), plain)
    expect(bodies.length).toBeGreaterThan(3)
    for (const body of bodies) expect('text' in body && body.text.endsWith('.') && body.text.length <= 160).toBe(true)
  })
})

describe('files', () => {
  test('one with a short text is one message', () => {
    expect(bodiesOf(said({ text: 'Look', attachments: [file()] }), rich)).toEqual([{ attachment: file(), caption: 'Look' }])
  })
  test('a voice message has no caption: the text goes apart, before it', () => {
    const audio = file({ kind: 'audio', caption: 'Mine' })
    expect(bodiesOf(said({ text: 'Listen', attachments: [audio] }), rich)).toEqual([
      { type: 'text', text: 'Listen' },
      { type: 'text', text: 'Mine' },
      { attachment: audio },
    ])
  })
  test('several come after the text, in their order, each with its own caption', () => {
    const files = [file({ caption: 'a' }), file({ kind: 'video' }), file({ kind: 'file', caption: 'c'.repeat(1_025) })]
    expect(bodiesOf(said({ text: 'All of it', attachments: files }), rich)).toEqual([
      { type: 'text', text: 'All of it' },
      { attachment: files[0], caption: 'a' },
      { attachment: files[1] },
      { type: 'text', text: 'c'.repeat(1_025) },
      { attachment: files[2] },
    ])
  })
  test('a text that is too long for a caption goes before it', () => {
    const text = 'x'.repeat(1_025)
    expect(bodiesOf(said({ text, attachments: [file()] }), rich)).toEqual([{ type: 'text', text }, { attachment: file() }])
  })
  test('a link, or a file that the channel cannot carry, is told by its address', () => {
    const link = file({ kind: 'link', caption: 'Our page' })
    expect(bodiesOf(said({ attachments: [link] }), rich)).toEqual([{ type: 'text', text: 'Our page\nhttps://files.example/1' }])
    expect(bodiesOf(said({ attachments: [file({ fileName: 'a.png' })] }), plain)).toEqual([
      { type: 'text', text: 'a.png\nhttps://files.example/1' },
    ])
  })
  test('a picture may go as a document where that is all the channel has', () => {
    expect(bodiesOf(said({ attachments: [file()] }), { ...rich, send: ['text', 'document'] })).toEqual([{ attachment: file() }])
  })
})

describe('what there is to choose from', () => {
  test('up to three are buttons, with the text as the question', () => {
    expect(bodiesOf(said({ text: 'Shall we?', structures: [quick('Yes', 'No')] }), rich)).toEqual([
      {
        type: 'buttons',
        text: 'Shall we?',
        buttons: [
          { id: 'yes', title: 'Yes' },
          { id: 'no', title: 'No' },
        ],
      },
    ])
  })
  test('up to ten are a list', () => {
    expect(bodiesOf(said({ text: 'Which?', structures: [quick('A', 'B', 'C', 'D')] }), rich, { choose: 'Wählen' })).toEqual([
      {
        type: 'list',
        text: 'Which?',
        button: 'Wählen',
        sections: [{ rows: ['A', 'B', 'C', 'D'].map((title) => ({ id: title.toLowerCase(), title })) }],
      },
    ])
  })
  test('a few with descriptions are a list too: a button has no room for one', () => {
    const options = [{ title: 'Monday', payload: 'm', description: '30 min' }]
    const times: CentreStructure = { kind: 'date_picker', title: 'When?', options }
    expect(bodiesOf(said({ structures: [times] }), rich)).toMatchObject([
      { type: 'list', text: 'When?', sections: [{ rows: [{ id: 'm', title: 'Monday', description: '30 min' }] }] },
    ])
    expect(bodiesOf(said({ structures: [times] }), { ...rich, send: ['text', 'buttons'] })).toMatchObject([{ type: 'buttons' }])
  })
  test('more, or on a channel without either, are numbered lines', () => {
    const eleven = Array.from({ length: 11 }, (_, n) => `O${n + 1}`)
    const [body] = bodiesOf(said({ text: 'Which?', structures: [quick(...eleven)] }), rich)
    expect(body).toEqual({ type: 'text', text: `Which?\n\n${eleven.map((title, n) => `${n + 1}. ${title}`).join('\n')}` })
    expect(bodiesOf(said({ text: 'Shall we?', structures: [quick('Yes', 'No')] }), plain)).toEqual([
      { type: 'text', text: 'Shall we?\n\n1. Yes\n2. No' },
    ])
  })
  test('a title too long for a button is a row, with all of it beneath', () => {
    const long = 'The red one with the long handle'
    expect(bodiesOf(said({ text: 'Which?', structures: [quick('Blue', long)] }), rich)).toMatchObject([
      { type: 'list', sections: [{ rows: [{ title: 'Blue' }, { title: 'The red one with the…', description: long }] }] },
    ])
  })
  test('answers that could not be told apart are numbered', () => {
    const same = {
      kind: 'quick_replies' as const,
      options: [
        { title: 'A', payload: 'x' },
        { title: 'B', payload: 'x' },
      ],
    }
    expect(bodiesOf(said({ text: 'Which?', structures: [same] }), rich)).toEqual([
      { type: 'text', text: 'Which?\n\n1. A\n2. B' },
    ])
    const long = { kind: 'quick_replies' as const, options: [{ title: 'A', payload: 'x'.repeat(257) }] }
    expect(bodiesOf(said({ text: 'Which?', structures: [long] }), rich)).toMatchObject([{ type: 'text' }])
  })
  test('title and footer have their own place, or go with the text', () => {
    const options = [{ title: 'Take', payload: 't' }]
    const asked: CentreStructure = { kind: 'cards', title: 'Card', text: 'Words', footer: 'Small', options }
    expect(bodiesOf(said({ structures: [asked] }), rich)).toEqual([
      { type: 'buttons', text: 'Words', header: { text: 'Card' }, footer: 'Small', buttons: [{ id: 't', title: 'Take' }] },
    ])
    expect(bodiesOf(said({ structures: [{ ...asked, text: undefined, footer: 'f'.repeat(61) }] }), rich)).toEqual([
      { type: 'buttons', text: `Card\n${'f'.repeat(61)}`, buttons: [{ id: 't', title: 'Take' }] },
    ])
  })
  test('a question too long for buttons goes before them, all but its end', () => {
    const text = `${'A sentence. '.repeat(100)}Shall we?`
    const bodies = bodiesOf(said({ text, structures: [quick('Yes')] }), rich)
    expect(bodies.map((body) => 'type' in body && body.type)).toEqual(['text', 'buttons'])
    expect(bodies.map((body) => 'text' in body && body.text).join(' ')).toBe(text)
  })
  test('without any word a sign points at it', () => {
    expect(bodiesOf(said({ structures: [quick('Yes')] }), rich)).toMatchObject([{ type: 'buttons', text: '👇' }])
  })
  test('cards are a picture and buttons each, and a text before them is said first', () => {
    const card = (n: number): CentreStructure => ({
      kind: 'cards',
      title: `Card ${n}`,
      imageUrl: 'https://a.example/i',
      options: [{ title: 'Take', payload: `p${n}` }],
    })
    expect(bodiesOf(said({ text: 'See:', structures: [card(1), card(2)] }), rich)).toMatchObject([
      { type: 'text', text: 'See:' },
      { attachment: { kind: 'image', url: 'https://a.example/i' } },
      { type: 'buttons', text: 'Card 1', buttons: [{ id: 'p1' }] },
      { attachment: { kind: 'image' } },
      { type: 'buttons', text: 'Card 2', buttons: [{ id: 'p2' }] },
    ])
  })
  test('a card without anything to choose is a picture with its words', () => {
    const card: CentreStructure = { kind: 'cards', title: 'Card', text: 'Words', imageUrl: 'https://a.example/i', options: [] }
    expect(bodiesOf(said({ structures: [card] }), rich)).toEqual([
      { attachment: { kind: 'image', url: 'https://a.example/i' }, caption: 'Card\nWords' },
    ])
    expect(bodiesOf(said({ structures: [card] }), plain)).toEqual([{ type: 'text', text: 'Card\nWords' }])
  })
  test('one link is a button that opens it, several are told with the text', () => {
    const link = { title: 'Read', url: 'https://a.example/r' }
    const one: CentreStructure = { kind: 'cards', title: 'Card', text: 'Words', options: [link] }
    expect(bodiesOf(said({ structures: [one] }), rich)).toEqual([
      { type: 'link', text: 'Card\nWords', label: 'Read', url: link.url },
    ])
    expect(bodiesOf(said({ structures: [one] }), plain)).toEqual([
      { type: 'text', text: 'Card\nWords\nRead: https://a.example/r' },
    ])
    const two = { ...one, options: [link, { title: 'Take', payload: 't' }] }
    expect(bodiesOf(said({ structures: [two] }), rich)).toEqual([
      {
        type: 'buttons',
        text: 'Words\nRead: https://a.example/r',
        header: { text: 'Card' },
        buttons: [{ id: 't', title: 'Take' }],
      },
    ])
    const long = { ...one, options: [{ ...link, title: 'Read all about it here' }] }
    expect(bodiesOf(said({ structures: [long] }), rich)).toMatchObject([{ type: 'text' }])
    const odd = { ...one, options: [{ title: 'Read', url: 'not an address' }] }
    expect(bodiesOf(said({ structures: [odd] }), rich)).toMatchObject([{ type: 'text' }])
  })
  test('what nobody knows is its words and a plain list', () => {
    const unknown: CentreStructure = { kind: 'unknown', title: 'See', text: 'This', options: [{ title: 'A' }, { title: 'B' }] }
    expect(bodiesOf(said({ text: 'Hello', structures: [unknown] }), rich)).toEqual([
      { type: 'text', text: 'Hello' },
      { type: 'text', text: 'See\nThis\n• A\n• B' },
    ])
  })
  test('a text that says the same as the question is said once', () => {
    const asked: CentreStructure = { kind: 'notification', text: 'Your visit', options: [] }
    expect(bodiesOf(said({ text: 'Your visit', structures: [asked] }), rich)).toEqual([{ type: 'text', text: 'Your visit' }])
  })
})

test('whatever is said, every body is one that may be sent, and no answer is lost', () => {
  const words = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 120 }).filter((text) => text.trim() !== '')
  const maybe = fc.option(
    fc.oneof(
      words,
      words.map((text) => text.repeat(60)),
    ),
    { nil: undefined },
  )
  const option = fc.record({
    title: words,
    description: maybe,
    payload: maybe,
    url: fc.option(fc.webUrl(), { nil: undefined }),
  })
  const kind = fc.constantFrom<CentreStructure['kind']>(
    'quick_replies',
    'buttons',
    'list',
    'cards',
    'date_picker',
    'notification',
    'form',
    'unknown',
  )
  const structure = fc.record({
    kind,
    title: maybe,
    text: maybe,
    footer: maybe,
    imageUrl: fc.option(fc.webUrl(), { nil: undefined }),
    options: fc.array(option, { maxLength: 12 }),
  })
  const attachment = fc.record({
    kind: fc.constantFrom<CentreAttachment['kind']>('image', 'video', 'audio', 'file', 'link'),
    url: fc.webUrl(),
    caption: maybe,
  })
  const message = fc.record({
    text: fc.option(words),
    attachments: fc.array(attachment, { maxLength: 3 }),
    structures: fc.array(structure, { maxLength: 3 }),
  })
  fc.assert(
    fc.property(message, fc.constantFrom(rich, plain), (given, channel) => {
      const bodies = bodiesOf(given, channel)
      for (const body of bodies) {
        if ('attachment' in body) {
          expect(body.caption?.length ?? 0).toBeLessThanOrEqual(1_024)
          continue
        }
        expect(outboundBody.safeParse(body).error).toBeUndefined()
        expect(channel.send).toContain(body.type)
        if ('text' in body) expect(body.text.length).toBeLessThanOrEqual(channel.maxText)
      }
      const all = JSON.stringify(bodies).replace(/\s|\\n/g, '')
      for (const { title } of given.structures.flatMap(({ options }) => options)) {
        const shown = JSON.stringify(title.trim())
          .slice(1, -1)
          .replace(/\s|\\n/g, '')
        // A text is broken anywhere where it is too long for the channel.
        if (channel === rich && title.length < 20) expect(all).toContain(shown)
      }
    }),
    { numRuns: 150 },
  )
})
