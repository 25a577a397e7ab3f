import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { CentreFile, CentreLine } from '../../ports/contact-centre.ts'
import { originalId } from './part-ids.ts'
import { reasonCode, renderReceipt } from './receipts.ts'
import { type InboundRequest, renderLine } from './render.ts'

const now = new Date('2026-11-20T10:00:00Z')
const line = (more: Partial<CentreLine> = {}): CentreLine => ({
  messageId: 'wamid.A==',
  customer: { id: '15550107001', idType: 'Phone', name: ' Ada  Maria Lind ' },
  at: '2026-11-20T11:59:59.123+02:00',
  text: 'Hello',
  files: [],
  attributes: {},
  ...more,
})
const file = (id: string, more: Partial<CentreFile> = {}): CentreFile => ({
  id,
  kind: 'image',
  url: `https://files.example/${id}`,
  ...more,
})
const rendered = (given: CentreLine): InboundRequest[] => {
  const result = renderLine(given, now)
  return 'requests' in result ? result.requests : expect.fail(result.refused.text)
}
const body = (given: CentreLine) =>
  rendered(given)[0]?.body as {
    text?: string
    channel: Record<string, unknown>
    content?: { attachment: Record<string, unknown> }[]
  }

test('a line says who, when and what', () => {
  expect(rendered(line({ attributes: { tenant: 't1' } }))).toEqual([
    {
      endpoint: 'message',
      body: {
        channel: {
          from: { id: '15550107001', idType: 'Phone', nickname: 'Ada Maria Lind', firstName: 'Ada', lastName: 'Maria Lind' },
          time: '2026-11-20T09:59:59.123Z',
          messageId: 'wamid.A==',
          metadata: { customAttributes: { tenant: 't1' } },
        },
        text: 'Hello',
      },
    },
  ])
})
test('somebody without a name has only an id', () => {
  expect(body(line({ customer: { id: 'bsuid.7', idType: 'Opaque' } })).channel.from).toEqual({
    id: 'bsuid.7',
    idType: 'Opaque',
  })
})

describe('files', () => {
  test('are one message each, the text with the first, with ids made of the line’s', () => {
    const parts = rendered(line({ files: [file('a', { caption: 'Look' }), file('b'), file('c')] }))
    expect(parts.map(({ body: { channel, text } }) => [(channel as { messageId: string }).messageId, text])).toEqual([
      ['wamid.A==', 'Hello'],
      ['wamid.A==~2', undefined],
      ['wamid.A==~3', undefined],
    ])
    for (const { body: part } of parts) expect(originalId((part.channel as { messageId: string }).messageId)).toBe('wamid.A==')
  })
  test('carry what is known of them', () => {
    const given = file('a', {
      kind: 'file',
      mimeType: 'application/pdf',
      fileName: 'a.pdf',
      caption: 'x'.repeat(2_000),
      sha256: 'ab',
    })
    expect(body(line({ text: null, files: [given] }))).toMatchObject({
      content: [
        {
          contentType: 'Attachment',
          attachment: {
            id: 'a',
            mediaType: 'File',
            url: 'https://files.example/a',
            mime: 'application/pdf',
            filename: 'a.pdf',
            text: 'x'.repeat(1_024),
            sha256: 'ab',
          },
        },
      ],
    })
    const bare = body(line({ text: null, files: [file('a')] }))
    expect(bare).not.toHaveProperty('text')
    expect(bare).toMatchObject({ content: [{ attachment: { mime: 'application/octet-stream' } }] })
  })
})

describe('an answer to something structured', () => {
  const choice = { kind: 'button', text: 'Yes', payload: 'y', originatingId: 'm7' } as const
  test('is its own kind of message, and says what it answers', () => {
    expect(rendered(line({ choice }))).toMatchObject([
      {
        endpoint: 'structured/response',
        body: { buttonResponse: { type: 'Button', text: 'Yes', payload: 'y' }, originatingMessageId: 'm7' },
      },
    ])
  })
  test('has a text and a payload, whatever is missing', () => {
    expect(rendered(line({ choice: { ...choice, kind: 'quick_reply', payload: '' } }))[0]?.body).toMatchObject({
      buttonResponse: { type: 'QuickReply', text: 'Yes', payload: 'Yes' },
    })
    expect(rendered(line({ choice: { ...choice, text: '' } }))[0]?.body).toMatchObject({
      buttonResponse: { text: 'y', payload: 'y' },
    })
  })
  test('is a text where nobody knows what it answers', () => {
    const alone = { kind: 'button', text: 'Yes', payload: 'y' } as const
    expect(rendered(line({ text: null, choice: alone }))).toMatchObject([{ endpoint: 'message', body: { text: 'Yes' } }])
    expect(rendered(line({ text: null, choice: { ...alone, text: '' } }))).toMatchObject([{ body: { text: 'y' } }])
  })
  test('comes before files that came with it', () => {
    const parts = rendered(line({ choice, files: [file('a')] }))
    expect(parts.map(({ endpoint, body: { channel } }) => [endpoint, (channel as { messageId: string }).messageId])).toEqual([
      ['structured/response', 'wamid.A=='],
      ['message', 'wamid.A==~2'],
    ])
  })
})

describe('what is too long is cut between characters as people see them', () => {
  test('text to 4,096', () => {
    const family = '👩‍👩‍👧'
    const { text = '' } = body(line({ text: family.repeat(1_000) }))
    expect(text.length).toBeLessThanOrEqual(4_096)
    expect(text.length).toBeGreaterThan(4_096 - family.length)
    expect(text.replaceAll(family, '')).toBe('')
  })
  test('any text stays well-formed', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', minLength: 4_000, maxLength: 4_300 }), (text) => {
        const cut = renderLine(line({ text }), now)
        if ('refused' in cut) return expect(text.trim()).toBe('')
        const given = String(cut.requests[0]?.body.text)
        expect(given.length).toBeLessThanOrEqual(4_096)
        expect(text.startsWith(given)).toBe(true)
        expect(given.isWellFormed() || !text.isWellFormed()).toBe(true)
      }),
      { numRuns: 40 },
    )
  })
  test('attributes, of which there are not too many and none is empty', () => {
    const many = Object.fromEntries(Array.from({ length: 90 }, (_, n) => [`key${n}`, 'v'.repeat(2_000)]))
    const { metadata } = body(line({ attributes: { '': 'x', none: '', ...many } })).channel as {
      metadata: { customAttributes: Record<string, string> }
    }
    const entries = Object.entries(metadata.customAttributes)
    expect(entries).toHaveLength(50)
    expect(entries[0]).toEqual(['key0', 'v'.repeat(1_000)])
  })
})

describe('a line is refused', () => {
  test.each([
    ['that says nothing', { text: null }, 'empty'],
    ['that is white space', { text: ' \n' }, 'empty'],
    ['whose time cannot be read', { at: 'today' }, 'bad_time'],
    ['that is more than five minutes ahead', { at: '2026-11-20T10:05:00.001Z' }, 'time_ahead'],
  ])('%s', (_what, change, code) => {
    expect(renderLine(line(change), now)).toMatchObject({ refused: { code } })
  })
  test('but not one that is five minutes ahead', () => {
    expect(rendered(line({ at: '2026-11-20T10:05:00Z' }))).toHaveLength(1)
  })
})

describe('receipts', () => {
  const receipt = {
    messageId: 'm1',
    customer: line().customer,
    at: '2026-11-20T10:00:05.000Z',
    status: 'delivered',
    final: false,
  } as const
  test('say delivered, and read as delivered for good', () => {
    expect(renderReceipt(receipt)).toEqual({
      id: 'm1',
      channel: { to: { id: '15550107001', idType: 'Phone' }, time: '2026-11-20T10:00:05.000Z' },
      status: 'Delivered',
      isFinalReceipt: false,
      reasons: [],
    })
    expect(renderReceipt({ ...receipt, status: 'read', final: true })).toMatchObject({
      status: 'Delivered',
      isFinalReceipt: true,
    })
  })
  test('say why something failed', () => {
    const error = { code: '131047', text: 'x'.repeat(900) }
    expect(renderReceipt({ ...receipt, status: 'failed', final: true, error })).toMatchObject({
      status: 'Failed',
      reasons: [{ code: 'MessageExpired', message: 'x'.repeat(500) }],
    })
    expect(renderReceipt({ ...receipt, status: 'failed' })).toMatchObject({
      reasons: [{ code: 'GeneralError', message: expect.stringMatching(/\w/) }],
    })
  })
  test.each([
    ['131047', 'MessageExpired'],
    ['window_closed', 'MessageExpired'],
    ['130429', 'RateLimited'],
    ['131056', 'RateLimited'],
    ['131026', 'InvalidDestination'],
    ['131050', 'RecipientOptedOut'],
    ['21610', 'RecipientOptedOut'],
    ['131051', 'UnsupportedMessage'],
    ['131052', 'MediaTypeNotAllowed'],
    ['131053', 'MediaTypeNotAllowed'],
    ['file_too_large', 'InvalidMediaContentLength'],
    ['constructor', 'GeneralError'],
    ['', 'GeneralError'],
  ])('the code %s is told as %s', (code, reason) => {
    expect(reasonCode(code)).toBe(reason)
  })
})
