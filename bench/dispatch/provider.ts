/**
 * A provider that takes every message after a while, as far away as a real one: argv is that while in milliseconds. Prints its
 * address; on SIGUSR2 prints what it took per number, one JSON line.
 */
import { createServer } from 'node:http'

const [delay = '80'] = process.argv.slice(2)
const taken = new Map<string, { count: number; first: number; last: number }>()
let n = 0

const server = createServer((request, response) => {
  request.resume()
  request.on('end', () => {
    const number = /\/([^/]+)\/messages$/.exec(request.url ?? '')?.[1] ?? ''
    const now = performance.now()
    const known = taken.get(number) ?? { count: 0, first: now, last: now }
    taken.set(number, { count: known.count + 1, first: known.first, last: now })
    setTimeout(() => {
      response.writeHead(200, { 'content-type': 'application/json' })
      response.end(JSON.stringify({ messaging_product: 'whatsapp', messages: [{ id: `wamid.sent.${process.pid}.${n++}` }] }))
    }, Number(delay))
  })
})
server.keepAliveTimeout = 60_000
server.listen(0, '127.0.0.1', () => {
  const address = server.address()
  process.stdout.write(`http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}\n`)
})
process.on('SIGUSR2', () => {
  process.stdout.write(`${JSON.stringify(Object.fromEntries(taken))}\n`)
  taken.clear()
})
process.on('SIGTERM', () => process.exit(0))
