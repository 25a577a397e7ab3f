/**
 * The load generator, a process of its own: so many connections, each sending the next message when the last one was
 * acknowledged. First for `warmSeconds`, then it says `warm` and waits for a line; from then on it measures. Prints one JSON line:
 * what was acknowledged, how long each took, and its own processor time.
 * argv: url, connections, seconds, warm seconds, warm run, run, kind (messages, receipts)
 */
import { once } from 'node:events'
import { Agent, request } from 'node:http'
import { makeReceipt } from '../receipts/payload.ts'
import { makeBody, sign } from './payload.ts'

const [url = '', connections = '64', seconds = '8', warmSeconds = '0', warmRun = 'w', run = 'r', kind = 'messages'] =
  process.argv.slice(2)
const make = kind === 'receipts' ? makeReceipt : makeBody
const target = new URL(url)
const agent = new Agent({ keepAlive: true, maxSockets: Number(connections) })

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

/** So many seconds of it, and until the last answer. */
async function phase(of: string, lasting: number) {
  const latencies: number[] = []
  const counts = { acked: 0, refused: 0 }
  let n = 0
  const began = performance.now()
  const until = began + lasting * 1000
  async function worker(): Promise<void> {
    while (performance.now() < until) {
      const body = make(of, n++)
      const sent = performance.now()
      if ((await send(body)) === 200) {
        counts.acked += 1
        latencies.push(performance.now() - sent)
      } else counts.refused += 1
    }
  }
  await Promise.all(Array.from({ length: Number(connections) }, worker))
  return { ...counts, latencies, elapsed: (performance.now() - began) / 1000 }
}

await phase(warmRun, Number(warmSeconds))
process.stdout.write('warm\n')
await once(process.stdin, 'data')
const cpuBefore = process.cpuUsage()
const { latencies, ...counts } = await phase(run, Number(seconds))
const cpu = process.cpuUsage(cpuBefore)
latencies.sort((a, b) => a - b)
const at = (q: number) => latencies[Math.min(latencies.length - 1, Math.floor(q * latencies.length))] ?? 0
process.stdout.write(`${JSON.stringify({ ...counts, p50: at(0.5), p99: at(0.99), cpuUs: cpu.user + cpu.system })}\n`)
agent.destroy()
process.stdin.destroy()
