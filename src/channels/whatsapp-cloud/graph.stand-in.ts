/** A tiny Graph API for the tests of this folder: real HTTP on this machine, and just enough of the provider's answers. */
import { createHash } from 'node:crypto'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'
import type { ProviderMood } from '../../ports/channel.conformance.ts'
import type { AccountConnection } from '../../ports/channel.ts'

export interface SeenRequest {
  method: string
  url: string
  headers: IncomingMessage['headers']
  body: string
}

export interface GraphStandIn {
  account: AccountConnection
  origin: string
  seen: SeenRequest[]
  taken(): number
  setMood(mood: ProviderMood): Promise<void>
  /** Answers the next requests whose URL holds `part`, before the stand-in's own answers. */
  answer(part: string, ...answers: CannedAnswer[]): void
  close(): Promise<void>
}

export interface CannedAnswer {
  status?: number
  body?: unknown
  headers?: Record<string, string>
}

export const TOKEN = 'EAAtestTokenOfTheStandIn0123456789'
export const FILE = Buffer.from('the bytes of a photograph')
export const FILE_ID = '9900112233'

const error = (code: number, more: object = {}) => ({
  error: { message: `(#${code}) refused`, type: 'OAuthException', code, fbtrace_id: 'A1', ...more },
})
const moods = new Map<ProviderMood, { status: number; body: unknown }>([
  ['refuse', { status: 400, body: error(131026) }],
  ['rate_limit', { status: 429, body: error(130429) }],
  ['expire_token', { status: 401, body: error(190, { message: `Malformed access token ${TOKEN}`, error_subcode: 463 }) }],
  ['stop_account', { status: 403, body: error(131042) }],
])

export async function startGraph(): Promise<GraphStandIn> {
  const seen: SeenRequest[] = []
  const canned: { part: string; answers: CannedAnswer[] }[] = []
  let mood: ProviderMood = 'accept'
  let taken = 0
  const server = createServer((request, response) => {
    void answer(request, response)
  })

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = (await buffer(request)).toString('latin1')
    const url = request.url ?? ''
    seen.push({ method: request.method ?? '', url, headers: request.headers, body })
    const given = canned.find(({ part, answers }) => url.includes(part) && answers.length > 0)?.answers.shift()
    const own = given ?? moods.get(mood) ?? (url.endsWith('/messages') ? message(JSON.parse(body)) : other(url, request))
    if (own === 'drop' || mood === 'drop_before') response.destroy()
    else reply(response, own)
  }

  function message(body: { status?: string }): CannedAnswer | 'drop' {
    if (body.status === 'read') return { body: { success: true } }
    if (mood === 'drop_before') return 'drop'
    taken++
    if (mood === 'drop_after') return 'drop'
    const messages = mood === 'answer_without_id' ? [] : [{ id: `wamid.${taken}` }]
    const contacts = [{ input: '15550001111', wa_id: '15550001111', user_id: 'US.777' }]
    return { body: { messaging_product: 'whatsapp', contacts, messages } }
  }

  let origin = await listen(server, 0)
  const port = Number(new URL(origin).port)
  const close = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve())
      server.closeAllConnections()
    })
  return {
    account: {
      tenantId: 't',
      accountId: 'a',
      externalId: '5550100',
      config: { graphUrl: origin, graphVersion: 'v25.0', wabaId: '880001' },
      credentials: { accessToken: TOKEN },
    },
    origin,
    seen,
    taken: () => taken,
    answer: (part, ...answers) => canned.unshift({ part, answers }),
    async setMood(next) {
      mood = next
      canned.length = 0
      if (next === 'unreachable') await close()
      else if (!server.listening) origin = await listen(server, port)
    },
    close,
  }
}

function listen(server: Server, port: number): Promise<string> {
  return new Promise((resolve) => {
    server.listen(port, '127.0.0.1', () => resolve(`http://127.0.0.1:${(server.address() as AddressInfo).port}`))
  })
}

function reply(response: ServerResponse, { status = 200, body, headers }: CannedAnswer): void {
  const isBytes = Buffer.isBuffer(body) || typeof body === 'string'
  // No kept connection: on one that the stand-in closes, a request may have been half sent.
  const type = isBytes ? 'application/octet-stream' : 'application/json'
  response.writeHead(status, { 'content-type': type, connection: 'close', ...headers })
  response.end(isBytes ? body : JSON.stringify(body ?? {}))
}

function other(url: string, request: IncomingMessage): CannedAnswer {
  if (url.endsWith('/media')) return { body: { id: '4455667788' } }
  if (url.includes('/message_templates')) return { body: { data: [], paging: { cursors: { after: 'Z' } } } }
  if (url.includes('/file-bytes')) return { body: FILE, headers: { 'content-type': 'image/jpeg' } }
  if (url.includes(`/${FILE_ID}?`)) {
    const sha256 = createHash('sha256').update(FILE).digest('hex')
    return {
      body: {
        url: `http://${request.headers.host}/file-bytes`,
        mime_type: 'image/jpeg',
        sha256,
        file_size: String(FILE.length),
        id: FILE_ID,
      },
    }
  }
  return {
    body: {
      id: '5550100',
      display_phone_number: '+1 555-0100',
      verified_name: 'Lind',
      quality_rating: 'GREEN',
      status: 'CONNECTED',
    },
  }
}
