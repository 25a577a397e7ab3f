/** A template as the composer needs it: its text, and what has to be filled in, with the examples given at its review. */

import { list, member, string } from '../../kernel/read.ts'
import type { TemplateRules } from '../../ports/channel.ts'
import { checkTemplateParameters, renderTemplateText, templatePlaces } from './templates.ts'

const none = { body: {}, buttons: {} }

export const templateRules: TemplateRules = {
  check: (components, format, parameters) => checkTemplateParameters(components, parameters, format),
  render: (components, _format, parameters) => {
    const { buttons = [], ...rest } = renderTemplateText(components, parameters)
    return { ...rest, buttons }
  },
  describe(components, format) {
    const shown = renderTemplateText(components, none)
    const places = templatePlaces(components, format)
    const header = part(components, 'HEADER')
    const body = part(components, 'BODY')
    const media = ['image', 'video', 'document'].includes(places.header.kind)
    const buttons = list(member(part(components, 'BUTTONS'), 'buttons'))
    return {
      header: shown.header ?? null,
      body: shown.text,
      footer: shown.footer ?? null,
      buttons: shown.buttons ?? [],
      places: [
        ...places.header.keys.map((name) => ({
          slot: 'header' as const,
          name,
          label: name,
          example: headerExample(header, name),
        })),
        ...(media
          ? [{ slot: 'headerMedia' as const, name: places.header.kind, label: places.header.kind, example: null }]
          : []),
        ...places.body.map((name, index) => ({
          slot: 'body' as const,
          name,
          label: name,
          example: bodyExample(body, name, index),
        })),
        ...places.buttons
          .filter((button) => button.required && button.kind !== 'otp')
          .map((button) => ({
            slot: 'button' as const,
            name: String(button.index),
            label: button.label,
            example: string(list(member(buttons[button.index], 'example'))[0]) ?? null,
          })),
      ],
    }
  },
}

const part = (components: readonly unknown[], type: string): unknown =>
  components.find((item) => string(member(item, 'type'))?.toUpperCase() === type)

const named = (values: unknown, name: string): string | undefined =>
  string(
    member(
      list(values).find((item) => member(item, 'param_name') === name),
      'example',
    ),
  )

function headerExample(header: unknown, name: string): string | null {
  const example = member(header, 'example')
  return named(member(example, 'header_text_named_params'), name) ?? string(list(member(example, 'header_text'))[0]) ?? null
}

function bodyExample(body: unknown, name: string, index: number): string | null {
  const example = member(body, 'example')
  return (
    named(member(example, 'body_text_named_params'), name) ?? string(list(list(member(example, 'body_text'))[0])[index]) ?? null
  )
}
