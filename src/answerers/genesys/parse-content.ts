/** What an agent or a flow says: text, files, and what there is to choose from. */
import { cut, type Json, list, member, record, string } from '../../kernel/read.ts'
import type { CentreAttachment, CentreStructure } from '../../ports/contact-centre.ts'
import { structureOf, titleOf } from './parse-structure.ts'

export interface Content {
  text: string | null
  attachments: CentreAttachment[]
  structures: CentreStructure[]
}

/** A body that holds more says something else than a message. */
const MAX_ITEMS = 100
const mediaKinds = new Map<string | undefined, CentreAttachment['kind']>([
  ['Image', 'image'],
  ['Video', 'video'],
  ['Audio', 'audio'],
  ['Link', 'link'],
])

export function contentOf(body: Json): Content {
  const items = list(body.content)
    .slice(0, MAX_ITEMS)
    .map(record)
    .filter((item) => item !== undefined)
  const files = items.filter((item) => string(item.contentType) === 'Attachment')
  const texts = items.filter((item) => string(item.contentType) === 'Text').map((item) => string(member(item.text, 'body')))
  const rest = items.filter((item) => !['Attachment', 'Text'].includes(string(item.contentType) ?? ''))
  const lines = [string(body.text), ...texts].filter((line) => line !== undefined && line.trim() !== '')
  return {
    text: lines.length === 0 ? null : lines.join('\n'),
    attachments: files.map((item) => attachmentOf(item.attachment)),
    structures: [...quickReplies(rest), ...rest.filter((item) => item.contentType !== 'QuickReply').flatMap(structureOf)],
  }
}

/** Each is an item of its own; together they are one question. */
function quickReplies(items: readonly Json[]): CentreStructure[] {
  const replies = items.filter((item) => item.contentType === 'QuickReply').map((item) => item.quickReply)
  const options = replies.flatMap((reply) => {
    const title = titleOf(member(reply, 'text'))
    if (title === undefined) return []
    return [{ title, payload: string(member(reply, 'payload')), imageUrl: string(member(reply, 'image')) }]
  })
  return options.length === 0 ? [] : [{ kind: 'quick_replies', options }]
}

/** Without an address it is kept with an empty one: whoever fetches it says that it could not be. */
export function attachmentOf(given: unknown): CentreAttachment {
  const text = (key: string, max: number) => {
    const value = string(member(given, key))
    return value === undefined ? undefined : cut(value, max)
  }
  return {
    id: text('id', 255),
    kind: mediaKinds.get(string(member(given, 'mediaType'))) ?? 'file',
    url: string(member(given, 'url')) ?? '',
    mimeType: text('mime', 255),
    fileName: text('filename', 240),
    caption: text('text', 4_096),
  }
}
