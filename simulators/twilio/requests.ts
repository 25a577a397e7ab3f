import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { FaultMatch } from './faults.ts'
import { notFound, RestError, renderError } from './rest-error.ts'
import type { Account, Json } from './types.ts'
import type { World } from './world.ts'

export const param = (request: FastifyRequest, name: string): string => (request.params as Record<string, string>)[name] ?? ''
export const query = (request: FastifyRequest, name: string): string | undefined =>
  (request.query as Record<string, string | undefined>)[name]

/** A form's parameters; what may be repeated is read with `getAll`. */
export const formOf = (request: FastifyRequest): URLSearchParams =>
  new URLSearchParams(Buffer.isBuffer(request.body) ? request.body.toString('utf8') : '')

export type Call = {
  world: World
  request: FastifyRequest
  reply: FastifyReply
  /** Whose resources are meant. */
  account: Account
  form: URLSearchParams
}

/** `handle` returns the body of the answer, or undefined for 204, or throws a RestError. */
export type Route = {
  method: 'GET' | 'POST' | 'DELETE'
  /** `:account` in it: the account whose resources are meant; else the caller's. */
  path: string
  status?: number
  handle(call: Call): unknown
}

// A reply is a thenable that resolves to nothing once it was sent: never the result of an async function here.
type Answered = 'no' | 'sent' | 'hijacked'

/** Puts a route between the faults that strike before it is run and those that strike after. */
export function apiRoute(app: FastifyInstance, world: World, route: Route): void {
  app.route({
    method: route.method,
    url: route.path,
    handler: async (request, reply) => {
      try {
        let answered = await faultsBefore(world, request, reply)
        if (answered === 'no') answered = await run(world, request, reply, route)
        return answered === 'hijacked' ? undefined : reply
      } catch (error) {
        if (!(error instanceof RestError)) throw error
        return sendError(reply, error)
      }
    },
  })
}

export function sendError(reply: FastifyReply, error: RestError): FastifyReply {
  return reply
    .code(error.status)
    .headers(error.status === 401 ? { 'www-authenticate': 'Basic realm="Twilio API"' } : {})
    .send(renderError(error))
}

async function run(world: World, request: FastifyRequest, reply: FastifyReply, route: Route): Promise<Answered> {
  const account = authorise(world, request, route.path.includes(':account') ? param(request, 'account') : undefined)
  const answer = await route.handle({ world, request, reply, account, form: formOf(request) })
  if (reply.sent) return 'hijacked'
  const action = world.faults.take(['dropAfter', 'silentAfter', 'garbageAfter', 'okWithoutSid'], subjectOf(request))
  if (action?.kind === 'dropAfter' || action?.kind === 'silentAfter') {
    reply.hijack()
    if (action.kind === 'dropAfter') reply.raw.destroy()
    return 'hijacked'
  }
  if (action?.kind === 'garbageAfter') return garbage(reply, action.status)
  const body = action ? { ...(answer as Json), sid: undefined } : answer
  reply.code(route.status ?? (answer === undefined ? 204 : 200)).send(body)
  return 'sent'
}

/** Sid and token, or the sid and secret of an API key; a parent account may speak for those it made. */
export function authorise(world: World, request: FastifyRequest, wanted?: string): Account {
  const caller = callerOf(world, request.headers.authorization)
  if (!caller) throw new RestError(20003, undefined, 401)
  const account = wanted === undefined ? caller : world.accounts.get(wanted)
  if (!account || (account !== caller && account.ownerSid !== caller.sid)) {
    if (wanted !== undefined && !account) throw notFound(request.url.split('?')[0] ?? '')
    throw new RestError(20003, undefined, 401)
  }
  // A suspended one can still be looked at and opened again by its parent.
  if (account.status !== 'active' && account === caller) throw new RestError(20005, undefined, 401)
  return account
}

function callerOf(world: World, header: string | undefined): Account | undefined {
  const [user = '', password = ''] = Buffer.from(/^Basic (.+)$/i.exec(header ?? '')?.[1] ?? '', 'base64')
    .toString('utf8')
    .split(/:(.*)/s)
  const account = world.accounts.get(user)
  if (account) return account.authToken === password ? account : undefined
  return [...world.accounts.values()].find((one) => one.apiKeys.get(user) === password && password !== '')
}

function subjectOf(request: FastifyRequest): FaultMatch {
  const form = formOf(request)
  return {
    method: request.method,
    path: request.url,
    ...(form.get('To') === null ? {} : { to: form.get('To') as string }),
    ...(form.get('From') === null ? {} : { from: form.get('From') as string }),
  }
}

async function faultsBefore(world: World, request: FastifyRequest, reply: FastifyReply): Promise<Answered> {
  const subject = subjectOf(request)
  const delay = world.faults.take(['delay'], subject)
  if (delay) await new Promise<void>((resolve) => void world.agenda.in(delay.ms, resolve))
  const action = world.faults.take(['dropBefore', 'error', 'garbage'], subject)
  if (action?.kind === 'dropBefore') {
    reply.hijack()
    reply.raw.destroy()
    return 'hijacked'
  }
  if (action?.kind === 'error') throw new RestError(action.code, action.message, action.status)
  if (action?.kind !== 'garbage') return 'no'
  return garbage(reply, action.status)
}

function garbage(reply: FastifyReply, status = 502): Answered {
  reply.code(status).type('text/html').send('<html><body><h1>Bad gateway</h1></body></html>')
  return 'sent'
}

/** A page of version 2010: `Page`, `PageSize` (50, at most 1,000), the further ones by addresses without a host. */
export function page2010<T>(request: FastifyRequest, name: string, all: readonly T[], view: (item: T) => Json): Json {
  const size = Math.min(Math.max(Number(query(request, 'PageSize') ?? 50) || 50, 1), 1000)
  const page = Math.max(Number(query(request, 'Page') ?? 0) || 0, 0)
  const shown = all.slice(page * size, (page + 1) * size)
  const [path = '', search = ''] = request.url.split('?')
  const address = (wanted: number): string => {
    const parameters = new URLSearchParams(search)
    parameters.set('PageSize', String(size))
    parameters.set('Page', String(wanted))
    return `${path}?${parameters}`
  }
  return {
    [name]: shown.map(view),
    end: page * size + Math.max(shown.length - 1, 0),
    first_page_uri: address(0),
    next_page_uri: all.length > (page + 1) * size ? address(page + 1) : null,
    page,
    page_size: size,
    previous_page_uri: page > 0 ? address(page - 1) : null,
    start: page * size,
    uri: address(page),
  }
}

/** A page of the newer parts: the same in `meta`, with whole addresses. */
export function pageV1<T>({ world, request }: Call, key: string, all: readonly T[], view: (item: T) => Json): Json {
  const { [key]: items, ...paging } = page2010(request, key, all, view)
  const whole = (uri: unknown) => (uri === null ? null : world.mountUrl() + String(uri))
  return {
    [key]: items,
    meta: {
      page: paging.page,
      page_size: paging.page_size,
      first_page_url: whole(paging.first_page_uri),
      previous_page_url: whole(paging.previous_page_uri),
      next_page_url: whole(paging.next_page_uri),
      key,
      url: whole(paging.uri),
    },
  }
}
