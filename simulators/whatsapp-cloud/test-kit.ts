import { createServer, type IncomingHttpHeaders, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { virtualClock } from '../clock.ts'
import { type StartOptions, startWhatsAppSimulator } from './server.ts'
import type { Json } from './types.ts'

export const secret = 'top-secret'
export const verifyToken = 'verify-me'
export const token = 'EAAB-token'
export const phoneNumberId = '106540352242922'
export const wabaId = '102290129340398'
export const appId = '670843887433847'
export const ada = '15550107001'

export type Received = { raw: Buffer; headers: IncomingHttpHeaders; json: Json; path: string }

async function readAll(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks)
}

/** A business's server: keeps every POST and answers with `answers` in turn, then 200. Handshakes are answered when the token fits. */
export async function startReceiver() {
  const received: Received[] = []
  const answers: number[] = []
  const server = createServer(async (request, response) => {
    const url = new URL(request.url ?? '/', 'http://receiver')
    if (request.method === 'GET') {
      const known = url.searchParams.get('hub.verify_token') === verifyToken
      response.writeHead(known ? 200 : 403).end(known ? url.searchParams.get('hub.challenge') : 'no')
      return
    }
    const raw = await readAll(request)
    received.push({ raw, headers: request.headers, json: JSON.parse(raw.toString('utf8')), path: url.pathname })
    response.writeHead(answers.shift() ?? 200).end()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}/webhook`,
    origin: `http://127.0.0.1:${port}`,
    received,
    answers,
    async close() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

type Value = { contacts?: Json[]; messages?: Json[]; statuses?: Json[]; metadata?: Json } & Json

/** The values of all changes received so far. */
export function valuesOf(received: Received[]): Value[] {
  const entries = received.flatMap(({ json }) => json.entry as { changes: { value: Value }[] }[])
  return entries.flatMap((entry) => entry.changes.map((change) => change.value))
}

export const messagesOf = (received: Received[]) => valuesOf(received).flatMap((value) => value.messages ?? [])
export const statusesOf = (received: Received[]) => valuesOf(received).flatMap((value) => value.statuses ?? [])

/** Simulator on a virtual clock with one number, one customer (Ada) and a receiver. */
export async function startScene(options: StartOptions = {}) {
  const receiver = await startReceiver()
  const clock = virtualClock()
  const running = await startWhatsAppSimulator({
    clock,
    fetchLinks: false,
    templateReview: 'manual',
    apps: [{ id: appId, secret, verifyToken, webhookUrl: receiver.url }],
    numbers: [
      { phoneNumberId, displayPhoneNumber: '+1 555-078-3881', wabaId, accessToken: token, verifiedName: 'Shop', appId },
    ],
    ...options,
  })
  const { simulator } = running
  simulator.addCustomer({ phone: ada, name: 'Ada' })

  async function graph(method: string, path: string, body?: unknown, headers: Record<string, string> = {}) {
    const response = await fetch(`${running.graphUrl}/v25.0/${path}`, {
      method,
      headers: {
        authorization: `Bearer ${token}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      body: body === undefined ? undefined : JSON.stringify(body),
    })
    return {
      status: response.status,
      headers: response.headers,
      body: (await response.json()) as Json & { error?: Json; data?: Json[] },
    }
  }

  async function control(method: string, path: string, body?: unknown) {
    const response = await fetch(`${running.controlUrl}/${path}`, {
      method,
      headers: body === undefined ? {} : { 'content-type': 'application/json' },
      body: body === undefined ? undefined : JSON.stringify(body),
    })
    const text = await response.text()
    return { status: response.status, body: (text === '' ? {} : JSON.parse(text)) as Json }
  }

  return {
    ...running,
    clock,
    receiver,
    graph,
    control,
    send: (body: Json = {}) => graph('POST', `${phoneNumberId}/messages`, textBody(body)),
    /** Ada writes, so that the 24 h window is open; what she caused is forgotten. */
    async openWindow() {
      simulator.customerSends({ from: ada, to: phoneNumberId, text: 'hello' })
      await clock.advance(1000)
      receiver.received.length = 0
    },
    async stop() {
      await running.close()
      await receiver.close()
    },
  }
}

export type Scene = Awaited<ReturnType<typeof startScene>>

export function textBody(overrides: Json = {}): Json {
  return {
    messaging_product: 'whatsapp',
    recipient_type: 'individual',
    to: `+${ada}`,
    type: 'text',
    text: { body: 'Hi' },
    ...overrides,
  }
}

export const errorOf = (answer: { body: { error?: Json } }) => answer.body.error ?? {}
export const wamidOf = (answer: { body: Json }) => String((answer.body.messages as Json[])[0]?.id)
