import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import twilio from 'twilio'
import { virtualClock } from '../clock.ts'
import { type StartOptions, startTwilioSimulator } from './server.ts'

export const accountSid = 'AC00000000000000000000000000000001'
export const authToken = 'a-token-of-thirty-two-characters'
export const shop = '+15550100009'
export const ada = '+15550107001'
export const whatsAppShop = `whatsapp:${shop}`

export type Received = { headers: IncomingHttpHeaders; params: Record<string, string>; url: string; method: string }
type Answer = { status: number; type?: string; body?: string }

/** A business's server: keeps every request and answers with `answers` in turn, then an empty 200. */
export async function startReceiver() {
  const received: Received[] = []
  const answers: Answer[] = []
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const url = `http://${request.headers.host}${request.url}`
    const form = new URLSearchParams(request.method === 'GET' ? new URL(url).search : Buffer.concat(chunks).toString())
    received.push({ headers: request.headers, params: Object.fromEntries(form), url, method: request.method ?? '' })
    const { status, type, body } = answers.shift() ?? { status: 200 }
    response.writeHead(status, type ? { 'content-type': type } : {}).end(body)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}/hook`,
    received,
    answers,
    statuses: () => received.flatMap(({ params }) => params.MessageStatus ?? []),
    async close() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

/** Twilio's own client, aimed at the simulator instead of the hosts of the API. */
export function officialClient(url: string, sid = accountSid, token = authToken): twilio.Twilio {
  class Aimed extends twilio.RequestClient {
    override request<T>(options: Parameters<typeof twilio.RequestClient.prototype.request<T>>[0]) {
      return super.request<T>({ ...options, uri: options.uri.replace(/^https:\/\/[a-z]+\.twilio\.com/, url) })
    }
  }
  return twilio(sid, token, { httpClient: new Aimed() })
}

/** Simulator on a virtual clock with one account, its number and WhatsApp address, one customer (Ada) and a receiver. */
export async function startScene(options: StartOptions = {}) {
  const receiver = await startReceiver()
  const clock = virtualClock()
  const running = await startTwilioSimulator({ clock, accounts: [{ sid: accountSid, authToken }], ...options })
  const { simulator } = running
  simulator.addNumber({ accountSid, phoneNumber: shop, settings: { SmsUrl: receiver.url } })
  simulator.addSender({ address: whatsAppShop, accountSid, inboundUrl: receiver.url })
  simulator.setPhone({ number: ada, name: 'Ada' })

  async function api(method: string, path: string, form?: Record<string, string>, as = `${accountSid}:${authToken}`) {
    const response = await fetch(`${running.url}${path}`, {
      method,
      headers: {
        authorization: `Basic ${Buffer.from(as).toString('base64')}`,
        ...(form ? { 'content-type': 'application/x-www-form-urlencoded' } : {}),
      },
      ...(form ? { body: new URLSearchParams(form).toString() } : {}),
    })
    const text = await response.text()
    return { status: response.status, body: (text === '' ? {} : JSON.parse(text)) as Record<string, unknown> }
  }

  async function control(method: string, path: string, body?: unknown) {
    const response = await fetch(`${running.controlUrl}/${path}`, {
      method,
      ...(body === undefined ? {} : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
    })
    return { status: response.status, body: (await response.json()) as Record<string, unknown> }
  }

  return {
    ...running,
    clock,
    receiver,
    client: officialClient(running.url),
    api,
    control,
    messagesPath: `/2010-04-01/Accounts/${accountSid}/Messages.json`,
    async stop() {
      await running.close()
      await receiver.close()
    },
  }
}

export type Scene = Awaited<ReturnType<typeof startScene>>
