/**
 * Customers who write at a steady rate in all, whatever comes back; each sends their next line when the last one was
 * acknowledged, so that what is in order is known. A process of its own. argv: url, number, customers, a second, seconds, run.
 * Prints one JSON line: what was acknowledged, per line its id and when it was sent (ms since 1970).
 */
import { Agent, request } from 'node:http'
import { sign } from '../intake/payload.ts'

const [url = '', number = '', customers = '400', rate = '200', seconds = '8', run = 'r'] = process.argv.slice(2)
const target = new URL(url)
const agent = new Agent({ keepAlive: true, maxSockets: 256 })
const acked: [id: string, customer: string, at: number][] = []
const latencies: number[] = []
let refused = 0

function bodyOf(customer: string, id: string): Buffer {
  const value = {
    messaging_product: 'whatsapp',
    metadata: { display_phone_number: '15550783881', phone_number_id: number },
    contacts: [{ profile: { name: 'A customer' }, wa_id: customer }],
    messages: [
      {
        ...{ from: customer, id, timestamp: String(Math.floor(Date.now() / 1000)), type: 'text' },
        text: { body: 'Could somebody have a look at the kitchen tap this week?' },
      },
    ],
  }
  return Buffer.from(
    JSON.stringify({ object: 'whatsapp_business_account', entry: [{ id: '1', changes: [{ field: 'messages', value }] }] }),
  )
}

function send(customer: string, id: string): Promise<void> {
  return new Promise((resolve) => {
    const body = bodyOf(customer, id)
    const headers = { 'content-type': 'application/json', 'content-length': body.length, 'x-hub-signature-256': sign(body) }
    const at = performance.timeOrigin + performance.now()
    const call = request(
      { agent, host: target.hostname, port: target.port, path: target.pathname, method: 'POST', headers },
      (response) => {
        response.resume()
        response.once('end', () => {
          if (response.statusCode === 200) {
            acked.push([id, customer, at])
            latencies.push(performance.timeOrigin + performance.now() - at)
          } else refused += 1
          resolve()
        })
      },
    )
    call.once('error', () => {
      refused += 1
      resolve()
    })
    call.end(body)
  })
}

const free = Array.from({ length: Number(customers) }, (_, i) => `1650${String(i).padStart(7, '0')}`)
const open = new Set<Promise<void>>()
const began = performance.now()
let offered = 0
let skipped = 0
for (let at = 0; at < Number(seconds); at = (performance.now() - began) / 1000) {
  for (const due = Math.floor(at * Number(rate)); offered < due; offered++) {
    const customer = free.shift()
    if (customer === undefined) {
      skipped += 1
      continue
    }
    const one = send(customer, `wamid.${run}.${offered}`).finally(() => {
      open.delete(one)
      free.push(customer)
    })
    open.add(one)
  }
  await new Promise((resolve) => setTimeout(resolve, 2))
}
const elapsed = (performance.now() - began) / 1000
await Promise.all(open)
process.stdout.write(`${JSON.stringify({ offered, skipped, refused, elapsed, acked, latencies })}\n`)
agent.destroy()
