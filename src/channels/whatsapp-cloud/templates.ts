/**
 * A template's components as synchronised → its places, what is wrong with given values, and the text as the customer
 * reads it. Pure. A place is a `{{1}}` or `{{name}}` in header, body or a button's address, a file in the header, or a
 * button's payload or code.
 */

import { list, member, string } from '../../kernel/read.ts'
import type { TemplateParameters } from '../../ports/message.ts'

export type HeaderKind = 'none' | 'text' | 'image' | 'video' | 'document' | 'location'

export interface ButtonPlace {
  /** Position among the template's buttons, from 0: the key in TemplateParameters.buttons. */
  index: number
  /** The provider's word in lower case: url, quick_reply, copy_code, otp, flow, catalog … */
  kind: string
  label: string
  /** Whether a value must be given. */
  required: boolean
  /** Whether a value may be given. */
  accepts: boolean
}

export interface TemplatePlaces {
  format: 'POSITIONAL' | 'NAMED'
  header: { kind: HeaderKind; keys: string[] }
  /** "1", "2" … or names, in the order in which they are sent. */
  body: string[]
  buttons: ButtonPlace[]
  /** What the template has and cannot be sent from here, in words. */
  unsupported: string[]
}

/** `place`: "body 2", "header", "button 0". `text`: one sentence for the person who fills it in. */
export interface TemplateProblem {
  place: string
  text: string
}

const PLACE = /\{\{\s*([A-Za-z0-9_]+)\s*\}\}/g
const headerKinds: readonly HeaderKind[] = ['text', 'image', 'video', 'document', 'location']
/** Component types with places of their own that TemplateParameters has no values for. */
const foreignComponents = new Map([
  ['CAROUSEL', 'a carousel'],
  ['LIMITED_TIME_OFFER', 'a limited-time offer'],
])
const foreignButtons = new Map([
  ['mpm', 'a button with several products'],
  ['spm', 'a button with a product'],
])

/** `format`: parameter_format as synchronised; without it the places themselves tell. */
export function templatePlaces(components: readonly unknown[], format?: string): TemplatePlaces {
  const header = component(components, 'HEADER')
  const headerKind = headerKinds.find((kind) => kind === (string(member(header, 'format')) ?? 'TEXT').toLowerCase())
  const bodyKeys = keysIn(member(component(components, 'BODY'), 'text'))
  const headerKeys = keysIn(member(header, 'text'))
  const positional = format === undefined ? [...bodyKeys, ...headerKeys].every((key) => /^\d+$/.test(key)) : format !== 'NAMED'
  const buttons = buttonsOf(components).map(buttonPlace)
  return {
    format: positional ? 'POSITIONAL' : 'NAMED',
    header: { kind: header === undefined ? 'none' : (headerKind ?? 'text'), keys: headerKind === 'text' ? headerKeys : [] },
    body: positional ? bodyKeys.toSorted((a, b) => Number(a) - Number(b)) : bodyKeys,
    buttons,
    unsupported: foreignParts(components, buttons, headerKind),
  }
}

/** Empty when the values fill exactly the places there are. */
export function checkTemplateParameters(
  components: readonly unknown[],
  parameters: TemplateParameters,
  format?: string,
): TemplateProblem[] {
  const places = templatePlaces(components, format)
  return [
    ...places.unsupported.map((part) => ({
      place: 'template',
      text: `The template has ${part}, which cannot be sent from here.`,
    })),
    ...headerProblems(places, parameters),
    ...valueProblems('body', places.body, parameters.body),
    ...buttonProblems(places, parameters),
  ]
}

/** The text as the customer reads it. A place without a value stays as it is written in the template. */
export function renderTemplateText(
  components: readonly unknown[],
  parameters: TemplateParameters,
): { text: string; header?: string; footer?: string; buttons?: string[] } {
  const header = component(components, 'HEADER')
  const headerText = string(member(header, 'text'))
  const footer = string(member(component(components, 'FOOTER'), 'text'))
  const buttons = buttonsOf(components).map(labelOf)
  return {
    text: filled(string(member(component(components, 'BODY'), 'text')) ?? '', parameters.body),
    ...(headerText === undefined ? {} : { header: filled(headerText, parameters.headerText ?? {}) }),
    ...(footer === undefined ? {} : { footer }),
    ...(buttons.length === 0 ? {} : { buttons }),
  }
}

const component = (components: readonly unknown[], type: string): unknown =>
  components.find((item) => string(member(item, 'type'))?.toUpperCase() === type)

const buttonsOf = (components: readonly unknown[]): unknown[] => list(member(component(components, 'BUTTONS'), 'buttons'))

const labelOf = (button: unknown): string => string(member(button, 'text')) ?? string(member(button, 'type')) ?? ''

const keysIn = (text: unknown): string[] =>
  typeof text === 'string' ? [...new Set([...text.matchAll(PLACE)].map((match) => match[1] ?? ''))] : []

const filled = (text: string, values: Record<string, string>): string =>
  text.replace(PLACE, (place, key: string) => (Object.hasOwn(values, key) ? (values[key] ?? place) : place))

function buttonPlace(button: unknown, index: number): ButtonPlace {
  const kind = (string(member(button, 'type')) ?? '').toLowerCase()
  const open = kind === 'url' && keysIn(member(button, 'url')).length > 0
  const required = open || kind === 'copy_code' || kind === 'otp'
  return { index, kind, label: labelOf(button), required, accepts: required || kind === 'quick_reply' || kind === 'flow' }
}

function foreignParts(components: readonly unknown[], buttons: ButtonPlace[], header: HeaderKind | undefined): string[] {
  const parts = components.map((item) => foreignComponents.get((string(member(item, 'type')) ?? '').toUpperCase()))
  const inButtons = buttons.map((button) => foreignButtons.get(button.kind))
  const place = header === 'location' ? 'a place on the map in its header' : undefined
  return [...parts, ...inButtons, place].filter((part) => part !== undefined)
}

function headerProblems(places: TemplatePlaces, parameters: TemplateParameters): TemplateProblem[] {
  const { kind, keys } = places.header
  const problems = valueProblems('header', keys, parameters.headerText ?? {})
  const wantsFile = kind === 'image' || kind === 'video' || kind === 'document'
  if (wantsFile && parameters.headerMediaId === undefined)
    problems.push({ place: 'header', text: `The header's ${kind} is missing.` })
  if (!wantsFile && parameters.headerMediaId !== undefined)
    problems.push({ place: 'header', text: 'The header takes no file.' })
  return problems
}

function valueProblems(part: 'body' | 'header', keys: readonly string[], values: Record<string, string>): TemplateProblem[] {
  const missing = keys.filter((key) => !Object.hasOwn(values, key) || values[key]?.trim() === '')
  const extra = Object.keys(values).filter((key) => !keys.includes(key))
  const badlyFormed = keys.filter((key) => !missing.includes(key) && FORBIDDEN.test(values[key] ?? ''))
  const say = (key: string, what: string) => ({ place: `${part} ${key}`, text: `${part} place ${key} ${what}` })
  return [
    ...missing.map((key) => say(key, 'is missing')),
    ...badlyFormed.map((key) => say(key, 'contains a line break, a tab or more than four spaces in a row')),
    ...extra.map((key) => say(key, 'does not exist in this template')),
  ]
}

// The provider answers such a value with error 132018.
const FORBIDDEN = /[\n\r\t]| {5,}/

function buttonProblems(places: TemplatePlaces, parameters: TemplateParameters): TemplateProblem[] {
  const missing = places.buttons.filter((button) => button.required && buttonValue(button, parameters) === undefined)
  const accepting = new Set(places.buttons.filter((button) => button.accepts).map((button) => String(button.index)))
  const extra = Object.keys(parameters.buttons).filter((key) => !accepting.has(key))
  return [
    ...missing.map(({ index, label }) => ({ place: `button ${index}`, text: `button place ${index} ("${label}") is missing` })),
    ...extra.map((key) => ({ place: `button ${key}`, text: `button place ${key} takes no value in this template` })),
  ]
}

/** The value of a button. A one-time password stands in the body already and is repeated for its copy button. */
export function buttonValue(button: ButtonPlace, parameters: TemplateParameters): string | undefined {
  const key = String(button.index)
  const given = Object.hasOwn(parameters.buttons, key) ? parameters.buttons[key] : undefined
  return given ?? (button.kind === 'otp' && Object.hasOwn(parameters.body, '1') ? parameters.body['1'] : undefined)
}
