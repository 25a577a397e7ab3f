/** Our body → the form of Messages.json. Pure: nothing here knows whether it is sent. */
import type { Capabilities, OutboundMessage } from '../../ports/channel.ts'
import type { OutboundBody } from '../../ports/message.ts'
import { contentOf, contentVariables } from './contents.ts'
import { addressOf } from './parse-person.ts'

export type Rejection = { ok: false; code: string; text: string; hint?: 'template' | 'refresh_templates' | 'opted_out' }
export type Rendered = { ok: true; to: string; form: [string, string][]; body: string } | Rejection

const rejected = (code: string, text: string, hint?: Rejection['hint']): Rejection => ({
  ok: false,
  code,
  text,
  ...(hint === undefined ? {} : { hint }),
})

export interface Carrier {
  channel: 'sms' | 'whatsapp'
  capabilities: Capabilities
}

export function renderMessage({ channel, capabilities }: Carrier, message: OutboundMessage): Rendered {
  const { body } = message
  if (!capabilities.send.includes(body.type))
    return rejected('unsupported', `This channel carries no message of type ${body.type}.`)
  const to = addressOf(channel, message.to)
  if (to === undefined) return rejected('no_address', 'The customer has no number that could be written to on this channel.')
  const content = contentFor(capabilities, message)
  if ('code' in content) return content
  const text = content.find(([name]) => name === 'Body')?.[1] ?? ''
  if ([...text].length > capabilities.maxText)
    return rejected('too_long', `The message has ${[...text].length} characters; this channel takes ${capabilities.maxText}.`)
  return { ok: true, to, form: [['To', to], ...content], body: text }
}

type Parts = [string, string][]

function contentFor(capabilities: Capabilities, message: OutboundMessage): Parts | Rejection {
  const { body } = message
  switch (body.type) {
    case 'text':
      return [['Body', body.text]]
    case 'link':
      return [['Body', [body.text, body.footer, `${body.label}: ${body.url}`].filter(Boolean).join('\n')]]
    case 'location':
      return renderPlace(body)
    case 'template':
      return renderTemplate(body, message.templateComponents ?? [])
    case 'image':
    case 'video':
    case 'audio':
    case 'document':
    case 'sticker':
      return renderFile(capabilities, body, message.file)
    default:
      return rejected('unsupported', `This channel carries no message of type ${body.type}.`)
  }
}

function renderPlace(body: Extract<OutboundBody, { type: 'location' }>): Parts {
  const words = [body.name, body.address].filter(Boolean).join(', ')
  const label = words === '' ? '' : `|${words}`
  // Without words of its own WhatsApp shows none; Twilio wants a body all the same.
  return [
    ['Body', words === '' ? `${body.latitude}, ${body.longitude}` : words],
    ['PersistentAction', `geo:${body.latitude},${body.longitude}${label}`],
  ]
}

function renderTemplate(body: Extract<OutboundBody, { type: 'template' }>, components: readonly unknown[]): Parts | Rejection {
  const content = contentOf(components)
  if (!content)
    return rejected('template_unknown', `The template ${body.name} is not known here in ${body.language}.`, 'refresh_templates')
  const variables = contentVariables(body.parameters)
  return [['ContentSid', content.sid], ...(variables === '{}' ? [] : [['ContentVariables', variables] as [string, string]])]
}

const baseType = (mimeType: string): string => (mimeType.split(';')[0] ?? '').trim().toLowerCase()

type FileBody = Extract<OutboundBody, { mediaId: string }>

function renderFile(capabilities: Capabilities, body: FileBody, file: OutboundMessage['file']): Parts | Rejection {
  if (!file) return rejected('no_file', 'The file of the message is missing.')
  const limit = capabilities.media[body.type]
  const mimeType = baseType(file.mimeType)
  if (!limit?.mimeTypes.includes(mimeType))
    return rejected(
      'file_type',
      `This channel does not take ${mimeType} as ${body.type}. It takes ${limit?.mimeTypes.join(', ')}.`,
    )
  if (file.byteSize === 0) return rejected('file_empty', 'The file is empty.')
  if (file.byteSize > limit.maxBytes)
    return rejected(
      'file_too_large',
      `The file has ${file.byteSize} bytes; this channel takes ${limit.maxBytes} as ${body.type}.`,
    )
  const link = file.link?.()
  if (link === undefined)
    return rejected('no_link', 'Twilio has to fetch the file from this server, which has no address for it.')
  return [...(body.caption ? [['Body', body.caption] as [string, string]] : []), ['MediaUrl', link]]
}
