import { describe, expect, test } from 'vitest'
import type { TemplateParameters } from '../../ports/message.ts'
import { checkTemplateParameters, renderTemplateText, templatePlaces } from './templates.ts'

const values = (given: Partial<TemplateParameters> = {}): TemplateParameters => ({ body: {}, buttons: {}, ...given })
const header = (format: string, text?: string) => ({ type: 'HEADER', format, ...(text === undefined ? {} : { text }) })
const bodyPart = (text: string) => ({ type: 'BODY', text })
const buttons = (...list: object[]) => ({ type: 'BUTTONS', buttons: list })
const problems = (components: unknown[], given: Partial<TemplateParameters>, format?: string) =>
  checkTemplateParameters(components, values(given), format).map(({ text }) => text)

const visit = [
  header('TEXT', 'Visit at {{1}}'),
  bodyPart('Dear {{2}}, on {{1}} or {{10}}, {{2}}?'),
  { type: 'FOOTER', text: 'Reply STOP' },
  buttons(
    { type: 'QUICK_REPLY', text: 'Yes' },
    { type: 'URL', text: 'See', url: 'https://l.example/{{1}}' },
    { type: 'PHONE_NUMBER', text: 'Call' },
  ),
]
const filled = { headerText: { 1: 'Lind' }, body: { 1: 'Monday', 2: 'Mara', 10: 'Tuesday' }, buttons: { 1: 'v/7' } }

describe('the places of a template', () => {
  test('are numbered or named, each once, numbers in their order', () => {
    expect(templatePlaces(visit, 'POSITIONAL')).toMatchObject({
      format: 'POSITIONAL',
      header: { kind: 'text', keys: ['1'] },
      body: ['1', '2', '10'],
    })
    const named = [bodyPart('Hello {{last_name}}, {{ first_name }}, {{last_name}}')]
    expect(templatePlaces(named, 'NAMED').body).toEqual(['last_name', 'first_name'])
    expect(templatePlaces(named).format).toBe('NAMED')
    expect(templatePlaces(visit).format).toBe('POSITIONAL')
  })
  test.each(['IMAGE', 'VIDEO', 'DOCUMENT'])('a header of kind %s takes a file', (format) => {
    expect(templatePlaces([header(format), bodyPart('x')]).header).toEqual({ kind: format.toLowerCase(), keys: [] })
  })
  test('buttons: an open address and a code must be filled, an answer may be, a phone may not', () => {
    const parts = [
      buttons(
        { type: 'URL', url: 'https://a/{{1}}' },
        { type: 'URL', url: 'https://a' },
        { type: 'COPY_CODE' },
        { type: 'QUICK_REPLY', text: 'Yes' },
        { type: 'PHONE_NUMBER' },
        { type: 'OTP' },
        { type: 'FLOW' },
      ),
    ]
    expect(templatePlaces(parts).buttons.map(({ kind, required, accepts }) => [kind, required, accepts])).toEqual([
      ['url', true, true],
      ['url', false, false],
      ['copy_code', true, true],
      ['quick_reply', false, true],
      ['phone_number', false, false],
      ['otp', true, true],
      ['flow', false, true],
    ])
  })
  test('of a template without any are none, whatever the components are', () => {
    expect(templatePlaces([])).toMatchObject({ header: { kind: 'none' }, body: [], buttons: [], unsupported: [] })
    expect(templatePlaces([null, 7, 'x', {}, { type: 'BODY' }, { type: 'BUTTONS', buttons: {} }])).toMatchObject({
      body: [],
      buttons: [],
    })
  })
})

describe('given values', () => {
  test('that fill every place are fine', () => {
    expect(problems(visit, filled)).toEqual([])
    expect(problems([bodyPart('No places')], {})).toEqual([])
  })
  test('that leave a place out are told which', () => {
    expect(problems(visit, { ...filled, body: { 1: 'Monday', 10: 'x' } })).toEqual(['body place 2 is missing'])
    expect(problems(visit, { ...filled, body: { 1: '  ', 2: 'a', 10: 'x' } })).toEqual(['body place 1 is missing'])
    expect(problems(visit, { ...filled, headerText: {} })).toEqual(['header place 1 is missing'])
    expect(problems(visit, { ...filled, buttons: {} })).toEqual(['button place 1 ("See") is missing'])
    expect(problems([bodyPart('{{first_name}}')], {}, 'NAMED')).toEqual(['body place first_name is missing'])
  })
  test('that fill a place there is none of are told which', () => {
    expect(problems(visit, { ...filled, body: { ...filled.body, 3: 'x' } })).toEqual([
      'body place 3 does not exist in this template',
    ])
    expect(problems(visit, { ...filled, buttons: { 1: 'a', 2: 'b', 9: 'c' } })).toEqual([
      'button place 2 takes no value in this template',
      'button place 9 takes no value in this template',
    ])
    expect(problems([bodyPart('x')], { headerMediaId: '0190aaaa-0000-7000-8000-000000000001' })).toEqual([
      'The header takes no file.',
    ])
  })
  test('that WhatsApp would refuse are told before', () => {
    for (const bad of ['a\nb', 'a\tb', 'a     b']) {
      expect(problems([bodyPart('{{1}}')], { body: { 1: bad } })).toEqual([expect.stringContaining('body place 1 contains')])
    }
    expect(problems([bodyPart('{{1}}')], { body: { 1: 'a    b' } })).toEqual([])
  })
  test('without the file that the header wants are told so', () => {
    expect(problems([header('IMAGE'), bodyPart('x')], {})).toEqual(["The header's image is missing."])
  })
  test('cannot fill what has no words here', () => {
    const parts = [header('LOCATION'), bodyPart('x'), { type: 'CAROUSEL' }, buttons({ type: 'MPM', text: 'See' })]
    expect(problems(parts, {})).toEqual([
      expect.stringContaining('a carousel'),
      expect.stringContaining('several products'),
      expect.stringContaining('place on the map'),
    ])
  })
  test('repeat a one-time password for its copy button', () => {
    const parts = [bodyPart('{{1}} is your code'), buttons({ type: 'OTP', otp_type: 'COPY_CODE', text: 'Copy' })]
    expect(problems(parts, { body: { 1: '123456' } })).toEqual([])
  })
  test('are not looked up among inherited names', () => {
    expect(problems([bodyPart('{{constructor}}')], {}, 'NAMED')).toEqual(['body place constructor is missing'])
    expect(renderTemplateText([bodyPart('{{constructor}}')], values()).text).toBe('{{constructor}}')
  })
})

describe('the text as the customer reads it', () => {
  test('has its places filled, header, footer and buttons with it', () => {
    expect(renderTemplateText(visit, values(filled))).toEqual({
      text: 'Dear Mara, on Monday or Tuesday, Mara?',
      header: 'Visit at Lind',
      footer: 'Reply STOP',
      buttons: ['Yes', 'See', 'Call'],
    })
  })
  test('takes values as they are, also where they look like places or patterns', () => {
    expect(renderTemplateText([bodyPart('{{1}} {{2}}')], values({ body: { 1: '{{2}}', 2: '$&' } })).text).toBe('{{2}} $&')
  })
  test('of a template without header and buttons is its body alone', () => {
    expect(renderTemplateText([header('IMAGE'), bodyPart('Hello')], values())).toEqual({ text: 'Hello' })
  })
})
