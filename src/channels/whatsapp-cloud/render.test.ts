import { describe, expect, test } from 'vitest'
import type { OutboundFile, OutboundMessage, PersonIdentity } from '../../ports/channel.ts'
import type { OutboundBody } from '../../ports/message.ts'
import { renderMessage } from './render.ts'
import { checkSticker } from './render-result.ts'

const ID = '0190aaaa-0000-7000-8000-000000000001'
const phone: PersonIdentity = { kind: 'wa_id', value: '15550001111', scope: '' }
const file = (mimeType: string, byteSize = 1000): OutboundFile => ({
  mimeType,
  byteSize,
  fileName: 'f.bin',
  read: () => Promise.resolve(Buffer.alloc(0)),
})
const render = (body: OutboundBody, more: Partial<OutboundMessage> = {}, mediaId?: string) =>
  renderMessage({ messageId: ID, to: [phone], body, ...more }, mediaId)
const payload = (...given: Parameters<typeof render>) => {
  const rendered = render(...given)
  if (!rendered.ok) throw new Error(rendered.text)
  return rendered.payload
}
const hello: OutboundBody = { type: 'text', text: 'Hello' }

describe('every message', () => {
  test('says to whom, in answer to what, and which of ours it is', () => {
    expect(payload(hello, { replyTo: 'wamid.q' })).toEqual({
      messaging_product: 'whatsapp',
      recipient_type: 'individual',
      to: '15550001111',
      context: { message_id: 'wamid.q' },
      type: 'text',
      text: { body: 'Hello', preview_url: false },
      biz_opaque_callback_data: ID,
    })
  })
  test('goes to the phone where there is one, else to the user id', () => {
    const user: PersonIdentity = { kind: 'bsuid', value: 'US.1', scope: 'portfolio' }
    expect(payload(hello, { to: [user, { kind: 'phone', value: '+15550002222', scope: '' }] })).toMatchObject({
      to: '15550002222',
    })
    expect(payload(hello, { to: [user] })).toMatchObject({ recipient: 'US.1' })
    expect(payload(hello, { to: [user] })).not.toHaveProperty('to')
    expect(payload(hello, { to: [{ ...phone, value: 'odd' }, user] })).toMatchObject({ recipient: 'US.1' })
  })
  test('to nobody WhatsApp knows is refused', () => {
    expect(render(hello, { to: [] })).toMatchObject({ ok: false, code: 'no_address' })
  })
})

describe('text', () => {
  test('has 4096 characters at most and one at least', () => {
    expect(payload({ type: 'text', text: 'x'.repeat(4096), previewUrl: true })).toMatchObject({ text: { preview_url: true } })
    expect(render({ type: 'text', text: 'x'.repeat(4097) })).toMatchObject({ ok: false, code: 'too_long' })
    expect(render({ type: 'text', text: ' \n' })).toMatchObject({ ok: false, code: 'empty' })
  })
})

describe('files', () => {
  const media = (type: 'image' | 'video' | 'audio' | 'document' | 'sticker', more: object = {}): OutboundBody => ({
    type,
    mediaId: ID,
    ...more,
  })
  test('are named by the id of their upload', () => {
    expect(payload(media('image', { caption: 'Look' }), { file: file('image/png') }, '77')).toMatchObject({
      type: 'image',
      image: { id: '77', caption: 'Look' },
    })
    expect(payload(media('document', { fileName: 'plan.pdf' }), { file: file('application/pdf') }, '77')).toMatchObject({
      document: { id: '77', filename: 'plan.pdf' },
    })
    expect(payload(media('document'), { file: file('application/pdf') }, '77')).toMatchObject({
      document: { filename: 'f.bin' },
    })
  })
  test('a voice note is one only in the format of voice notes', () => {
    expect(payload(media('audio', { voice: true }), { file: file('audio/ogg; codecs=opus') }, '7')).toMatchObject({
      audio: { id: '7', voice: true },
    })
    expect(payload(media('audio', { voice: true }), { file: file('audio/mpeg') }, '7').audio).toEqual({ id: '7' })
  })
  test.each([
    ['no file', media('image'), undefined, 'no_file'],
    ['a kind that is not taken', media('image'), file('image/gif'), 'file_type'],
    ['too many bytes', media('image'), file('image/png', 5 * 1024 * 1024 + 1), 'file_too_large'],
    ['no bytes', media('image'), file('image/png', 0), 'file_empty'],
    ['a caption where none is shown', media('audio', { caption: 'x' }), file('audio/ogg'), 'no_caption'],
    ['a caption that is too long', media('image', { caption: 'x'.repeat(1025) }), file('image/png'), 'too_long'],
  ])('are refused with %s', (_what, body, given, code) => {
    expect(render(body, { file: given })).toMatchObject({ ok: false, code })
  })
  test('a still sticker may be smaller than one that moves', () => {
    const still = Buffer.alloc(200 * 1024)
    const moving = Buffer.concat([Buffer.from('RIFF0000WEBPVP8X0000000000000000ANIM'), still])
    expect(checkSticker(still)).toMatchObject({ code: 'file_too_large' })
    expect(checkSticker(moving)).toBeUndefined()
    expect(checkSticker(Buffer.alloc(1000))).toBeUndefined()
  })
})

describe('places, cards and reactions', () => {
  test('a place on the map', () => {
    expect(payload({ type: 'location', latitude: 1.5, longitude: 2, name: 'Shop' })).toMatchObject({
      location: { latitude: 1.5, longitude: 2, name: 'Shop' },
    })
    expect(render({ type: 'location', latitude: 91, longitude: 2 })).toMatchObject({ ok: false, code: 'location' })
  })
  test('cards have a whole name and a part of it', () => {
    const card = {
      name: 'Mara van Lind',
      phones: [{ phone: '+1555', type: 'work', waId: '1555' }],
      emails: [],
      urls: [],
      addresses: [{ text: '1 Main', type: 'home' }],
    }
    expect(
      payload({ type: 'contacts', contacts: [{ ...card, organisation: 'Lind', birthday: '1990-01-02' }] }).contacts,
    ).toEqual([
      {
        name: { formatted_name: 'Mara van Lind', first_name: 'Mara', last_name: 'van Lind' },
        org: { company: 'Lind' },
        birthday: '1990-01-02',
        phones: [{ phone: '+1555', type: 'WORK', wa_id: '1555' }],
        addresses: [{ street: '1 Main', type: 'HOME' }],
      },
    ])
    expect(render({ type: 'contacts', contacts: [{ ...card, name: ' ' }] })).toMatchObject({ code: 'contact_name' })
    expect(render({ type: 'contacts', contacts: [{ ...card, birthday: '2.1.1990' }] })).toMatchObject({ code: 'birthday' })
  })
  test('a reaction, and taking it back, name their target and answer nothing', () => {
    const target = { targetExternalId: 'wamid.x', replyTo: 'wamid.x' }
    expect(payload({ type: 'reaction', messageId: ID, emoji: '👍' }, target)).toMatchObject({
      reaction: { message_id: 'wamid.x', emoji: '👍' },
    })
    expect(payload({ type: 'reaction', messageId: ID, emoji: null }, target).reaction).toEqual({
      message_id: 'wamid.x',
      emoji: '',
    })
    expect(payload({ type: 'reaction', messageId: ID, emoji: '👍' }, target)).not.toHaveProperty('context')
    expect(render({ type: 'reaction', messageId: ID, emoji: '👍' })).toMatchObject({ ok: false, code: 'no_target' })
  })
})

describe('questions', () => {
  const button = (id: string, title = id) => ({ id, title })
  const row = (id: string) => ({ id, title: `Row ${id}` })
  const list = (
    ...sections: { title?: string; rows: { id: string; title: string; description?: string }[] }[]
  ): OutboundBody => ({ type: 'list', text: 'When?', button: 'Choose', sections })

  test('with buttons', () => {
    expect(
      payload({ type: 'buttons', text: 'Shall we?', header: { text: 'Visit' }, footer: 'Lind', buttons: [button('y', 'Yes')] })
        .interactive,
    ).toEqual({
      type: 'button',
      header: { type: 'text', text: 'Visit' },
      body: { text: 'Shall we?' },
      footer: { text: 'Lind' },
      action: { buttons: [{ type: 'reply', reply: { id: 'y', title: 'Yes' } }] },
    })
  })
  test('with a list', () => {
    expect(payload(list({ title: 'May', rows: [{ ...row('1'), description: '9:00' }] })).interactive).toEqual({
      type: 'list',
      body: { text: 'When?' },
      action: { button: 'Choose', sections: [{ title: 'May', rows: [{ id: '1', title: 'Row 1', description: '9:00' }] }] },
    })
  })
  test('with a link', () => {
    expect(
      payload({ type: 'link', text: 'Our menu', label: 'Open', url: 'https://l.example/m', footer: 'Lind' }).interactive,
    ).toEqual({
      type: 'cta_url',
      body: { text: 'Our menu' },
      footer: { text: 'Lind' },
      action: { name: 'cta_url', parameters: { display_text: 'Open', url: 'https://l.example/m' } },
    })
  })
  const many = Array.from({ length: 11 }, (_, index) => row(String(index)))
  test.each<[string, OutboundBody]>([
    ['four buttons', { type: 'buttons', text: 'x', buttons: ['1', '2', '3', '4'].map((id) => button(id)) }],
    ['no button', { type: 'buttons', text: 'x', buttons: [] }],
    ['the same button twice', { type: 'buttons', text: 'x', buttons: [button('1'), button('1')] }],
    ['a long title', { type: 'buttons', text: 'x', buttons: [button('1', 'x'.repeat(21))] }],
    ['a long text', { type: 'buttons', text: 'x'.repeat(1025), buttons: [button('1')] }],
    ['a long header', { type: 'buttons', text: 'x', header: { text: 'x'.repeat(61) }, buttons: [button('1')] }],
    ['a long footer', { type: 'link', text: 'x', footer: 'x'.repeat(61), label: 'x', url: 'https://a.example' }],
    ['an address that runs a script', { type: 'link', text: 'x', label: 'x', url: 'javascript:alert(1)' }],
    ['eleven rows in all', list({ title: 'a', rows: many.slice(0, 6) }, { title: 'b', rows: many.slice(6) })],
    ['a section without title beside another', list({ rows: [row('1')] }, { title: 'b', rows: [row('2')] })],
    ['the same row in two sections', list({ title: 'a', rows: [row('1')] }, { title: 'b', rows: [row('1')] })],
    ['a long row', list({ rows: [{ id: '1', title: 'x'.repeat(25) }] })],
    ['a long description', list({ rows: [{ ...row('1'), description: 'x'.repeat(73) }] })],
  ])('are refused with %s', (_what, body) => {
    expect(render(body)).toMatchObject({ ok: false, text: expect.stringMatching(/\w/) })
  })
})

describe('templates', () => {
  const template = (parameters: object = {}): OutboundBody => ({
    type: 'template',
    name: 'visit',
    language: 'en_US',
    parameters: { body: {}, buttons: {}, ...parameters },
  })
  const components = [
    { type: 'HEADER', format: 'TEXT', text: 'At {{1}}' },
    { type: 'BODY', text: '{{1}}, {{2}}' },
    {
      type: 'BUTTONS',
      buttons: [
        { type: 'QUICK_REPLY', text: 'Yes' },
        { type: 'QUICK_REPLY', text: 'No' },
        { type: 'URL', text: 'See', url: 'https://a/{{1}}' },
        { type: 'COPY_CODE', text: 'Copy' },
        { type: 'FLOW', text: 'Fill in' },
      ],
    },
  ]
  test('by position, with header, body and buttons', () => {
    const given = {
      headerText: { 1: 'Lind' },
      body: { 1: 'Mara', 2: 'Monday' },
      buttons: { 1: 'NO_7', 2: 'v/7', 3: 'SAVE5', 4: 'token' },
    }
    expect(
      payload(template(given), { templateComponents: components, templateParameterFormat: 'POSITIONAL' }).template,
    ).toEqual({
      name: 'visit',
      language: { code: 'en_US' },
      components: [
        { type: 'header', parameters: [{ type: 'text', text: 'Lind' }] },
        {
          type: 'body',
          parameters: [
            { type: 'text', text: 'Mara' },
            { type: 'text', text: 'Monday' },
          ],
        },
        { type: 'button', sub_type: 'quick_reply', index: '1', parameters: [{ type: 'payload', payload: 'NO_7' }] },
        { type: 'button', sub_type: 'url', index: '2', parameters: [{ type: 'text', text: 'v/7' }] },
        { type: 'button', sub_type: 'copy_code', index: '3', parameters: [{ type: 'coupon_code', coupon_code: 'SAVE5' }] },
        { type: 'button', sub_type: 'flow', index: '4', parameters: [{ type: 'action', action: { flow_token: 'token' } }] },
      ],
    })
  })
  test('by name', () => {
    const named = [{ type: 'BODY', text: 'Hello {{first_name}}' }]
    expect(
      payload(template({ body: { first_name: 'Mara' } }), { templateComponents: named, templateParameterFormat: 'NAMED' })
        .template,
    ).toMatchObject({
      components: [{ type: 'body', parameters: [{ type: 'text', parameter_name: 'first_name', text: 'Mara' }] }],
    })
  })
  test.each([
    ['IMAGE', 'image/png', { image: { id: '7' } }],
    ['VIDEO', 'video/mp4', { video: { id: '7' } }],
    ['DOCUMENT', 'application/pdf', { document: { id: '7', filename: 'f.bin' } }],
  ])('with a header of kind %s', (format, mimeType, expected) => {
    const parts = [
      { type: 'HEADER', format },
      { type: 'BODY', text: 'x' },
    ]
    const more = { templateComponents: parts, file: file(mimeType) }
    expect(payload(template({ headerMediaId: ID }), more, '7').template).toMatchObject({
      components: [{ type: 'header', parameters: [{ type: format.toLowerCase(), ...expected }] }],
    })
    expect(render(template({ headerMediaId: ID }), { ...more, file: file('text/html') })).toMatchObject({ code: 'file_type' })
    expect(render(template({ headerMediaId: ID }), { ...more, file: undefined })).toMatchObject({ code: 'no_file' })
  })
  test('with a one-time password', () => {
    const parts = [
      { type: 'BODY', text: '{{1}}' },
      { type: 'BUTTONS', buttons: [{ type: 'OTP', text: 'Copy' }] },
    ]
    expect(payload(template({ body: { 1: '4711' } }), { templateComponents: parts }).template).toMatchObject({
      components: [
        { type: 'body' },
        { type: 'button', sub_type: 'url', index: '0', parameters: [{ type: 'text', text: '4711' }] },
      ],
    })
  })
  test('without places are sent without components', () => {
    expect(payload(template(), { templateComponents: [{ type: 'BODY', text: 'Hello' }] }).template).toEqual({
      name: 'visit',
      language: { code: 'en_US' },
    })
  })
  test('whose values do not fit are refused with every place named', () => {
    const refused = render(template({ body: { 1: 'x' } }), {
      templateComponents: [{ type: 'BODY', text: '{{1}} {{2}} {{3}}' }],
    })
    expect(refused).toEqual({
      ok: false,
      code: 'template_parameters',
      text: 'body place 2 is missing; body place 3 is missing.',
    })
  })
  test('that are not in our copy ask for a synchronisation', () => {
    expect(render(template())).toMatchObject({ ok: false, code: 'template_unknown', hint: 'refresh_templates' })
  })
})
