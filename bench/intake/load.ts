/**
 * The load generator, a process of its own: so many connections, each sending the next message when the last one was
 * acknowledged. Prints one JSON line: what was acknowledged, how long each took, and its own processor time.
 * argv: url, connections, seconds, run, kind (messages, receipts)
 */
import { Agent, request } from 'node:http'
import { makeReceipt } from '../receipts/payload.ts'
import { makeBody, sign } from './payload.ts'

const [url = '', connections = '64', seconds = '8', run = 'r', kind = 'messages'] = process.argv.slice(2)
const make = kind === 'receipts' ? makeReceipt : makeBody
const target = new URL(url)
const agent = new Agent({ keepAlive: true, maxSockets: Number(connections) })
const until = performance.now() + Number(seconds) * 1000
const latencies: number[] = []
let acked = 0
let refused = 0
let n = 0

function send(body: Buffer): Promise<number> {
  return new Promise((resolve) => {
    const call = request(
      {
        agent,
        host: target.hostname,
        port: target.port,
        path: target.pathname,
        method: 'POST',
        headers: { 'content-type': 'application/json', 'content-length': body.length, 'x-hub-signature-256': sign(body) },
      },
      (response) => {
        response.resume()
        response.once('end', () => resolve(response.statusCode ?? 0))
      },
    )
    call.once('error', () => resolve(0))
    call.end(body)
  })
}

async function worker(): Promise<void> {
  while (performance.now() < until) {
    const body = make(run, n++)
    const began = performance.now()
    if ((await send(body)) === 200) {
      acked += 1
      latencies.push(performance.now() - began)
    } else refused += 1
  }
}

const cpuBefore = process.cpuUsage()
const began = performance.now()
await Promise.all(Array.from({ length: Number(connections) }, worker))
const elapsed = (performance.now() - began) / 1000
const cpu = process.cpuUsage(cpuBefore)
latencies.sort((a, b) => a - b)
const at = (q: number) => latencies[Math.min(latencies.length - 1, Math.floor(q * latencies.length))] ?? 0
process.stdout.write(
  `${JSON.stringify({ acked, refused, elapsed, p50: at(0.5), p99: at(0.99), cpuUs: cpu.user + cpu.system })}\n`,
)
agent.destroy()
