/** A customer's line → the requests that say it. Pure. "Inbound" is the contact centre's word for from the customer. */
import { cut, type Json, present } from '../../kernel/read.ts'
import type { CentreCustomer, CentreFile, CentreLine } from '../../ports/contact-centre.ts'
import { partId } from './part-ids.ts'

export interface InboundRequest {
  endpoint: 'message' | 'structured/response'
  body: Json
}
export type Rendered = { requests: InboundRequest[] } | { refused: { code: string; text: string } }

/** Characters. */
export const MAX_TEXT = 4_096
export const MAX_CAPTION = 1_024
/** A clock that is further ahead is wrong, and would sort the line behind all that follows. */
const MAX_AHEAD_MS = 5 * 60_000
/** Limits of participant data are not published; a flow has no use for more. Characters, and how many. */
const MAX_KEY = 100
const MAX_VALUE = 1_000
const MAX_ATTRIBUTES = 50

export function renderLine(line: CentreLine, now: Date): Rendered {
  const at = Date.parse(line.at)
  if (Number.isNaN(at)) return refused('bad_time', 'The time of the line cannot be read.')
  if (at > now.getTime() + MAX_AHEAD_MS) return refused('time_ahead', 'The time of the line is more than five minutes ahead.')
  const text = textOf(line)
  const requests: InboundRequest[] = []
  const channel = () => channelOf(line, new Date(at).toISOString(), requests.length)
  const { choice } = line
  // Without the message that it answers it is a text like any other.
  if (choice?.originatingId) requests.push(choiceOf(choice, choice.originatingId, channel()))
  for (const file of line.files) {
    // The text goes with the first; where a choice was made, that is the text.
    const words = requests.length === 0 ? text : undefined
    requests.push({ endpoint: 'message', body: present({ channel: channel(), text: words, content: [contentOf(file)] }) })
  }
  if (requests.length === 0 && text !== undefined) requests.push({ endpoint: 'message', body: { channel: channel(), text } })
  return requests.length === 0 ? refused('empty', 'The line has neither text nor a file.') : { requests }
}

const refused = (code: string, text: string): Rendered => ({ refused: { code, text } })

function textOf({ text, choice }: CentreLine): string | undefined {
  const said = [text, choice?.text, choice?.payload].find((words) => words && words.trim() !== '')
  return said ? cut(said, MAX_TEXT) : undefined
}

function channelOf(line: CentreLine, time: string, part: number): Json {
  const customAttributes = flat(line.attributes)
  const hasAny = Object.keys(customAttributes).length > 0
  return present({
    from: fromOf(line.customer),
    time,
    messageId: partId(line.messageId, part),
    metadata: hasAny ? { customAttributes } : undefined,
  })
}

/** Who writes. An agent sees the nickname; flows read first and last name. */
export function fromOf({ id, idType, name }: CentreCustomer): Json {
  const words = (name ?? '')
    .trim()
    .split(/\s+/)
    .filter((word) => word !== '')
  const [firstName, ...rest] = words.map((word) => cut(word, 100))
  return present({
    id,
    idType,
    nickname: words.length > 0 ? cut(words.join(' '), 200) : undefined,
    firstName,
    lastName: rest.length > 0 ? cut(rest.join(' '), 200) : undefined,
  })
}

const mediaTypes = { image: 'Image', video: 'Video', audio: 'Audio', file: 'File' } as const

const contentOf = (file: CentreFile): Json => ({
  contentType: 'Attachment',
  attachment: present({
    id: file.id,
    mediaType: mediaTypes[file.kind],
    url: file.url,
    // Has to be there.
    mime: file.mimeType ?? 'application/octet-stream',
    filename: file.fileName,
    text: file.caption ? cut(file.caption, MAX_CAPTION) : undefined,
    sha256: file.sha256,
  }),
})

function choiceOf(
  { kind, text, payload }: NonNullable<CentreLine['choice']>,
  originatingMessageId: string,
  channel: Json,
): InboundRequest {
  const words = cut(text || payload, MAX_TEXT)
  const buttonResponse = { type: kind === 'button' ? 'Button' : 'QuickReply', text: words, payload: payload || words }
  return { endpoint: 'structured/response', body: { channel, buttonResponse, originatingMessageId } }
}

function flat(attributes: Record<string, string>): Record<string, string> {
  const entries = Object.entries(attributes)
    .filter(([key, value]) => key !== '' && value !== '')
    .slice(0, MAX_ATTRIBUTES)
  return Object.fromEntries(entries.map(([key, value]) => [cut(key, MAX_KEY), cut(value, MAX_VALUE)]))
}
