/** A business with millions of messages over a year in several scripts, written straight into the tables. */
import { randomBytes } from 'node:crypto'
import type pg from 'pg'
import { newId } from '../../src/kernel/ids.ts'

export interface Seeded {
  tenantId: string
  /** The provider's id of its number. */
  number: string
  conversationIds: string[]
}

const syllables = 'ka le mi no ra su ti vo be da fe gi ho ju ny pa qu re so ta um va we xi yo za'.split(' ')
/** The word of a rank: short ones first, as in every language. */
export function wordOf(rank: number): string {
  let word = ''
  for (let n = rank + 1; n > 0; n = Math.floor(n / syllables.length)) word += syllables[n % syllables.length]
  return word
}
const cyrillic = (word: string) => word.replace(/[a-z]/g, (c) => String.fromCodePoint(0x430 + ((c.charCodeAt(0) * 7) % 32)))
const arabic = (word: string) => word.replace(/[a-z]/g, (c) => String.fromCodePoint(0x628 + ((c.charCodeAt(0) * 5) % 18)))
const han = (word: string) =>
  [...word].map((c, n) => String.fromCodePoint(0x4e00 + ((c.charCodeAt(0) * 37 + n * 11) % 3000))).join('')

export const vocabulary = 60_000
/** Ranks by Zipf's law, by a table of its sums. */
const sums = new Float64Array(vocabulary)
for (let n = 0, sum = 0; n < vocabulary; n++) sums[n] = sum += 1 / (n + 1.5)
function rank(): number {
  const at = Math.random() * (sums[vocabulary - 1] as number)
  let [low, high] = [0, vocabulary - 1]
  while (low < high) {
    const middle = (low + high) >> 1
    if ((sums[middle] as number) < at) low = middle + 1
    else high = middle
  }
  return low
}

export function textOf(n: number): string {
  const words = Array.from({ length: 3 + Math.floor(Math.random() * 12) }, () => wordOf(rank()))
  const script = n % 10
  if (script === 7) return words.map(cyrillic).join(' ')
  if (script === 8) return words.map(arabic).join(' ')
  if (script === 9) return words.map(han).join('')
  return words.join(' ')
}
export const inScript = { cyrillic, arabic, han }

/** A time-ordered id of that moment. */
function idAt(ms: number): string {
  const bytes = randomBytes(16)
  bytes.writeUIntBE(ms, 0, 6)
  bytes[6] = (bytes[6] as number & 0x0f) | 0x70
  bytes[8] = (bytes[8] as number & 0x3f) | 0x80
  const hex = bytes.toString('hex')
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`
}

const atOnce = 10_000
const yearMs = 365 * 86_400_000

export async function seed(owner: pg.Client, messages: number, say: (text: string) => void): Promise<Seeded> {
  const [tenantId, accountId, number] = [newId(), newId(), String(Date.now())]
  const people = Math.max(100, Math.floor(messages / 50))
  await owner.query('INSERT INTO tenants (id, tenant_id, name) VALUES ($1, $2, $3)', [tenantId, tenantId, 'Bench'])
  await owner.query(
    `INSERT INTO channel_accounts (tenant_id, id, channel, provider, external_id, name, address) VALUES ($1, $2, 'whatsapp', 'whatsapp-cloud', $3, 'Main', '+15550000000')`,
    [tenantId, accountId, number],
  )
  await owner.query('ALTER TABLE messages DISABLE TRIGGER ALL')
  const now = Date.now()
  const contacts = Array.from({ length: people }, (_, n) => idAt(now - yearMs + n))
  for (let from = 0; from < people; from += atOnce) {
    const ids = contacts.slice(from, from + atOnce)
    await owner.query(
      `INSERT INTO contacts (tenant_id, id, name, phone) SELECT $1, c.id, c.name, c.phone FROM unnest($2::uuid[], $3::text[], $4::text[]) AS c(id, name, phone)`,
      [
        tenantId,
        ids,
        ids.map(() => `${wordOf(rank())} ${wordOf(rank() + 500)}`),
        ids.map((_, n) => `+49${1_700_000_000 + (from + n) * 7}`),
      ],
    )
    await owner.query(
      `INSERT INTO conversations (tenant_id, id, channel_account_id, contact_id) SELECT $1, c.id, $2, c.id FROM unnest($3::uuid[]) AS c(id)`,
      [tenantId, accountId, ids],
    )
  }
  for (let from = 0; from < messages; from += atOnce) {
    const count = Math.min(atOnce, messages - from)
    const times = Array.from({ length: count }, (_, n) =>
      Math.floor(now - yearMs + ((from + n) / messages) * (yearMs - 60_000)),
    )
    await owner.query(
      `INSERT INTO messages (tenant_id, id, conversation_id, contact_id, seq, direction, sender, type, content, body, occurred_at, created_at)
       SELECT $1, m.id, m.who, m.who, m.seq, 'inbound', 'customer', 'text', m.text, '{}', m.at, m.at
         FROM unnest($2::uuid[], $3::uuid[], $4::bigint[], $5::text[], $6::timestamptz[]) AS m(id, who, seq, text, at)`,
      [
        tenantId,
        times.map(idAt),
        times.map(() => contacts[Math.floor(Math.random() ** 2 * people)]),
        times.map((_, n) => from + n),
        times.map((_, n) => textOf(from + n)),
        times.map((ms) => new Date(ms)),
      ],
    )
    if ((from / atOnce) % 20 === 0) say(`${from + count} messages are there`)
  }
  await owner.query('ALTER TABLE messages ENABLE TRIGGER ALL')
  await owner.query('ANALYZE messages, contacts, conversations')
  return { tenantId, number, conversationIds: contacts.slice(0, 5) }
}
