import { GraphError } from './graph-errors.ts'
import type { Json, Template } from './types.ts'
import type { World } from './world.ts'

const list = (value: unknown) => (Array.isArray(value) ? (value as Json[]) : [])

/** Names or numbers of the `{{…}}` in a text, each once. */
export function placeholders(text: unknown): string[] {
  const found = String(text ?? '').matchAll(/\{\{\s*(\w+)\s*\}\}/g)
  return [...new Set([...found].map((match) => match[1] as string))]
}

export function findTemplate(world: World, wabaId: string, name: unknown, language: unknown): Template | undefined {
  for (const template of world.templates.values()) {
    if (template.wabaId === wabaId && template.name === name && template.language === language) return template
  }
  return undefined
}

function requireUsable(world: World, wabaId: string, payload: Json): Template {
  const language = (payload.language as Json | undefined)?.code
  const template = findTemplate(world, wabaId, payload.name, language)
  if (template?.status === 'PAUSED')
    throw new GraphError(132015, { details: `Template ${payload.name} is paused due to low quality.` })
  if (template?.status === 'DISABLED') throw new GraphError(132016, { details: `Template ${payload.name} is disabled.` })
  if (template?.status !== 'APPROVED') {
    throw new GraphError(132001, { details: `template name (${payload.name}) does not exist in ${language}` })
  }
  return template
}

const component = (template: Template, type: string) => template.components.find((part) => part.type === type)
const sentParts = (payload: Json, type: string) =>
  list(payload.components).filter((part) => String(part.type).toLowerCase() === type)

function checkCount(part: string, given: Json[], expected: string[]): void {
  if (given.length === expected.length) return
  throw new GraphError(132000, {
    details: `${part}: number of localizable_params (${given.length}) does not match the expected number of params (${expected.length})`,
  })
}

function checkTextParameters(part: string, template: Template, given: Json[], expected: string[]): void {
  checkCount(part, given, expected)
  for (const parameter of given) {
    if (parameter.type === 'text' && typeof parameter.text !== 'string') {
      throw new GraphError(132012, { details: `${part}: Parameter of type text is missing text value` })
    }
    if (part === 'body' && /[\n\t]| {5,}/.test(String(parameter.text ?? ''))) {
      throw new GraphError(132018, {
        details: 'Param text cannot have new-line/tab characters or more than 4 consecutive spaces',
      })
    }
    if (template.parameterFormat === 'NAMED' && !expected.includes(String(parameter.parameter_name))) {
      throw new GraphError(100, { details: `${part}: Parameter name is missing or empty: ${String(parameter.parameter_name)}` })
    }
  }
}

function checkHeader(template: Template, payload: Json): void {
  const header = component(template, 'HEADER')
  const given = sentParts(payload, 'header').flatMap((part) => list(part.parameters))
  const format = String(header?.format ?? 'TEXT')
  if (format === 'TEXT') {
    checkTextParameters('header', template, given, placeholders(header?.text))
    return
  }
  const wanted = format.toLowerCase()
  if (given.length !== 1 || given[0]?.type !== wanted) {
    throw new GraphError(132012, {
      details: `header: Format mismatch, expected ${format}, received ${String(given[0]?.type ?? 'UNKNOWN').toUpperCase()}`,
    })
  }
}

// Buttons whose parameter must come with the send: a URL with a variable, a coupon code, an OTP.
function needsParameter(button: Json): boolean {
  if (button.type === 'URL') return placeholders(button.url).length > 0
  return button.type === 'COPY_CODE' || button.type === 'OTP'
}

function checkButtons(template: Template, payload: Json): void {
  const buttons = list(component(template, 'BUTTONS')?.buttons)
  const given = sentParts(payload, 'button')
  for (const part of given) {
    if (!buttons[Number(part.index)]) {
      throw new GraphError(132000, { details: `button: index ${String(part.index)} does not exist in the template` })
    }
  }
  buttons.forEach((button, index) => {
    const parameters = list(given.find((part) => Number(part.index) === index)?.parameters)
    if (needsParameter(button) && parameters.length !== 1) {
      throw new GraphError(131008, {
        details: `buttons: Button at index ${index} of type ${String(button.type)} requires a parameter`,
      })
    }
  })
}

/** The template with its body's parameters put in: what the customer reads. */
export function renderBody(template: Template, payload: Json): string {
  const parameters = sentParts(payload, 'body').flatMap((part) => list(part.parameters))
  const parameterText = (name: string) => {
    const found = parameters.find((parameter) => parameter.parameter_name === name) ?? parameters[Number(name) - 1]
    const value =
      found?.text ??
      (found?.currency as Json | undefined)?.fallback_value ??
      (found?.date_time as Json | undefined)?.fallback_value
    return String(value ?? '')
  }
  const text = String(component(template, 'BODY')?.text ?? '')
  return text.replace(/\{\{\s*(\w+)\s*\}\}/g, (_all, name: string) => parameterText(name))
}

const authenticationButton = (button: Json) => button.type === 'OTP'

/** Whether this template may not go to a business-scoped user id (131062). */
export const needsPhone = (template: Template) => list(component(template, 'BUTTONS')?.buttons).some(authenticationButton)

/** Throws 132001, 132015, 132016 for the template itself and 132000, 132005, 132012, 132018, 131008 for its parameters. */
export function checkTemplateSend(world: World, wabaId: string, payload: Json): Template {
  const template = requireUsable(world, wabaId, payload)
  checkHeader(template, payload)
  const given = sentParts(payload, 'body').flatMap((part) => list(part.parameters))
  checkTextParameters('body', template, given, placeholders(component(template, 'BODY')?.text))
  checkButtons(template, payload)
  if (renderBody(template, payload).length > 1024)
    throw new GraphError(132005, { details: 'Translated text of body exceeds 1024 characters' })
  return template
}
