import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { virtualClock } from '../clock.ts'
import { type StartOptions, startGenesysSimulator } from './server.ts'
import type { Json } from './types.ts'

export const clientId = 'client-1'
export const clientSecret = 'client-secret-of-the-test'
export const integrationId = '2f1c6c4e-7f0a-4f0f-9a52-0d7d6a0b1c2d'
export const webhookSecret = 'webhook-secret-of-the-test'
export const ada = { id: '15550107001', idType: 'Phone' as const, nickname: 'Ada' }

export type Received = { raw: Buffer; headers: IncomingHttpHeaders; json: Json }

/** A relay's server: keeps every POST and answers with `answers` in turn, then 200. 0 does not answer at all. */
export async function startReceiver() {
  const received: Received[] = []
  const answers: number[] = []
  const server = createServer(async (request, response) => {
    const raw = await buffer(request)
    received.push({ raw, headers: request.headers, json: JSON.parse(raw.toString('utf8')) })
    const status = answers.shift() ?? 200
    if (status !== 0) response.writeHead(status).end()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}/webhook`,
    received,
    answers,
    async close() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

/** Simulator on a virtual clock with one client, one integration and a receiver. */
export async function startScene(options: StartOptions = {}) {
  const receiver = await startReceiver()
  const clock = virtualClock()
  const running = await startGenesysSimulator({
    clock,
    fetchFiles: false,
    clients: [{ id: clientId, secret: clientSecret }],
    integrations: [{ id: integrationId, name: 'Relay', webhookUrl: receiver.url, secret: webhookSecret }],
    ...options,
  })

  async function signIn(id = clientId, secret = clientSecret) {
    const response = await fetch(`${running.loginUrl}/oauth/token`, {
      method: 'POST',
      headers: {
        authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`,
        'content-type': 'application/x-www-form-urlencoded',
      },
      body: 'grant_type=client_credentials',
    })
    return { status: response.status, body: (await response.json()) as Json }
  }

  let token: string | undefined
  async function api(method: string, path: string, body?: unknown, given?: string) {
    token ??= String((await signIn()).body.access_token)
    const response = await fetch(`${running.apiUrl}/api/v2/conversations/${path}`, {
      method,
      headers: {
        authorization: `Bearer ${given ?? token}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      body: body === undefined ? undefined : JSON.stringify(body),
    })
    const text = await response.text()
    return { status: response.status, headers: response.headers, body: (text.startsWith('{') ? JSON.parse(text) : {}) as Json }
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

  const inbound = (endpoint: string, body: unknown) => api('POST', `messages/${integrationId}/inbound/open/${endpoint}`, body)
  const now = () => new Date(clock.now()).toISOString()
  let sent = 0
  return {
    ...running,
    clock,
    receiver,
    signIn,
    api,
    control,
    inbound,
    /** Ada writes; with the id of the conversation. */
    async write(more: Json = {}) {
      const channel = { from: ada, time: now(), messageId: `wamid.${++sent}` }
      return inbound('message?prefetchConversationId=true', { channel, text: 'Hello', ...more })
    },
    async stop() {
      await running.close()
      await receiver.close()
    },
  }
}

export type Scene = Awaited<ReturnType<typeof startScene>>
