/** A question with answers to choose from, as buttons, as a list or as numbered lines. Pure. */
import type { Capabilities } from '../ports/channel.ts'
import type { CentreStructure } from '../ports/contact-centre.ts'
import type { OutboundBody } from '../ports/message.ts'
import { splitText } from './split-text.ts'

type Option = CentreStructure['options'][number]

/** Lengths of `OutboundBody`. Characters. */
const BUTTON = { count: 3, title: 20, id: 256, text: 1_024 }
const LIST = { count: 10, title: 24, id: 200, description: 72, text: 4_096 }
const MAX_HEADER = 60

/** Undefined where it has to be told in words: too many, too long, or the channel has neither. */
export function choiceBodies(
  asked: CentreStructure,
  { send, maxText }: Capabilities,
  labels: { choose: string },
): OutboundBody[] | undefined {
  const buttons = send.includes('buttons') ? buttonsOf(asked.options) : undefined
  const rows = send.includes('list') ? rowsOf(asked.options) : undefined
  // A description has its place in a list only.
  if (buttons && (!rows || asked.options.every(({ description }) => !description))) {
    return withWords(asked, Math.min(BUTTON.text, maxText), (words) => ({ type: 'buttons', ...words, buttons }))
  }
  if (!rows) return undefined
  const list = { type: 'list' as const, button: labels.choose, sections: [{ rows }] }
  return withWords(asked, Math.min(LIST.text, maxText), (words) => ({ ...list, ...words }))
}

interface Words {
  text: string
  header?: { text: string }
  footer?: string
}

/** A text that is too long for the question goes before it, all but its end. */
function withWords(asked: CentreStructure, max: number, make: (words: Words) => OutboundBody): OutboundBody[] | undefined {
  const isLine = (text: string | undefined) => text !== undefined && text.length <= MAX_HEADER && !text.includes('\n')
  const header = asked.text && isLine(asked.title) ? asked.title : undefined
  const footer = isLine(asked.footer) ? asked.footer : undefined
  const text = [header ? undefined : asked.title, asked.text, footer ? undefined : asked.footer].filter(Boolean).join('\n')
  const pieces = splitText(text, max)
  const last = pieces.pop()
  if (last === undefined) return undefined
  const words = { text: last, ...(header ? { header: { text: header } } : {}), ...(footer ? { footer } : {}) }
  return [...pieces.map((piece): OutboundBody => ({ type: 'text', text: piece })), make(words)]
}

/** What the contact centre is told when it is chosen. */
const idOf = ({ payload, title }: Option): string => payload ?? title
const areDistinct = (values: readonly string[]): boolean => new Set(values).size === values.length

function buttonsOf(options: readonly Option[]): { id: string; title: string }[] | undefined {
  const buttons = options.map((option) => ({ id: idOf(option), title: option.title }))
  const fit = buttons.every(({ id, title }) => title.length <= BUTTON.title && id.length <= BUTTON.id)
  const differ = areDistinct(buttons.map(({ id }) => id)) && areDistinct(buttons.map(({ title }) => title))
  return fit && differ && buttons.length <= BUTTON.count ? buttons : undefined
}

function rowsOf(options: readonly Option[]): { id: string; title: string; description?: string }[] | undefined {
  const rows = options.map((option) => ({ id: idOf(option), ...rowWords(option) }))
  const fit = rows.every(({ id, description }) => id.length <= LIST.id && (description?.length ?? 0) <= LIST.description)
  return fit && areDistinct(rows.map(({ id }) => id)) && rows.length <= LIST.count ? rows : undefined
}

/** A title that is too long begins in the title and stands whole in the description. */
function rowWords({ title, description }: Option): { title: string; description?: string } {
  if (title.length <= LIST.title) return description ? { title, description } : { title }
  const [start = ''] = splitText(title, LIST.title - 1)
  return { title: `${start}…`, description: description ? `${title} — ${description}` : title }
}

export function numbered(asked: CentreStructure): string {
  const words = [asked.title, asked.text].filter(Boolean).join('\n')
  const lines = asked.options.map(
    ({ title, description }, index) => `${index + 1}. ${title}${description ? ` — ${description}` : ''}`,
  )
  return [words, lines.join('\n'), asked.footer].filter(Boolean).join('\n\n')
}
