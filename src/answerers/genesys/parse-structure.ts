/** Each structured content type → what it asks and what can be chosen. A type that is not listed keeps its words and options. */
import { type Json, list, member, number, record, string } from '../../kernel/read.ts'
import type { CentreStructure } from '../../ports/contact-centre.ts'

type Option = CentreStructure['options'][number]

const readers: Record<string, (item: Json) => CentreStructure[]> = {
  QuickReplyV2: ({ quickReplyV2 }) => [
    {
      kind: 'quick_replies',
      title: string(member(quickReplyV2, 'title')),
      options: optionsIn(member(quickReplyV2, 'actions')),
    },
  ],
  Card: ({ card }) => [cardOf(card)],
  Carousel: ({ carousel }) => list(member(carousel, 'cards')).map(cardOf),
  ListPicker: ({ listPicker }) => [
    {
      kind: 'list',
      ...introduction(member(listPicker, 'receivedMessage')),
      options: list(member(listPicker, 'sections')).flatMap((section) => optionsIn(member(section, 'items'))),
    },
  ],
  DatePicker: ({ datePicker }) => [
    {
      kind: 'date_picker',
      ...introduction(datePicker),
      options: list(member(datePicker, 'availableTimes')).flatMap(timeOf),
    },
  ],
  Notification: ({ template }) => [notificationOf(template)],
  Form: ({ form }) => [
    {
      kind: 'form',
      ...introduction(member(form, 'introduction')),
      options: list(member(form, 'formPages')).flatMap((page) => optionsIn([page])),
    },
  ],
  Location: ({ location }) => [
    { kind: 'unknown', title: string(member(location, 'text')), text: placeOf(location), options: [] },
  ],
  // What an agent thinks of a line, and not a line of its own.
  Reactions: () => [],
}

/** Empty where nothing can be read and nothing be shown. */
export function structureOf(item: Json): CentreStructure[] {
  const type = string(item.contentType) ?? ''
  const read = Object.hasOwn(readers, type) ? readers[type] : unknown
  return (read ?? unknown)(item).filter(hasSomething).map(withoutGaps)
}

const hasSomething = ({ title, text, imageUrl, options }: CentreStructure): boolean =>
  [title, text, imageUrl].some((value) => value !== undefined) || options.length > 0

const withoutGaps = (structure: CentreStructure): CentreStructure => JSON.parse(JSON.stringify(structure))

function introduction(given: unknown): Pick<CentreStructure, 'title' | 'text' | 'imageUrl'> {
  return {
    title: string(member(given, 'title')) ?? string(member(given, 'header')),
    text: string(member(given, 'subtitle')),
    imageUrl: string(member(given, 'imageUrl')),
  }
}

/** White space alone is no title: no channel shows it. */
export const titleOf = (value: unknown): string | undefined => string(value)?.trim() || undefined

/** Under whatever names: quick replies, actions of cards, buttons, items of lists. One without words is none. */
function optionsIn(given: unknown): Option[] {
  return list(given).flatMap((option) => {
    const title = titleOf(member(option, 'text')) ?? titleOf(member(option, 'title'))
    if (title === undefined) return []
    return [
      {
        title,
        description: string(member(option, 'subtitle')) ?? string(member(option, 'description')),
        payload: string(member(option, 'payload')) ?? string(member(option, 'id')),
        url: string(member(option, 'url')),
        imageUrl: string(member(option, 'imageUrl')) ?? string(member(option, 'image')),
      },
    ]
  })
}

const cardOf = (card: unknown): CentreStructure => ({
  kind: 'cards',
  title: string(member(card, 'title')),
  text: string(member(card, 'description')),
  imageUrl: string(member(card, 'image')),
  options: optionsIn(member(card, 'actions')),
})

function timeOf(given: unknown): Option[] {
  const stated = string(member(given, 'dateTime')) ?? ''
  const at = new Date(stated)
  if (Number.isNaN(at.getTime())) return []
  const minutes = Math.round((number(member(given, 'duration')) ?? 0) / 60)
  // 22 characters: has room in the row of a list.
  const title = `${timeForm.format(at).replace(',', '')} UTC`
  return [{ title, payload: stated, ...(minutes > 0 ? { description: `${minutes} min` } : {}) }]
}
// The body names no time zone of the customer's.
const timeForm = new Intl.DateTimeFormat('en-GB', {
  timeZone: 'UTC',
  day: 'numeric',
  month: 'short',
  year: 'numeric',
  hour: '2-digit',
  minute: '2-digit',
})

function notificationOf(template: unknown): CentreStructure {
  const [header, body] = [member(template, 'header'), member(template, 'body')]
  const media = member(header, 'media')
  return {
    kind: 'notification',
    title: filled(header),
    text: filled(body),
    footer: string(member(member(template, 'footer'), 'text')),
    imageUrl: string(member(media, 'mediaType')) === 'Image' ? string(member(media, 'url')) : undefined,
    options: optionsIn(member(template, 'buttons')),
  }
}

/** `{{name}}` or `{{1}}` in the text is the parameter of that name. */
function filled(part: unknown): string | undefined {
  const values = new Map(list(member(part, 'parameters')).map((p) => [string(member(p, 'name')), string(member(p, 'text'))]))
  return string(member(part, 'text'))?.replace(/\{\{\s*([^{}\s]+)\s*\}\}/g, (place, name) => values.get(name) ?? place)
}

function placeOf(location: unknown): string | undefined {
  const [latitude, longitude] = [number(member(location, 'latitude')), number(member(location, 'longitude'))]
  const point = latitude === undefined || longitude === undefined ? undefined : `${latitude}, ${longitude}`
  const lines = [string(member(location, 'address')), point, string(member(location, 'url'))]
  return lines.filter((line) => line !== undefined).join('\n') || undefined
}

const wordKeys = ['text', 'description', 'subtitle', 'body']

/** `contentType` names the member that holds it: its words, and the first list of things with words. */
function unknown(item: Json): CentreStructure[] {
  const type = string(item.contentType) ?? ''
  const holder = record(item[type.charAt(0).toLowerCase() + type.slice(1)])
  if (!holder) return []
  const words = wordKeys.map((key) => string(holder[key])).filter((value) => value !== undefined)
  const options =
    Object.values(holder)
      .map(optionsIn)
      .find((found) => found.length > 0) ?? []
  const title = string(holder.title) ?? string(holder.name)
  const url = string(holder.url)
  return [{ kind: 'unknown', title, text: [...words, ...(url ? [url] : [])].join('\n') || undefined, options }]
}
