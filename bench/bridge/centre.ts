/**
 * A contact centre that takes every line after a while, as far away as a real one: argv is that while in milliseconds. Prints
 * its address; on SIGUSR2 prints what it took since the last time, one JSON line: per line its id and when it came (ms since 1970).
 */
import { createServer } from 'node:http'

const [delay = '20'] = process.argv.slice(2)
let taken: [id: string, customer: string, at: number][] = []
let n = 0

const server = createServer((request, response) => {
  const at = performance.timeOrigin + performance.now()
  const chunks: Buffer[] = []
  request.on('data', (chunk: Buffer) => chunks.push(chunk))
  request.on('end', () => {
    const answer = (body: object, after = 0) =>
      setTimeout(() => response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body)), after)
    if (request.url?.includes('/oauth/token'))
      return void answer({ access_token: 'token', token_type: 'bearer', expires_in: 86_400 })
    const { channel } = JSON.parse(Buffer.concat(chunks).toString('utf8')) as {
      channel: { messageId?: string; from?: { id: string } }
    }
    const customer = channel.from?.id ?? ''
    if (channel.messageId) taken.push([channel.messageId, customer, at])
    answer(
      { id: `centre-${process.pid}-${n++}`, channel, type: 'Text', conversationId: `conversation-${customer}` },
      Number(delay),
    )
  })
})
server.keepAliveTimeout = 60_000
server.listen(0, '127.0.0.1', () => {
  const address = server.address()
  process.stdout.write(`http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}\n`)
})
process.on('SIGUSR2', () => {
  process.stdout.write(`${JSON.stringify(taken)}\n`)
  taken = []
})
process.on('SIGTERM', () => process.exit(0))
