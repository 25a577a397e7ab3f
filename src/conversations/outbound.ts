/** What an outbound body is called, and how it reads in a thread. Pure. */
import { preview } from '../kernel/text.ts'
import type { OutboundBody } from '../ports/message.ts'

/** The text people read and search; null where the body has none. */
export function readableText(body: OutboundBody): string | null {
  switch (body.type) {
    case 'text':
    case 'buttons':
    case 'list':
    case 'link':
      return body.text
    case 'location':
      return [body.name, body.address].filter(Boolean).join(', ') || null
    case 'contacts':
      return body.contacts.map((contact) => contact.name).join(', ')
    case 'reaction':
    case 'template':
      return null
    default:
      return body.caption ?? null
  }
}

export const previewLine = (type: string, text: string | null): string => (text ? preview(text) : `[${type}]`)

/** The file a body refers to, if any. */
export function mediaIdOf(body: OutboundBody): string | undefined {
  if ('mediaId' in body) return body.mediaId
  return body.type === 'template' ? body.parameters.headerMediaId : undefined
}
