/**
 * Who wants to be written to. What people said is kept, word by word, in `consents`; how it stands on a channel is the newest
 * row. Every message passes it twice: when it is queued and when it goes out.
 */
import { notFound, ParleyError } from '../kernel/errors.ts'
import { newId } from '../kernel/ids.ts'
import { cleanText } from '../kernel/text.ts'
import type { Client } from '../platform/db/pool.ts'
import type { Tx } from '../platform/db/tx.ts'
import type { ConsentSign } from './consent-signs.ts'
import { appendEvent } from './feed.ts'

/** The name of the job that tells a customer; intake writes it together with what they said. Its handler is consent-answers.ts. */
export const consentAnswerJob = 'consent.answer'

/** A sign and the stored message that gave it. */
export interface SignedLine {
  tenantId: string
  messageId: string
  occurredAt: string
  sign: ConsentSign
}

export interface ConsentAnswer {
  tenantId: string
  conversationId: string
  messageId: string
  /** What the customer has to be told. */
  answer: 'stop' | 'start' | 'help'
}

/** Keeps what lines and receipts said, in the transaction that stored them. Returns who has to be told something. */
export async function receiveConsents(
  client: Pick<Client, 'query'>,
  now: Date,
  lines: readonly SignedLine[],
): Promise<ConsentAnswer[]> {
  if (lines.length === 0) return []
  const of = <T>(pick: (line: SignedLine) => T): T[] => lines.map(pick)
  const { rows } = await client.query<{
    tenant_id: string
    conversation_id: string
    message_id: string
    answer: ConsentAnswer['answer'] | null
  }>('SELECT * FROM parley.receive_consents($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)', [
    ...[now, of(() => newId()), of((l) => l.tenantId), of((l) => l.messageId), of((l) => l.sign.topic)],
    ...[of((l) => l.sign.state), of((l) => l.sign.source), of((l) => cleanText(l.sign.wording))],
    ...[of((l) => l.occurredAt), of((l) => l.sign.answered)],
  ])
  return rows.flatMap(({ answer, ...row }) =>
    answer ? [{ tenantId: row.tenant_id, conversationId: row.conversation_id, messageId: row.message_id, answer }] : [],
  )
}

export interface ConsentRow {
  id: string
  channel: string
  topic: 'all' | 'marketing'
  state: 'opted_in' | 'opted_out'
  source: string
  wording: string
  actor: string
  message_id: string | null
  occurred_at: Date
  created_at: Date
}
const columns = 'id, channel, topic, state, source, wording, actor, message_id, occurred_at, created_at'

/** Newest first; at most 500. */
export async function consentsOf(tx: Tx, contactId: string): Promise<ConsentRow[]> {
  const { rows } = await tx.query<ConsentRow>(
    `SELECT ${columns} FROM consents WHERE tenant_id = $1 AND contact_id = $2 ORDER BY occurred_at DESC, id DESC LIMIT 500`,
    [tx.tenantId, contactId],
  )
  return rows
}

/** How it stands: the newest of each channel and topic. */
export function standing(history: readonly ConsentRow[]): ConsentRow[] {
  const newest = new Map<string, ConsentRow>()
  for (const row of history) {
    const key = `${row.channel}|${row.topic}`
    if (!newest.has(key)) newest.set(key, row)
  }
  return [...newest.values()]
}

/** A person or a program writes down what a customer said elsewhere. It counts from now on. */
export async function keepConsent(
  tx: Tx,
  given: {
    contactId: string
    channel: string
    topic: 'all' | 'marketing'
    state: 'opted_in' | 'opted_out'
    source: string
    wording: string
    actor: string
    now: Date
  },
): Promise<void> {
  if (given.source === 'keyword' || given.source === 'provider')
    throw new ParleyError(
      'invalid_request',
      'Say where you have it from: keyword and provider are what the server finds itself.',
    )
  const { rowCount } = await tx.query('SELECT FROM contacts WHERE tenant_id = $1 AND id = $2 FOR NO KEY UPDATE', [
    tx.tenantId,
    given.contactId,
  ])
  if (!rowCount) throw notFound('The contact')
  await tx.query(
    `INSERT INTO consents (tenant_id, id, contact_id, channel, topic, state, source, wording, actor, occurred_at, created_at)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $10)`,
    [
      ...[tx.tenantId, newId(), given.contactId, given.channel, given.topic, given.state],
      ...[given.source, cleanText(given.wording), given.actor, given.now],
    ],
  )
  const { contactId, channel, topic, state, source } = given
  await appendEvent(tx, { type: 'contact.consent', actor: given.actor, data: { contactId, channel, topic, state, source } })
}
