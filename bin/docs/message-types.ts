import { z } from 'zod'
import type { MessageType } from '../../src/ports/message.ts'
import { generated } from './generated.ts'

const about: Record<MessageType, string> = {
  text: 'A line of text.',
  image: 'A picture; the file is in `media`.',
  video: 'A video.',
  audio: 'A recording; `voice` where it was spoken into the phone.',
  document: 'Any other file.',
  sticker: 'A sticker, still or animated.',
  location: 'A place.',
  contacts: 'One or more contact cards.',
  button: 'A quick reply of a template was pressed.',
  interactive: 'An answer to buttons, a list, a form or a call request.',
  reaction: 'An emoji on another message (`replyTo`); `null` takes it back.',
  order: 'Goods chosen from a catalogue.',
  system: 'The provider tells something about the customer: a new number, a new device.',
  edit: 'Another message (`replyTo`) was changed by its author.',
  revoke: 'Another message (`replyTo`) was deleted by its author; the original is kept.',
  unsupported: 'The provider could not pass on what the customer sent.',
  template: 'An approved template, as the customer reads it.',
  note: 'Written by a colleague for colleagues; never sent.',
  activity: 'A line of the system in the thread: closed, assigned, handed over.',
}

interface JsonSchema {
  type?: string | string[]
  const?: unknown
  enum?: unknown[]
  anyOf?: JsonSchema[]
  oneOf?: JsonSchema[]
  items?: JsonSchema
  properties?: Record<string, JsonSchema>
  additionalProperties?: JsonSchema | boolean
  required?: string[]
  format?: string
  minimum?: number
  maximum?: number
  minLength?: number
  maxLength?: number
  maxItems?: number
  description?: string
}

function kind(schema: JsonSchema): string {
  if (schema.const !== undefined) return `\`${JSON.stringify(schema.const)}\``
  if (schema.enum) return schema.enum.map((value) => `\`${JSON.stringify(value)}\``).join(' or ')
  const choices = schema.anyOf ?? schema.oneOf
  if (choices) return choices.map(kind).join(' or ')
  if (schema.type === 'array')
    return `list of ${kind(schema.items ?? {})}${schema.maxItems ? `, at most ${schema.maxItems}` : ''}`
  if (schema.type === 'object' && schema.properties) return `{ ${fieldsInline(schema)} }`
  if (schema.type === 'object') return 'object'
  if (schema.format) return schema.format
  const limits = schema.maxLength ? ` (at most ${schema.maxLength})` : ''
  return `${schema.type ?? 'anything'}${limits}`
}

const fieldsInline = (schema: JsonSchema): string =>
  Object.entries(schema.properties ?? {})
    .map(([name, field]) => `${name}${schema.required?.includes(name) ? '' : '?'}: ${kind(field)}`)
    .join('; ')

function fieldList(schema: JsonSchema, skip: readonly string[] = []): string {
  const fields = Object.entries(schema.properties ?? {}).filter(([name]) => !skip.includes(name))
  if (fields.length === 0) return 'No fields.'
  return fields
    .map(
      ([name, field]) =>
        `- \`${name}\`${schema.required?.includes(name) ? '' : ' (optional)'}: ${kind(field)}${field.description ? `. ${field.description}` : ''}`,
    )
    .join('\n')
}

const json = (schema: z.ZodType): JsonSchema => z.toJSONSchema(schema, { io: 'input' }) as JsonSchema

function outgoing(body: z.ZodType): string {
  const variants = json(body).oneOf ?? json(body).anyOf ?? []
  return variants
    .map((variant) => {
      const type = variant.properties?.type
      const names = (type?.enum ?? [type?.const]).map((name) => `\`${String(name)}\``).join(', ')
      return `### ${names}\n\n${fieldList(variant, ['type'])}`
    })
    .join('\n\n')
}

/** docs/message-types.md from the schemas of what comes in and of what may be sent. */
export function renderMessageTypes(bodies: Readonly<Record<MessageType, z.ZodType>>, outbound: z.ZodType): string {
  const incoming = (Object.keys(bodies) as MessageType[]).map(
    (type) => `### \`${type}\`\n\n${about[type]}\n\n${fieldList(json(bodies[type]))}`,
  )
  return `${generated('src/ports/message.ts')}
# Message types

The same shapes on every channel. \`type\` is an open set: a type that is not listed here is kept with its body as it came,
so a program must be ready for one it does not know. \`text\` beside the body is what people read, for every type.

## What a message says (\`type\` and \`body\` of a message)

${incoming.join('\n\n')}

## What can be sent (\`body\` of POST /api/conversations/:id/messages and POST /api/messages)

Which of them a channel can carry is in its account's \`capabilities.send\`; lengths here are the tightest
of the channels.

${outgoing(outbound)}
`
}
