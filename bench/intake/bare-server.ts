/** The frozen yardstick: node:http that checks the signature, parses and answers. Never the product's own handler. */
import { createHmac, timingSafeEqual } from 'node:crypto'
import { createServer } from 'node:http'
import { appSecret } from './payload.ts'

const server = createServer((request, response) => {
  const chunks: Buffer[] = []
  request.on('data', (chunk: Buffer) => chunks.push(chunk))
  request.on('end', () => {
    const body = Buffer.concat(chunks)
    const expected = createHmac('sha256', appSecret).update(body).digest()
    const given = Buffer.from(String(request.headers['x-hub-signature-256'] ?? '').slice(7), 'hex')
    const ok =
      given.length === expected.length &&
      timingSafeEqual(given, expected) &&
      JSON.parse(body.toString('utf8')).object !== undefined
    response.writeHead(ok ? 200 : 401).end()
  })
})
server.listen(0, '127.0.0.1', () => {
  const address = server.address()
  process.stdout.write(`http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}/\n`)
})
process.on('SIGTERM', () => process.exit(0))
