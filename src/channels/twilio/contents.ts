/** Templates: Twilio keeps them as contents, each in one language, with the state of its approval by WhatsApp. */
import { type Json, list, member, record, string } from '../../kernel/read.ts'
import type { AccountConnection, CallOptions, SyncedTemplate, TemplateRules } from '../../ports/channel.ts'
import type { TemplateParameters } from '../../ports/message.ts'
import { type ClientDeps, callTwilio, failureOf } from './client.ts'
import { baseOf, type Connection, connectionOf } from './config.ts'

/** A call that is not about a message failed. `message` is fit to be shown. */
export class TwilioCallFailed extends Error {
  readonly code: string
  constructor(code: string, text: string) {
    super(text)
    this.name = 'TwilioCallFailed'
    this.code = code
  }
}

const pageSize = 100
const maxPages = 100

/** All that were put forward to WhatsApp. Throws: half a list would look like deletions. */
export async function syncTemplates(
  deps: ClientDeps,
  account: AccountConnection,
  options: CallOptions = {},
): Promise<SyncedTemplate[]> {
  const { connection, problem } = connectionOf(account)
  if (!connection) throw new TwilioCallFailed('config', problem ?? '')
  const templates: SyncedTemplate[] = []
  let path: string | undefined = `/v1/ContentAndApprovals?PageSize=${pageSize}`
  for (let page = 0; path !== undefined; page++) {
    if (page >= maxPages) throw new TwilioCallFailed('paging', 'The list of templates does not end.')
    const answer = await callTwilio(deps, connection, { host: 'content', path, signal: options.signal })
    if (answer.kind !== 'ok') {
      const { code, text } = failureOf(answer, deps.random)
      throw new TwilioCallFailed(code, text)
    }
    templates.push(...list(answer.body.contents).flatMap(templateOf))
    path = nextPath(member(answer.body.meta, 'next_page_url'), connection)
  }
  return templates
}

/** The credentials go to Twilio only, whatever address the list names. */
function nextPath(next: unknown, connection: Connection): string | undefined {
  const address = string(next)
  if (address === undefined) return undefined
  const base = baseOf(connection, 'content')
  if (!address.startsWith(`${base}/`))
    throw new TwilioCallFailed('paging', 'The list of templates goes on at an address that is not Twilio’s.')
  return address.slice(base.length)
}

const statuses = new Map<string, SyncedTemplate['status']>([
  ['approved', 'approved'],
  ['rejected', 'rejected'],
  ['paused', 'paused'],
  ['disabled', 'disabled'],
])

function templateOf(item: unknown): SyncedTemplate[] {
  const sid = string(member(item, 'sid'))
  const approval = record(member(item, 'approval_requests'))
  const status = string(approval?.status)?.toLowerCase()
  const name = string(approval?.name) ?? string(member(item, 'friendly_name'))
  const language = string(member(item, 'language'))
  // What nobody put forward cannot begin a conversation.
  if (!sid || !name || !language || status === undefined || status === 'unsubmitted') return []
  const reason = string(approval?.rejection_reason)
  return [
    {
      externalId: sid,
      name,
      language,
      category: (string(approval?.category) ?? 'utility').toLowerCase(),
      status: statuses.get(status) ?? 'pending',
      ...(reason === undefined ? {} : { rejectionReason: reason }),
      parameterFormat: 'POSITIONAL',
      components: [{ type: 'content', sid, types: member(item, 'types') ?? {}, variables: member(item, 'variables') ?? {} }],
    },
  ]
}

interface Content {
  sid: string
  /** By kind: twilio/text, twilio/media, twilio/quick-reply … */
  types: Json
  /** Examples by the name of the place. */
  variables: Json
}

/** The one component that a template of this channel has. */
export function contentOf(components: readonly unknown[]): Content | undefined {
  const content = components.find((item) => member(item, 'type') === 'content')
  const sid = string(member(content, 'sid'))
  if (sid === undefined) return undefined
  return { sid, types: record(member(content, 'types')) ?? {}, variables: record(member(content, 'variables')) ?? {} }
}

/** The places of a content are counted through all of its parts. */
export const contentVariables = ({ body, headerText, buttons }: TemplateParameters): string =>
  JSON.stringify({ ...buttons, ...headerText, ...body })

const PLACE = /\{\{\s*([A-Za-z0-9_]+)\s*\}\}/g

/** What a kind of content says, whichever of them is there. */
function wordsOf({ types }: Content): { header?: string; text: string; footer?: string; buttons: string[]; all: string } {
  const [type] = Object.values(types).map((one) => record(one) ?? {})
  const text = string(type?.body) ?? string(type?.title) ?? ''
  const header = string(type?.header_text)
  const footer = string(type?.footer) ?? string(type?.subtitle)
  const buttons = [...list(type?.actions), ...list(type?.items)].flatMap(
    (one) => string(member(one, 'title')) ?? string(member(one, 'item')) ?? [],
  )
  return {
    text,
    buttons,
    ...(header === undefined ? {} : { header }),
    ...(footer === undefined ? {} : { footer }),
    // Places may stand in addresses of files and buttons too.
    all: JSON.stringify(types),
  }
}

const placesOf = (content: Content): string[] => [
  ...new Set([...wordsOf(content).all.matchAll(PLACE)].map(([, name]) => name ?? '')),
]

const fill = (text: string, values: Record<string, string>): string =>
  text.replace(PLACE, (place, name: string) => (Object.hasOwn(values, name) ? (values[name] ?? place) : place))

export const templateRules: TemplateRules = {
  describe(components) {
    const content = contentOf(components) ?? { sid: '', types: {}, variables: {} }
    const { header, text, footer, buttons } = wordsOf(content)
    const places = placesOf(content).map((name) => ({
      slot: 'body' as const,
      name,
      label: name,
      example: string(content.variables[name]) ?? null,
    }))
    return { header: header ?? null, body: text, footer: footer ?? null, buttons, places }
  },
  check(components, _format, { body, headerText = {}, headerMediaId, buttons }) {
    const places = new Set(placesOf(contentOf(components) ?? { sid: '', types: {}, variables: {} }))
    const values: Record<string, string> = { ...buttons, ...headerText, ...body }
    const missing = [...places].filter((name) => (values[name] ?? '').trim() === '')
    const extra = Object.keys(values).filter((name) => !places.has(name))
    return [
      ...missing.map((name) => ({ place: `body ${name}`, text: `place ${name} is missing` })),
      ...extra.map((name) => ({ place: `body ${name}`, text: `place ${name} does not exist in this template` })),
      ...(headerMediaId === undefined
        ? []
        : [{ place: 'header', text: 'A file of a template is given as its address, in one of its places.' }]),
    ]
  },
  render(components, _format, { body, headerText = {}, buttons: ofButtons }) {
    const { header, text, footer, buttons } = wordsOf(contentOf(components) ?? { sid: '', types: {}, variables: {} })
    const values = { ...ofButtons, ...headerText, ...body }
    return {
      text: fill(text, values),
      buttons,
      ...(header === undefined ? {} : { header: fill(header, values) }),
      ...(footer === undefined ? {} : { footer: fill(footer, values) }),
    }
  },
}
