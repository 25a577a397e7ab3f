import type { FastifyReply, FastifyRequest } from 'fastify'
import type { FaultAction, FaultMatch } from './faults.ts'
import { GraphError, renderGraphError } from './graph-errors.ts'
import { limitHeaders } from './limits.ts'
import { expireToken } from './numbers.ts'
import type { Json } from './types.ts'
import type { World } from './world.ts'

/** Version pattern of Graph paths; any published or coming version is taken. */
const versionPattern = /^v\d{1,3}\.\d$/

export function checkVersion(version: string): void {
  if (!versionPattern.test(version)) {
    throw new GraphError(2500, { message: `Unknown path components: /${version}`, type: 'OAuthException' })
  }
}

export const asJson = (body: unknown): Json =>
  typeof body === 'object' && body !== null && !Array.isArray(body) ? (body as Json) : {}

/** Meta's trace id: opaque text in every error and in a header. */
export const newTraceId = (world: World) => `A${Buffer.from(world.random.trace.hex(32), 'hex').toString('base64url')}`

export function sendGraphError(world: World, reply: FastifyReply, error: GraphError): FastifyReply {
  const trace = newTraceId(world)
  return reply
    .code(error.httpStatus)
    .headers({ 'x-fb-trace-id': trace, 'www-authenticate': 'OAuth "Facebook Platform"', ...error.options.headers })
    .type('application/json; charset=UTF-8')
    .send(JSON.stringify(renderGraphError(error, trace)))
}

/** Ends the connection without a word, as a crashed proxy does. */
function destroySocket(reply: FastifyReply): Answered {
  reply.hijack()
  reply.raw.destroy()
  return 'hijacked'
}

const garbage =
  '<!DOCTYPE html><html><head><title>Error</title></head><body><h1>Sorry, something went wrong.</h1></body></html>'

const sleep = (world: World, ms: number) =>
  new Promise<void>((resolve) => {
    world.agenda.in(ms, resolve)
  })

type Of<K extends FaultAction['kind']> = Extract<FaultAction, { kind: K }>

// Limits always come with the usage header, forced ones too.
const limitCodes = new Set([4, 80007, 130429])

function forcedError(action: Of<'error'>, subject: FaultMatch): GraphError {
  const { code, subcode, httpStatus, details } = action
  const limit = limitCodes.has(code) ? limitHeaders(subject.phoneNumberId ?? '0') : {}
  return new GraphError(code, { subcode, httpStatus, details, headers: { ...limit, ...action.headers } })
}

function subjectOf(request: FastifyRequest): FaultMatch {
  const body = asJson(request.body)
  const { id } = request.params as { id?: string }
  const recipient = body.to ?? body.recipient
  return {
    method: request.method,
    path: request.url,
    phoneNumberId: id,
    recipient: typeof recipient === 'string' ? recipient : undefined,
    type: typeof body.type === 'string' ? body.type : undefined,
  }
}

// A reply is a thenable that resolves to nothing once it was sent: never the result of an async function here.
type Answered = 'no' | 'sent' | 'hijacked'

/** Faults that strike before a request is handled, and whether one of them has already answered. */
export async function faultsBefore(world: World, request: FastifyRequest, reply: FastifyReply): Promise<Answered> {
  const subject = subjectOf(request)
  const delay = world.faults.take(['delay'], subject)
  if (delay) await sleep(world, delay.ms)
  if (world.faults.take(['expireToken'], subject) && world.numbers.has(subject.phoneNumberId ?? '')) {
    expireToken(world, subject.phoneNumberId as string)
  }
  const action = world.faults.take(['dropBeforeAccept', 'error', 'http5xxGarbage'], subject)
  if (action?.kind === 'dropBeforeAccept') return destroySocket(reply)
  if (action?.kind === 'error') throw forcedError(action, subject)
  if (action?.kind !== 'http5xxGarbage') return 'no'
  reply
    .code(action.httpStatus ?? 502)
    .type('text/html')
    .send(garbage)
  return 'sent'
}

const withoutIds = (answer: Json): Json => ({ ...answer, ...(answer.messages ? { messages: [] } : { id: undefined }) })

async function sendSlowly(world: World, reply: FastifyReply, answer: unknown, ms: number): Promise<Answered> {
  const body = Buffer.from(JSON.stringify(answer))
  reply.hijack()
  reply.raw.writeHead(200, { 'content-type': 'application/json; charset=UTF-8', 'content-length': body.length })
  reply.raw.write(body.subarray(0, 1))
  await sleep(world, ms)
  reply.raw.end(body.subarray(1))
  return 'hijacked'
}

async function finish(world: World, request: FastifyRequest, reply: FastifyReply, answer: unknown): Promise<Answered> {
  const action = world.faults.take(['dropAfterAccept', 'okWithoutId', 'slowBody'], subjectOf(request))
  if (action?.kind === 'dropAfterAccept') return destroySocket(reply)
  if (action?.kind === 'slowBody') return sendSlowly(world, reply, answer, action.ms)
  const body = action?.kind === 'okWithoutId' ? withoutIds(asJson(answer)) : answer
  reply.type('application/json; charset=UTF-8').send(JSON.stringify(body))
  return 'sent'
}

export type GraphHandler = (request: FastifyRequest, reply: FastifyReply) => unknown

/** Puts a handler between the faults that come before it is run and those that come after. Errors become Meta's bodies. */
export function withFaults(world: World, handler: GraphHandler) {
  return async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply | undefined> => {
    try {
      let answered = await faultsBefore(world, request, reply)
      if (answered === 'no') answered = await finish(world, request, reply, await handler(request, reply))
      return answered === 'hijacked' ? undefined : reply
    } catch (error) {
      if (error instanceof GraphError) return sendGraphError(world, reply, error)
      throw error
    }
  }
}

/** Only what `fields` asks for, and the id; everything when it asks for nothing. */
export function pickFields(view: Json, fields: string | undefined, always: readonly string[] = ['id']): Json {
  if (!fields) return view
  const wanted = new Set([...always, ...fields.split(',').map((field) => field.trim().replace(/[.{].*$/, ''))])
  return Object.fromEntries(Object.entries(view).filter(([key]) => wanted.has(key)))
}
