/** The customer's next line for the contact centre, read in one look, with its session made where there is none. */
import { correlateWaiting, ensureMapping, type MappingRow } from '../conversations/mappings.ts'
import type { Tx } from '../platform/db/tx.ts'
import type { CentreCustomer, CentreFile, CentreLine } from '../ports/contact-centre.ts'
import { type AttributeFacts, attributesOf, history } from './attributes.ts'

export interface Claim {
  tenant_id: string
  conversation_id: string
  account_id: string
  token: number
  done_seq: number
  attempts: number
  /** The one line with which a contact centre that does not answer is asked whether it does again. */
  probe: boolean
}

export interface Prepared {
  messageId: string
  wamid: string
  seq: number
  createdAt: Date
  mapping: MappingRow
  line: CentreLine
}

/** `wait`: milliseconds until it can be said. `none`: there is nothing to say. */
export type Preparation = { prepared: Prepared } | { wait: number } | 'none'

/** What is no line of a conversation to an agent. */
export const unsaid = ['reaction', 'edit', 'revoke', 'system']
/** A file that is still not here after so long is not waited for any more. Milliseconds. */
const fileWaitMs = 120_000
const fileLookMs = 2_000

export interface LineRow {
  id: string
  seq: number
  type: string
  content: string | null
  body: Record<string, unknown>
  occurred_at: Date
  created_at: Date
  wamid: string
  originating: string | null
}

export interface ThreadRow extends AttributeFacts {
  control: string
  external_id: string
  address: string | null
  phone: string | null
}

export async function nextLine(
  tx: Tx,
  claim: Claim,
  options: { now: Date; link: (file: StoredFile) => string },
): Promise<Preparation> {
  const thread = await loadThread(tx, claim)
  if (thread?.control !== 'agent') return 'none'
  const row = await loadLine(tx, claim)
  if (!row) return 'none'
  const files = await loadFiles(tx, row.id)
  if (files.some(({ state }) => state === 'pending') && options.now.getTime() - row.created_at.getTime() < fileWaitMs)
    return { wait: fileLookMs }
  const waId = (thread.phone ?? thread.identity ?? claim.conversation_id).replace(/^\+/, '')
  const { mapping } = await ensureMapping(tx, {
    waId,
    conversationRef: claim.conversation_id,
    accountId: claim.account_id,
    phoneNumberId: thread.external_id,
    displayPhoneNumber: thread.address,
    contactName: thread.name,
  })
  await joinMapping(tx, mapping, row)
  const attributes = attributesOf(thread, { conversationId: claim.conversation_id })
  const said = await history(tx, claim.conversation_id, row.seq, mapping.id)
  if (said) attributes.history = said
  const line: CentreLine = {
    messageId: row.wamid,
    customer: customerOf(mapping, thread.name),
    at: row.occurred_at.toISOString(),
    ...wordsOf(row, files, options.link),
    attributes,
  }
  const choice = choiceOf(row)
  if (choice) line.choice = choice
  return {
    prepared: { messageId: row.id, wamid: row.wamid, seq: row.seq, createdAt: row.created_at, mapping, line },
  }
}

/** The same for as long as the session is: another id would be another thread over there. */
export const customerOf = (mapping: { wa_id: string }, name?: string | null): CentreCustomer => ({
  id: mapping.wa_id,
  idType: /^\d{6,20}$/.test(mapping.wa_id) ? 'Phone' : 'Opaque',
  ...(name ? { name } : {}),
})

/** Of conversation `c`, its account, contact, business and bridge lane `l`. */
export const threadColumns = `c.control, c.channel, a.external_id, a.address, a.name AS account_name, k.name, k.phone, k.metadata, k.external_ref,
  t.tenant_id AS tenant, t.settings ->> 'language' AS language,
  (SELECT jsonb_object_agg(x.key, x.value) FROM conversation_context x WHERE x.tenant_id = c.tenant_id AND x.conversation_id = c.id) AS context,
  (SELECT array_agg(b.name ORDER BY b.name) FROM conversation_labels cl JOIN labels b ON b.tenant_id = cl.tenant_id AND b.id = cl.label_id
    WHERE cl.tenant_id = c.tenant_id AND cl.conversation_id = c.id) AS labels`
/** By which a customer without a number is known. */
const identityColumn = `(SELECT i.value FROM contact_identities i WHERE i.tenant_id = c.tenant_id AND i.contact_id = c.contact_id
  ORDER BY (i.kind = 'wa_id') DESC, (i.kind = 'phone') DESC, i.created_at, i.value LIMIT 1) AS identity`
export const threadJoins = `JOIN channel_accounts a ON a.tenant_id = c.tenant_id AND a.id = c.channel_account_id
  JOIN contacts k ON k.tenant_id = c.tenant_id AND k.id = c.contact_id
  JOIN tenants t ON t.id = c.tenant_id
  JOIN conversation_lanes l ON l.tenant_id = c.tenant_id AND l.conversation_id = c.id AND l.kind = 'bridge'`

/** Nothing where the claim is not ours any more. */
async function loadThread(tx: Tx, claim: Claim): Promise<(ThreadRow & { identity: string | null }) | undefined> {
  const { rows } = await tx.query<ThreadRow & { identity: string | null }>({
    name: 'bridge_thread',
    text: `SELECT ${threadColumns}, ${identityColumn} FROM conversations c ${threadJoins} AND l.token = $3 WHERE c.tenant_id = $1 AND c.id = $2`,
    values: [tx.tenantId, claim.conversation_id, claim.token],
  })
  return rows[0]
}

/** Of message `m` and its ledger row `t`. An answer names what it answers; what it answers may have been recorded as sent only after the answer came. */
export const lineColumns = `m.id, m.seq, m.type, m.content, m.body, m.occurred_at, m.created_at, t.wamid,
  coalesce((SELECT r.genesys_message_id FROM message_tracking r WHERE r.tenant_id = m.tenant_id AND r.id = m.reply_to_id),
    (SELECT r.genesys_message_id FROM message_tracking r WHERE m.reply_to_id IS NULL AND m.reply_to_external_id IS NOT NULL
        AND r.tenant_id = m.tenant_id AND r.channel_account_id = t.channel_account_id AND r.wamid = m.reply_to_external_id)) AS originating`
export const lineJoins = `JOIN message_tracking t ON t.tenant_id = m.tenant_id AND t.id = m.id AND t.status = 'received'`

async function loadLine(tx: Tx, claim: Claim): Promise<LineRow | undefined> {
  const { rows } = await tx.query<LineRow>({
    name: 'bridge_line',
    text: `SELECT ${lineColumns} FROM messages m ${lineJoins}
            WHERE m.tenant_id = $1 AND m.conversation_id = $2 AND m.seq > $3 AND m.direction = 'inbound' AND m.type <> ALL ($4)
            ORDER BY m.seq LIMIT 1`,
    values: [tx.tenantId, claim.conversation_id, claim.done_seq, unsaid],
  })
  return rows[0]
}

/** The line belongs to the session before anything is said of it: an answer may come before that of the call. */
async function joinMapping(tx: Tx, mapping: MappingRow, row: LineRow): Promise<void> {
  await tx.query(
    'UPDATE message_tracking SET mapping_id = $3 WHERE tenant_id = $1 AND id = $2 AND mapping_id IS DISTINCT FROM $3',
    [tx.tenantId, row.id, mapping.id],
  )
  await tx.query(
    `UPDATE conversation_mappings SET last_message_id = $3, last_activity_at = greatest(last_activity_at, $4) WHERE tenant_id = $1 AND id = $2`,
    [tx.tenantId, mapping.id, row.wamid, row.created_at],
  )
  if (mapping.conversation_id === null) await correlateWaiting(tx, mapping.id, row.wamid)
}

export interface StoredFile {
  id: string
  state: string
  sha256: string | null
  mime_type: string | null
  file_name: string | null
}

async function loadFiles(tx: Tx, messageId: string): Promise<StoredFile[]> {
  const { rows } = await tx.query<StoredFile>({
    name: 'bridge_files',
    text: 'SELECT id, state, sha256, mime_type, file_name FROM media_objects WHERE tenant_id = $1 AND message_id = $2 ORDER BY position, id',
    values: [tx.tenantId, messageId],
  })
  return rows
}

/** A file that could not be fetched never holds the line up: an agent reads that there was one. */
export function wordsOf(
  row: Pick<LineRow, 'type' | 'content' | 'body'>,
  stored: readonly StoredFile[],
  link: (file: StoredFile) => string,
): Pick<CentreLine, 'text' | 'files'> {
  const files: CentreFile[] = []
  const marks: string[] = []
  for (const one of stored) {
    if (one.state !== 'stored' || !one.sha256) marks.push(`[${row.type}: the file could not be fetched]`)
    else
      files.push({
        id: one.id,
        kind: kindOf(one.mime_type ?? ''),
        url: link(one),
        sha256: one.sha256,
        ...(one.mime_type ? { mimeType: one.mime_type } : {}),
        ...(one.file_name ? { fileName: one.file_name } : {}),
        ...(files.length === 0 && row.content ? { caption: row.content } : {}),
      })
  }
  const said = files.length > 0 ? null : row.content
  const text = [said, ...marks].filter(Boolean).join('\n')
  if (text !== '' || files.length > 0) return { text: text || null, files }
  return { text: wordless(row), files }
}

function wordless({ type, body }: Pick<LineRow, 'type' | 'body'>): string {
  const { latitude, longitude } = body
  return type === 'location' && latitude !== undefined ? `[location ${latitude}, ${longitude}]` : `[${type}]`
}

const kindOf = (mimeType: string): CentreFile['kind'] =>
  (['image', 'video', 'audio'] as const).find((kind) => mimeType.startsWith(`${kind}/`)) ?? 'file'

/** An answer to what an agent offered. What nobody there offered is a text like any other. */
function choiceOf(row: LineRow): CentreLine['choice'] {
  if (row.originating === null) return undefined
  const { id, title, text, payload } = row.body as Record<string, string | undefined>
  const words = title ?? text ?? row.content
  if (!words || (row.type !== 'interactive' && row.type !== 'button')) return undefined
  return {
    kind: row.type === 'button' ? 'button' : 'quick_reply',
    text: words,
    payload: id ?? payload ?? words,
    originatingId: row.originating,
  }
}
