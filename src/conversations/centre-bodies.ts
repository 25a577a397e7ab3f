/** What an agent of a contact centre or a flow said → what the customer's channel can show. Pure. */
import { z } from 'zod'
import type { Capabilities } from '../ports/channel.ts'
import type { CentreAttachment, CentreEvent, CentreStructure } from '../ports/contact-centre.ts'
import type { OutboundBody } from '../ports/message.ts'
import { choiceBodies, numbered } from './centre-choices.ts'
import { splitText } from './split-text.ts'

export type CentreBody = OutboundBody | { attachment: CentreAttachment; caption?: string }
export type CentreMessage = Pick<Extract<CentreEvent, { kind: 'message' }>, 'text' | 'attachments' | 'structures'>

/** Characters. */
export const MAX_CAPTION = 1_024
/** Points at what can be chosen where an agent wrote nothing: needs no language. */
const POINTER = '👇'

/**
 * In the order in which they are to be sent; empty where there is nothing to say. `labels.choose` opens a list of options
 * (at most 20 characters), in the customer's language where the caller knows it.
 */
export function bodiesOf(message: CentreMessage, channel: Capabilities, labels = { choose: 'Options' }): CentreBody[] {
  const files = message.attachments.filter((file) => canCarry(channel, file))
  const others = message.attachments.filter((file) => !canCarry(channel, file))
  const [first] = message.structures
  const text = message.text?.trim() ?? ''
  const asksWithText = first !== undefined && !first.title && !first.text
  const caption = message.structures.length === 0 ? captionOf(text, files) : undefined
  const isSaidElsewhere = caption !== undefined || asksWithText || text === first?.text
  return [
    ...(isSaidElsewhere ? [] : texts(text, channel)),
    ...files.flatMap((file) => fileBodies(file, caption, channel)),
    ...others.flatMap((file) => texts(linkText(file), channel)),
    ...message.structures.flatMap((structure, index) =>
      structureBodies(index === 0 && asksWithText ? { ...structure, text: text || POINTER } : structure, channel, labels),
    ),
  ]
}

const mediaTypes = { image: 'image', video: 'video', audio: 'audio', file: 'document' } as const

/** A picture that cannot be shown as one may still go as a document. */
const canCarry = (channel: Capabilities, { kind }: CentreAttachment): boolean =>
  kind !== 'link' && (channel.send.includes(mediaTypes[kind]) || channel.send.includes('document'))

const texts = (text: string, { maxText }: Capabilities): OutboundBody[] =>
  splitText(text, Math.min(maxText, 4_096)).map((piece) => ({ type: 'text', text: piece }))

/** One file and a text are one message, where the file has no words of its own. */
function captionOf(text: string, files: readonly CentreAttachment[]): string | undefined {
  const [file] = files
  return file !== undefined && files.length === 1 && !file.caption && text !== '' ? text : undefined
}

/** A voice message has no caption, and any other only a short one: longer words go before it. */
function fileBodies(attachment: CentreAttachment, given: string | undefined, channel: Capabilities): CentreBody[] {
  const caption = given ?? attachment.caption
  if (!caption) return [{ attachment }]
  const fits = attachment.kind !== 'audio' && caption.length <= MAX_CAPTION
  return fits ? [{ attachment, caption }] : [...texts(caption, channel), { attachment }]
}

const linkText = ({ caption, fileName, url }: CentreAttachment): string =>
  [caption ?? fileName, url].filter((part) => part !== undefined && part !== '').join('\n')

function structureBodies(given: CentreStructure, channel: Capabilities, labels: { choose: string }): CentreBody[] {
  const { imageUrl, ...structure } = given
  if (imageUrl === undefined || !channel.send.includes('image')) return structureTexts(structure, channel, labels)
  const attachment: CentreAttachment = { kind: 'image', url: imageUrl }
  const words = wordsOf(structure)
  // Nothing to choose: picture and words are one message.
  if (structure.options.length === 0 && words !== '' && words.length <= MAX_CAPTION) return [{ attachment, caption: words }]
  return [{ attachment }, ...structureTexts(structure, channel, labels)]
}

const wordsOf = ({ title, text, footer }: CentreStructure): string => [title, text, footer].filter(Boolean).join('\n')

function structureTexts(structure: CentreStructure, channel: Capabilities, labels: { choose: string }): OutboundBody[] {
  const links = structure.options.filter(({ url }) => url !== undefined)
  const replies = structure.options.filter(({ url }) => url === undefined)
  const only = links.length === 1 && replies.length === 0 ? links[0] : undefined
  const link = only && linkBody(structure, only, channel)
  if (link) return [link]
  const withLinks =
    links.length === 0 ? structure : { ...structure, text: [structure.text, ...links.map(lineOf)].filter(Boolean).join('\n') }
  if (replies.length === 0) return texts(wordsOf(withLinks), channel)
  const asked = { ...withLinks, options: replies }
  // What it is nobody knows: its options are told, not made into buttons that may mean something else.
  if (structure.kind === 'unknown' || structure.kind === 'form') {
    return texts([wordsOf(asked), ...replies.map(({ title }) => `• ${title}`)].filter(Boolean).join('\n'), channel)
  }
  return choiceBodies(asked, channel, labels) ?? texts(numbered(asked), channel)
}

const lineOf = ({ title, url }: CentreStructure['options'][number]): string => `${title}: ${url}`

function linkBody(structure: CentreStructure, { title, url }: CentreStructure['options'][number], channel: Capabilities) {
  const text = [structure.title, structure.text].filter(Boolean).join('\n')
  const fits = text !== '' && text.length <= MAX_CAPTION && title.length <= 20 && (structure.footer?.length ?? 0) <= 60
  if (!channel.send.includes('link') || !fits || !z.url().max(2_000).safeParse(url).success) return undefined
  const body: OutboundBody = { type: 'link', text, label: title, url: url ?? '' }
  return structure.footer ? { ...body, footer: structure.footer } : body
}
