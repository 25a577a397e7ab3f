/**
 * A message as Parley states it → the JSON of `POST /{phone_number_id}/messages`. Pure; what cannot be sent is a value.
 * `mediaId` is the provider's id of the message's file, uploaded before.
 */

import type { Json } from '../../kernel/read.ts'
import type { OutboundMessage, PersonIdentity } from '../../ports/channel.ts'
import type { OutboundBody } from '../../ports/message.ts'
import { capabilities } from './capabilities.ts'
import { renderContacts, renderInteractive } from './render-parts.ts'
import { baseMimeType, checkFile, type Part, part, type Rejection, rejected, tooLong } from './render-result.ts'
import { renderTemplate } from './render-template.ts'

export type Rendered = { ok: true; payload: Json } | Rejection

const MAX_CAPTION = 1024

export function renderMessage(message: OutboundMessage, mediaId?: string): Rendered {
  const address = addressOf(message.to)
  if (!address) return rejected('no_address', 'There is neither a WhatsApp number nor a WhatsApp user id to send to.')
  const content = contentOf(message, mediaId)
  if (!content.ok) return content
  const isReply = message.replyTo !== undefined && message.body.type !== 'reaction'
  return {
    ok: true,
    payload: {
      messaging_product: 'whatsapp',
      recipient_type: 'individual',
      ...address,
      ...(isReply ? { context: { message_id: message.replyTo } } : {}),
      ...content.part,
      biz_opaque_callback_data: message.messageId,
    },
  }
}

/** `to` with a phone's digits wins over `recipient` with a user id, at the provider too; so only one is sent. */
function addressOf(identities: readonly PersonIdentity[]): { to: string } | { recipient: string } | undefined {
  const phone = identities.find(({ kind }) => kind === 'wa_id') ?? identities.find(({ kind }) => kind === 'phone')
  const digits = phone?.value.replace(/^\+/, '')
  if (digits !== undefined && /^[0-9]{6,20}$/.test(digits)) return { to: digits }
  const user = identities.find(({ kind }) => kind === 'bsuid')
  return user === undefined ? undefined : { recipient: user.value }
}

function contentOf(message: OutboundMessage, mediaId: string | undefined): Part {
  const body = message.body
  switch (body.type) {
    case 'text':
      return renderText(body)
    case 'image':
    case 'video':
    case 'audio':
    case 'document':
    case 'sticker':
      return renderMedia(body, message, mediaId)
    case 'template':
      return renderTemplate(body, message, mediaId)
    case 'location':
      return renderLocation(body)
    case 'contacts':
      return renderContacts(body)
    case 'reaction':
      return renderReaction(body, message.targetExternalId)
    case 'buttons':
    case 'list':
    case 'link':
      return renderInteractive(body)
    default:
      return rejected('unsupported_type', 'WhatsApp cannot send this kind of message.')
  }
}

type Body<T extends OutboundBody['type']> = Extract<OutboundBody, { type: T }>
type MediaBody = Extract<OutboundBody, { mediaId: string }>

function renderText(body: Body<'text'>): Part {
  if (body.text.trim() === '') return rejected('empty', 'The message has no text.')
  if (body.text.length > capabilities.maxText) return tooLong('The text', body.text, capabilities.maxText)
  return part({ type: 'text', text: { body: body.text, preview_url: body.previewUrl ?? false } })
}

function renderMedia(body: MediaBody, message: OutboundMessage, mediaId: string | undefined): Part {
  const { file } = message
  if (!file) return rejected('no_file', 'The file of the message is missing.')
  const problem = checkFile(body.type, file)
  if (problem) return problem
  const takesCaption = body.type === 'image' || body.type === 'video' || body.type === 'document'
  if (body.caption && !takesCaption) return rejected('no_caption', `WhatsApp shows no caption with ${body.type} messages.`)
  if ((body.caption?.length ?? 0) > MAX_CAPTION) return tooLong('The caption', body.caption ?? '', MAX_CAPTION)
  const isVoice = body.type === 'audio' && body.voice === true && baseMimeType(file.mimeType) === 'audio/ogg'
  const content = {
    // Before the upload there is no id yet; the rest can be judged all the same.
    id: mediaId ?? '',
    ...(body.caption ? { caption: body.caption } : {}),
    ...(body.type === 'document' ? { filename: body.fileName ?? file.fileName } : {}),
    ...(isVoice ? { voice: true } : {}),
  }
  return part({ type: body.type, [body.type]: content })
}

function renderLocation(body: Body<'location'>): Part {
  const { latitude, longitude, name, address } = body
  if (Math.abs(latitude) > 90 || Math.abs(longitude) > 180) return rejected('location', 'There is no such place on the map.')
  return part({
    type: 'location',
    location: { latitude, longitude, ...(name ? { name } : {}), ...(address ? { address } : {}) },
  })
}

/** An empty emoji takes the reaction back. */
function renderReaction(body: Body<'reaction'>, target: string | undefined): Part {
  if (target === undefined) return rejected('no_target', 'The message reacted to is not known to WhatsApp.')
  return part({ type: 'reaction', reaction: { message_id: target, emoji: body.emoji ?? '' } })
}
