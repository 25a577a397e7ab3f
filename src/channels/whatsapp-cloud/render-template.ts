/** A template and its values → `template` of the provider, with the components that have places. */

import type { Json } from '../../kernel/read.ts'
import type { OutboundMessage } from '../../ports/channel.ts'
import type { OutboundBody, TemplateParameters } from '../../ports/message.ts'
import { checkFile, type Part, part, rejected } from './render-result.ts'
import { type ButtonPlace, buttonValue, checkTemplateParameters, type TemplatePlaces, templatePlaces } from './templates.ts'

type Template = Extract<OutboundBody, { type: 'template' }>

export function renderTemplate(body: Template, message: OutboundMessage, mediaId: string | undefined): Part {
  const { templateComponents: components, templateParameterFormat: format, file } = message
  if (!components) {
    return {
      ...rejected('template_unknown', 'The template is not in our copy. Synchronise the templates.'),
      hint: 'refresh_templates',
    }
  }
  const problems = checkTemplateParameters(components, body.parameters, format)
  if (problems.length > 0) return rejected('template_parameters', `${problems.map(({ text }) => text).join('; ')}.`)
  const places = templatePlaces(components, format)
  const { kind } = places.header
  if (kind === 'image' || kind === 'video' || kind === 'document') {
    if (!file) return rejected('no_file', "The file of the template's header is missing.")
    const problem = checkFile(kind, file)
    if (problem) return problem
  }
  const sent = [
    headerComponent(places, body.parameters, mediaId ?? '', file?.fileName),
    bodyComponent(places, body.parameters),
    ...places.buttons.map((button) => buttonComponent(button, body.parameters)),
  ].filter((component) => component !== undefined)
  const template = { name: body.name, language: { code: body.language }, ...(sent.length > 0 ? { components: sent } : {}) }
  return part({ type: 'template', template })
}

function headerComponent(
  { header, format }: TemplatePlaces,
  parameters: TemplateParameters,
  mediaId: string,
  fileName: string | undefined,
): Json | undefined {
  if (header.keys.length > 0) return { type: 'header', parameters: texts(header.keys, parameters.headerText ?? {}, format) }
  if (header.kind === 'image' || header.kind === 'video') {
    return { type: 'header', parameters: [{ type: header.kind, [header.kind]: { id: mediaId } }] }
  }
  if (header.kind !== 'document') return undefined
  const document = { id: mediaId, ...(fileName ? { filename: fileName } : {}) }
  return { type: 'header', parameters: [{ type: 'document', document }] }
}

const bodyComponent = (places: TemplatePlaces, parameters: TemplateParameters): Json | undefined =>
  places.body.length === 0 ? undefined : { type: 'body', parameters: texts(places.body, parameters.body, places.format) }

const texts = (keys: readonly string[], values: Record<string, string>, format: TemplatePlaces['format']): Json[] =>
  keys.map((key) => ({
    type: 'text',
    ...(format === 'NAMED' ? { parameter_name: key } : {}),
    text: values[key] ?? '',
  }))

/** A one-time password's button is addressed as a url button, whatever the template calls it. */
const buttonKinds = new Map<string, { subType: string; parameter: (value: string) => Json }>([
  ['url', { subType: 'url', parameter: (text) => ({ type: 'text', text }) }],
  ['otp', { subType: 'url', parameter: (text) => ({ type: 'text', text }) }],
  ['quick_reply', { subType: 'quick_reply', parameter: (payload) => ({ type: 'payload', payload }) }],
  ['copy_code', { subType: 'copy_code', parameter: (code) => ({ type: 'coupon_code', coupon_code: code }) }],
  ['flow', { subType: 'flow', parameter: (token) => ({ type: 'action', action: { flow_token: token } }) }],
])

function buttonComponent(button: ButtonPlace, parameters: TemplateParameters): Json | undefined {
  const kind = buttonKinds.get(button.kind)
  const value = button.accepts ? buttonValue(button, parameters) : undefined
  if (kind === undefined || value === undefined) return undefined
  return { type: 'button', sub_type: kind.subType, index: String(button.index), parameters: [kind.parameter(value)] }
}
