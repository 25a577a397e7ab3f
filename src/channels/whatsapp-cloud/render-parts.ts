/** Contact cards, reply buttons, lists and links as the provider wants them. */

import type { Json } from '../../kernel/read.ts'
import type { OutboundBody } from '../../ports/message.ts'
import { type Part, part, type Rejection, rejected, tooLong } from './render-result.ts'

type Body<T extends OutboundBody['type']> = Extract<OutboundBody, { type: T }>
type Interactive = Body<'buttons'> | Body<'list'> | Body<'link'>

const MAX_ROWS = 10 // in all sections together
const limits = {
  body: 1024,
  listBody: 4096,
  header: 60,
  footer: 60,
  title: 20,
  rowTitle: 24,
  description: 72,
  rowId: 200,
  buttonId: 256,
}

export function renderInteractive(body: Interactive): Part {
  const problem = commonProblem(body) ?? ownProblem(body)
  if (problem) return problem
  const header = body.type === 'link' ? undefined : body.header
  return part({
    type: 'interactive',
    interactive: {
      type: interactiveType[body.type],
      ...(header ? { header: { type: 'text', text: header.text } } : {}),
      body: { text: body.text },
      ...(body.footer ? { footer: { text: body.footer } } : {}),
      action: actionOf(body),
    },
  })
}

const interactiveType = { buttons: 'button', list: 'list', link: 'cta_url' } as const

function actionOf(body: Interactive): Json {
  if (body.type === 'buttons')
    return { buttons: body.buttons.map(({ id, title }) => ({ type: 'reply', reply: { id, title } })) }
  if (body.type === 'link') return { name: 'cta_url', parameters: { display_text: body.label, url: body.url } }
  const sections = body.sections.map(({ title, rows }) => ({
    ...(title ? { title } : {}),
    rows: rows.map((row) => ({ id: row.id, title: row.title, ...(row.description ? { description: row.description } : {}) })),
  }))
  return { button: body.button, sections }
}

const over = (what: string, text: string | undefined, max: number): Rejection | undefined =>
  text !== undefined && text.length > max ? tooLong(what, text, max) : undefined

function commonProblem(body: Interactive): Rejection | undefined {
  if (body.text.trim() === '') return rejected('empty', 'The message has no text.')
  return (
    over('The text', body.text, body.type === 'list' ? limits.listBody : limits.body) ??
    over('The footer', body.footer, limits.footer) ??
    over('The header', body.type === 'link' ? undefined : body.header?.text, limits.header)
  )
}

function ownProblem(body: Interactive): Rejection | undefined {
  if (body.type === 'buttons') return buttonsProblem(body)
  if (body.type === 'list') return listProblem(body)
  if (!/^https?:\/\//i.test(body.url)) return rejected('url', 'A link has to begin with http:// or https://.')
  return over('The label', body.label, limits.title)
}

function buttonsProblem({ buttons }: Body<'buttons'>): Rejection | undefined {
  if (buttons.length < 1 || buttons.length > 3) return rejected('buttons', 'WhatsApp takes one to three buttons.')
  if (hasTwice(buttons)) return rejected('buttons', 'Two buttons have the same id.')
  return firstOf(
    buttons.map(
      ({ id, title }) => over(`The button "${title}"`, title, limits.title) ?? over('The id of a button', id, limits.buttonId),
    ),
  )
}

function listProblem({ sections, button }: Body<'list'>): Rejection | undefined {
  const rows = sections.flatMap((section) => section.rows)
  if (rows.length < 1 || rows.length > MAX_ROWS)
    return rejected('rows', `WhatsApp takes one to ${MAX_ROWS} rows in all sections together.`)
  if (sections.length > 1 && sections.some(({ title }) => !title))
    return rejected('sections', 'With several sections each needs a title.')
  if (hasTwice(rows)) return rejected('rows', 'Two rows have the same id.')
  const sectionProblem = firstOf(sections.map(({ title }) => over('The title of a section', title, limits.rowTitle)))
  const rowProblem = firstOf(
    rows.map(
      (row) =>
        over(`The row "${row.title}"`, row.title, limits.rowTitle) ??
        over(`The description of "${row.title}"`, row.description, limits.description) ??
        over('The id of a row', row.id, limits.rowId),
    ),
  )
  return over('The button', button, limits.title) ?? sectionProblem ?? rowProblem
}

const hasTwice = (items: readonly { id: string }[]): boolean => new Set(items.map(({ id }) => id)).size < items.length
const firstOf = (problems: readonly (Rejection | undefined)[]): Rejection | undefined => problems.find((problem) => problem)

export function renderContacts({ contacts }: Body<'contacts'>): Part {
  const nameless = contacts.some((card) => card.name.trim() === '')
  if (nameless) return rejected('contact_name', 'A contact card needs a name.')
  const oddDate = contacts.find((card) => card.birthday !== undefined && !/^\d{4}-\d{2}-\d{2}$/.test(card.birthday))
  if (oddDate) return rejected('birthday', `The birthday of "${oddDate.name}" has to be written as YYYY-MM-DD.`)
  return part({ type: 'contacts', contacts: contacts.map(card) })
}

/** The provider wants the whole name and one part of it at least. */
function card(contact: Body<'contacts'>['contacts'][number]): Json {
  const [first = '', ...others] = contact.name.trim().split(/\s+/)
  const kind = (type: string | undefined) => (type ? { type: type.toUpperCase() } : {})
  const { phones, emails, urls, addresses } = contact
  return {
    name: { formatted_name: contact.name, first_name: first, ...(others.length > 0 ? { last_name: others.join(' ') } : {}) },
    ...(contact.organisation ? { org: { company: contact.organisation } } : {}),
    ...(contact.birthday ? { birthday: contact.birthday } : {}),
    ...(phones.length > 0
      ? { phones: phones.map(({ phone, type, waId }) => ({ phone, ...kind(type), ...(waId ? { wa_id: waId } : {}) })) }
      : {}),
    ...(emails.length > 0 ? { emails: emails.map(({ email, type }) => ({ email, ...kind(type) })) } : {}),
    ...(urls.length > 0 ? { urls: urls.map(({ url, type }) => ({ url, ...kind(type) })) } : {}),
    ...(addresses.length > 0 ? { addresses: addresses.map(({ text, type }) => ({ street: text, ...kind(type) })) } : {}),
  }
}
