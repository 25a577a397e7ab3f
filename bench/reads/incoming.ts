/**
 * Signed webhooks at a steady rate, in a process of their own, whatever comes back. argv: url, a file with the number's id and
 * the customers' phones, messages a second, seconds, run. Prints one JSON line.
 */
import { readFileSync } from 'node:fs'
import { Agent, request } from 'node:http'
import { sign } from '../intake/payload.ts'

const [url = '', file = '', rate = '1000', seconds = '8', run = 'r'] = process.argv.slice(2)
const { number, phones } = JSON.parse(readFileSync(file, 'utf8')) as { number: string; phones: string[] }
const target = new URL(url)
const agent = new Agent({ keepAlive: true, maxSockets: 256 })
let [offered, acked, refused] = [0, 0, 0]

function bodyOf(n: number): Buffer {
  const phone = phones[(n * 7919) % phones.length] as string
  const message = {
    ...{ from: phone, id: `wamid.${run}.${n}`, timestamp: String(Math.floor(Date.now() / 1000)), type: 'text' },
    text: { body: `Message ${n}: could somebody have a look at the kitchen tap this week?` },
  }
  const value = {
    messaging_product: 'whatsapp',
    metadata: { display_phone_number: '15550783881', phone_number_id: number },
    contacts: [{ profile: { name: 'A customer' }, wa_id: phone }],
    messages: [message],
  }
  return Buffer.from(
    JSON.stringify({ object: 'whatsapp_business_account', entry: [{ id: '1', changes: [{ field: 'messages', value }] }] }),
  )
}

function send(n: number): Promise<void> {
  return new Promise((resolve) => {
    const body = bodyOf(n)
    const headers = { 'content-type': 'application/json', 'content-length': body.length, 'x-hub-signature-256': sign(body) }
    const call = request(
      { agent, host: target.hostname, port: target.port, path: '/webhooks/whatsapp', method: 'POST', headers },
      (response) => {
        response.resume()
        response.once('end', () => {
          if (response.statusCode === 200) acked += 1
          else refused += 1
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

const cpu = process.cpuUsage()
const began = performance.now()
const open = new Set<Promise<void>>()
for (let at = 0; at < Number(seconds); at = (performance.now() - began) / 1000) {
  for (const due = Math.floor(at * Number(rate)); offered < due; offered++) {
    const one = send(offered).finally(() => open.delete(one))
    open.add(one)
  }
  await new Promise((resolve) => setTimeout(resolve, 5))
}
const elapsed = (performance.now() - began) / 1000
await Promise.all(open)
const used = process.cpuUsage(cpu)
process.stdout.write(`${JSON.stringify({ offered, acked, refused, elapsed, cpuUs: used.user + used.system })}\n`)
agent.destroy()
