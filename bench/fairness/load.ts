/**
 * Requests of several businesses, each at a steady rate of its own, whatever comes back and however late (open loop): as
 * customers and scripts send them. A process of its own. stdin: one JSON object (Plan). stdout: one JSON line (Seen).
 */
import { createHmac } from 'node:crypto'
import { Agent, request } from 'node:http'

export interface Sender {
  perSecond: number
  kind: 'api' | 'webhook'
  /** The business whose waiting is not of interest: it is the one that asks too much. */
  greedy: boolean
  key: string
  phoneNumberId: string
}
export interface Plan {
  url: string
  appSecret: string
  seconds: number
  run: string
  senders: Sender[]
}
export interface Seen {
  /** Of everybody but the greedy one, in ms, sorted. */
  latencies: number[]
  answers: Record<string, number>
  greedyAnswers: Record<string, number>
}

let input = ''
for await (const chunk of process.stdin) input += String(chunk)
const plan = JSON.parse(input) as Plan
const target = new URL(plan.url)
const agent = new Agent({ keepAlive: true, maxSockets: 2000 })
const seen: Seen = { latencies: [], answers: {}, greedyAnswers: {} }
let n = 0

function call(method: string, path: string, headers: Record<string, string | number>, body?: Buffer): Promise<number> {
  return new Promise((resolve) => {
    const sent = request({ agent, host: target.hostname, port: target.port, method, path, headers }, (response) => {
      response.resume()
      response.once('end', () => resolve(response.statusCode ?? 0))
    })
    sent.once('error', () => resolve(0))
    sent.end(body)
  })
}

function send({ kind, key, phoneNumberId }: Sender): Promise<number> {
  if (kind === 'api') return call('GET', '/api/conversations?limit=20', { authorization: `Bearer ${key}` })
  n += 1
  const from = `1650${String(n).padStart(8, '0')}`
  const messages = [
    {
      from,
      id: `wamid.${plan.run}.${n}`,
      timestamp: String(Math.floor(Date.now() / 1000)),
      type: 'text',
      text: { body: `Message ${n}` },
    },
  ]
  const value = {
    messaging_product: 'whatsapp',
    metadata: { display_phone_number: '15550783881', phone_number_id: phoneNumberId },
    contacts: [{ profile: { name: `Customer ${n}` }, wa_id: from }],
    messages,
  }
  const body = Buffer.from(
    JSON.stringify({ object: 'whatsapp_business_account', entry: [{ id: '1', changes: [{ value, field: 'messages' }] }] }),
  )
  const signature = `sha256=${createHmac('sha256', plan.appSecret).update(body).digest('hex')}`
  const headers = { 'content-type': 'application/json', 'content-length': body.length, 'x-hub-signature-256': signature }
  return call('POST', '/webhooks/whatsapp', headers, body)
}

const began = performance.now()
const ends = began + plan.seconds * 1000
const under: Promise<void>[] = []
/** When each one's next is due. Started apart, so that they do not all come in the same millisecond. */
const due = plan.senders.map(({ perSecond }, i) => began + ((i + 1) * 1000) / perSecond / (plan.senders.length + 1))
while (performance.now() < ends) {
  const now = performance.now()
  plan.senders.forEach((sender, i) => {
    while ((due[i] as number) <= now) {
      const planned = due[i] as number
      due[i] = planned + 1000 / sender.perSecond
      under.push(
        send(sender).then((status) => {
          const counts = sender.greedy ? seen.greedyAnswers : seen.answers
          counts[status] = (counts[status] ?? 0) + 1
          // From when it should have been sent: a generator held up is waiting too.
          if (!sender.greedy) seen.latencies.push(performance.now() - planned)
        }),
      )
    }
  })
  await new Promise((resolve) => setTimeout(resolve, 1))
}
await Promise.all(under)
seen.latencies.sort((a, b) => a - b)
process.stdout.write(`${JSON.stringify(seen)}\n`)
agent.destroy()
