/**
 * The ordinary handler, for comparison: node:http that checks the signature, parses, and writes the same rows as intake for a
 * first message of a new customer (or for a receipt), one statement per row in one transaction per webhook, before it answers.
 * Of messages nothing is looked up, so nothing is recognised or deduplicated: a real one would do more.
 * argv: database url, tenant id, account id
 */
import { createHmac, timingSafeEqual } from 'node:crypto'
import { createServer } from 'node:http'
import pg from 'pg'
import { newId } from '../../src/kernel/ids.ts'
import { type Row as Receipt, writeOrdinary as writeReceipt } from '../receipts/rows.ts'
import { appSecret } from './payload.ts'
import { type Row, writeOrdinary } from './rows.ts'

const [connectionString = '', tenantId = '', accountId = ''] = process.argv.slice(2)
/** What pg's own pool has by default. */
const connections = 10
const pool = new pg.Pool({ connectionString, max: connections, options: '-c search_path=parley' })

interface Message {
  from: string
  from_user_id: string
  id: string
  text: { body: string }
}
interface Body {
  entry: { changes: { value: { messages?: Message[]; statuses?: { id: string; status: string }[] } }[] }[]
}

const rowOf = (raw: Buffer, message: Message): Row => ({
  webhook: newId(),
  contact: newId(),
  conversation: newId(),
  message: newId(),
  event: newId(),
  phone: message.from,
  bsuid: message.from_user_id,
  wamid: message.id,
  text: message.text.body,
  raw,
})
const receiptOf = (raw: Buffer, { id, status }: { id: string; status: string }): Receipt => ({
  webhook: newId(),
  receipt: newId(),
  event: newId(),
  wamid: id,
  status,
  raw,
})

async function store(raw: Buffer): Promise<void> {
  const client = await pool.connect()
  try {
    const value = (JSON.parse(raw.toString('utf8')) as Body).entry[0]?.changes[0]?.value
    if (value?.messages?.[0]) await writeOrdinary(client, { tenantId, accountId }, rowOf(raw, value.messages[0]))
    if (value?.statuses?.[0]) await writeReceipt(client, { tenantId, accountId }, receiptOf(raw, value.statuses[0]))
  } catch (error) {
    await client.query('ROLLBACK')
    throw error
  } finally {
    client.release()
  }
}

const server = createServer((request, response) => {
  const chunks: Buffer[] = []
  request.on('data', (chunk: Buffer) => chunks.push(chunk))
  request.on('end', () => {
    const body = Buffer.concat(chunks)
    const expected = createHmac('sha256', appSecret).update(body).digest()
    const given = Buffer.from(String(request.headers['x-hub-signature-256'] ?? '').slice(7), 'hex')
    if (given.length !== expected.length || !timingSafeEqual(given, expected)) return void response.writeHead(401).end()
    store(body).then(
      () => response.writeHead(200).end(),
      () => response.writeHead(503).end(),
    )
  })
})
server.listen(0, '127.0.0.1', () => {
  const address = server.address()
  process.stdout.write(`http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}/\n`)
})
process.on('SIGTERM', () => process.exit(0))
