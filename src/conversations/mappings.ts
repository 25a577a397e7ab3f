/**
 * A conversation's session in a contact centre: made once under any race (a unique index decides), filled by correlation,
 * ended there, here, or by silence. All SQL about `conversation_mappings`.
 */
import { cleanJson } from '../kernel/text.ts'
import type { Tx } from '../platform/db/tx.ts'
import type { ConversationMapping, DLQReason } from '../ports/state-manager.ts'
import { appendEvent } from './feed.ts'

export interface MappingRow extends ConversationMapping {
  /** conversations.id */
  conversation_ref: string | null
  channel_account_id: string | null
}

/** Of `conversation_mappings m`, as a MappingRow. */
export const mappingColumns = `m.id, m.wa_id, m.conversation_id, m.communication_id, m.last_message_id, m.contact_name, m.phone_number_id,
  m.display_phone_number, m.status, m.last_activity_at, m.created_at, m.updated_at, m.metadata, m.conversation_ref, m.channel_account_id`

export interface MappingWanted {
  waId: string
  conversationRef?: string | null
  accountId?: string | null
  phoneNumberId?: string | null
  displayPhoneNumber?: string | null
  contactName?: string | null
}

/**
 * The customer's active session at this number, made where there is none. Of many at once one makes it and all get it. A
 * session stays with the customer when a new thread of theirs begins: it then belongs to that.
 */
export async function ensureMapping(tx: Tx, wanted: MappingWanted): Promise<{ mapping: MappingRow; isNew: boolean }> {
  const own = wanted.conversationRef ? await activeOf(tx, 'm.conversation_ref = $2', [wanted.conversationRef]) : undefined
  if (own) return { mapping: own, isNew: false }
  for (;;) {
    const { rows } = await tx.query<MappingRow>(
      `INSERT INTO conversation_mappings AS m (tenant_id, conversation_ref, channel_account_id, wa_id, contact_name, phone_number_id, display_phone_number)
       VALUES ($1, $2, $3, $4, $5, $6, $7)
       ON CONFLICT (tenant_id, (coalesce(phone_number_id, '')), wa_id) WHERE status = 'active' DO NOTHING RETURNING ${mappingColumns}`,
      [
        ...[tx.tenantId, wanted.conversationRef ?? null, wanted.accountId ?? null, wanted.waId],
        ...[wanted.contactName ?? null, wanted.phoneNumberId ?? null, wanted.displayPhoneNumber ?? null],
      ],
    )
    if (rows[0]) return { mapping: rows[0], isNew: true }
    const there = await activeOf(tx, `coalesce(m.phone_number_id, '') = $2 AND m.wa_id = $3`, [
      wanted.phoneNumberId ?? '',
      wanted.waId,
    ])
    // Ended between the two: the next round makes one.
    if (there) return { mapping: await belongingTo(tx, there, wanted), isNew: false }
  }
}

async function activeOf(tx: Tx, where: string, values: unknown[]): Promise<MappingRow | undefined> {
  const { rows } = await tx.query<MappingRow>(
    `SELECT ${mappingColumns} FROM conversation_mappings m WHERE m.tenant_id = $1 AND m.status = 'active' AND ${where}`,
    [tx.tenantId, ...values],
  )
  return rows[0]
}

async function belongingTo(tx: Tx, there: MappingRow, wanted: MappingWanted): Promise<MappingRow> {
  if (!wanted.conversationRef || there.conversation_ref === wanted.conversationRef) return there
  await tx.query(
    'UPDATE conversation_mappings SET conversation_ref = $3, channel_account_id = coalesce($4, channel_account_id) WHERE tenant_id = $1 AND id = $2',
    [tx.tenantId, there.id, wanted.conversationRef, wanted.accountId ?? null],
  )
  return { ...there, conversation_ref: wanted.conversationRef }
}

/** The newest session, an active one first. */
export async function mappingByConversation(tx: Tx, conversationId: string): Promise<MappingRow | undefined> {
  return await newest(tx, 'm.conversation_id = $2', [conversationId])
}

/** The same by customer; `phoneNumberId` says at which number, where the business has several. */
export async function mappingByCustomer(tx: Tx, waId: string, phoneNumberId?: string): Promise<MappingRow | undefined> {
  return await newest(tx, 'm.wa_id = $2 AND ($3::text IS NULL OR m.phone_number_id = $3)', [
    waId.replace(/^\+/, ''),
    phoneNumberId ?? null,
  ])
}

export const mappingById = (tx: Tx, id: string) => newest(tx, 'm.id = $2', [id])

async function newest(tx: Tx, where: string, values: unknown[]): Promise<MappingRow | undefined> {
  const { rows } = await tx.query<MappingRow>(
    `SELECT ${mappingColumns} FROM conversation_mappings m WHERE m.tenant_id = $1 AND ${where}
      ORDER BY (m.status = 'active') DESC, m.last_activity_at DESC, m.created_at DESC LIMIT 1`,
    [tx.tenantId, ...values],
  )
  return rows[0]
}

// Correlation --------------------------------------------------------------------------------------------------------

export interface Correlated {
  conversationId: string
  communicationId?: string | null
}

/**
 * Fills the contact centre's ids in. Said again it changes nothing; another conversation than the one known is a conflict:
 * recorded once, and the first is kept.
 */
export async function correlate(tx: Tx, mappingId: string, given: Correlated): Promise<'set' | 'same' | 'conflict'> {
  const { rows } = await tx.query<MappingRow>(
    `SELECT ${mappingColumns} FROM conversation_mappings m WHERE m.tenant_id = $1 AND m.id = $2 FOR NO KEY UPDATE`,
    [tx.tenantId, mappingId],
  )
  const mapping = rows[0]
  if (!mapping) throw new Error('a mapping that was just there is gone')
  if (mapping.conversation_id !== null && mapping.conversation_id !== given.conversationId) {
    await conflict(tx, mapping, given)
    return 'conflict'
  }
  const fresh = mapping.conversation_id === null
  if (fresh || (mapping.communication_id === null && given.communicationId)) {
    await tx.query(
      'UPDATE conversation_mappings SET conversation_id = $3, communication_id = coalesce(communication_id, $4) WHERE tenant_id = $1 AND id = $2',
      [tx.tenantId, mappingId, given.conversationId, given.communicationId || null],
    )
  }
  if (!fresh) return 'same'
  // Somebody took over before the contact centre had told which conversation is to be ended.
  if (mapping.status !== 'active' && mapping.metadata?.disconnect === true)
    await addTask(tx, {
      kind: 'disconnect',
      mappingId,
      conversationId: mapping.conversation_ref,
      payload: { conversationId: given.conversationId },
    })
  await appendEvent(tx, {
    type: 'mapping.correlated',
    actor: 'system',
    ...(mapping.conversation_ref ? { conversationId: mapping.conversation_ref } : {}),
    data: { mappingId, centreConversationId: given.conversationId },
  })
  return 'set'
}

async function conflict(tx: Tx, mapping: MappingRow, given: Correlated): Promise<void> {
  if (mapping.metadata?.conflict === given.conversationId) return
  await tx.query(
    `UPDATE conversation_mappings SET metadata = coalesce(metadata, '{}') || jsonb_build_object('conflict', $3::text) WHERE tenant_id = $1 AND id = $2`,
    [tx.tenantId, mapping.id, given.conversationId],
  )
  const data = { mappingId: mapping.id, kept: mapping.conversation_id, refused: given.conversationId }
  await appendEvent(tx, {
    type: 'mapping.conflict',
    actor: 'system',
    ...(mapping.conversation_ref ? { conversationId: mapping.conversation_ref } : {}),
    data,
  })
  await addDeadLetter(tx, {
    source: 'correlation',
    payload: { conversation_id: given.conversationId, communication_id: given.communicationId ?? null, mapping_id: mapping.id },
    reason: 'state_violation',
    error: `The session is conversation ${mapping.conversation_id} already; ${given.conversationId} was not taken.`,
  })
}

const waitingKey = (wamid: string): string => `correlation:${wamid}`

/**
 * The same by any message of the session, not only its newest. `kept`: the message is not here yet, or has no session yet;
 * what was said of it counts as soon as it has.
 */
export async function correlateMessage(
  tx: Tx,
  wamid: string,
  given: Correlated,
): Promise<'set' | 'same' | 'conflict' | 'kept'> {
  const { rows } = await tx.query<{ mapping_id: string | null }>(
    `SELECT t.mapping_id FROM channel_accounts a JOIN message_tracking t
        ON t.tenant_id = a.tenant_id AND t.channel_account_id = a.id AND t.wamid = $2
      WHERE a.tenant_id = $1 ORDER BY t.mapping_id NULLS LAST LIMIT 1`,
    [tx.tenantId, wamid],
  )
  const mappingId = rows[0]?.mapping_id
  if (mappingId) return await correlate(tx, mappingId, given)
  await tx.query('INSERT INTO contact_centre_events (tenant_id, key, payload) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING', [
    tx.tenantId,
    waitingKey(wamid),
    JSON.stringify(given),
  ])
  return 'kept'
}

/** What was said of this message before it had a session. */
export async function correlateWaiting(tx: Tx, mappingId: string, wamid: string): Promise<void> {
  const { rows } = await tx.query<{ payload: Correlated }>(
    'DELETE FROM contact_centre_events WHERE tenant_id = $1 AND key = $2 RETURNING payload',
    [tx.tenantId, waitingKey(wamid)],
  )
  if (rows[0]) await correlate(tx, mappingId, rows[0].payload)
}

// Ending -------------------------------------------------------------------------------------------------------------

/** It ended there. The customer's next line begins a new one. */
export async function closeMapping(tx: Tx, id: string, reason: string): Promise<boolean> {
  const { rows } = await tx.query<{ conversation_ref: string | null }>(
    `UPDATE conversation_mappings SET status = 'closed', metadata = coalesce(metadata, '{}') || jsonb_build_object('closed', $3::text)
      WHERE tenant_id = $1 AND id = $2 AND status = 'active' RETURNING conversation_ref`,
    [tx.tenantId, id, reason],
  )
  if (!rows[0]) return false
  await appendEvent(tx, {
    type: 'mapping.closed',
    actor: 'system',
    ...(rows[0].conversation_ref ? { conversationId: rows[0].conversation_ref } : {}),
    data: { mappingId: id, reason },
  })
  return true
}

/** Somebody else has the conversation now: it is ended in the contact centre too, unless the business set otherwise. */
export async function closeMappingOf(tx: Tx, conversationRef: string, reason: string): Promise<void> {
  const { rows: set } = await tx.query<{ ends: boolean }>(
    `SELECT coalesce((settings ->> 'disconnectOnTakeover')::boolean, true) AS ends FROM contact_centres WHERE tenant_id = $1 LIMIT 1`,
    [tx.tenantId],
  )
  if (set[0]?.ends === false) return
  const mapping = await activeOf(tx, 'm.conversation_ref = $2', [conversationRef])
  if (!mapping) return
  await tx.query(
    `UPDATE conversation_mappings SET metadata = coalesce(metadata, '{}') || '{"disconnect": true}' WHERE tenant_id = $1 AND id = $2`,
    [tx.tenantId, mapping.id],
  )
  await closeMapping(tx, mapping.id, reason)
  if (mapping.conversation_id !== null)
    await addTask(tx, {
      kind: 'disconnect',
      mappingId: mapping.id,
      conversationId: conversationRef,
      payload: { conversationId: mapping.conversation_id },
    })
}

/**
 * Whether the contact centre has a conversation again that it was to end. `perhaps`: its session here is not told yet which of its
 * conversations it is.
 */
export async function hasAgain(
  tx: Tx,
  { conversationId, conversationRef }: { conversationId: string; conversationRef: string | null },
): Promise<'yes' | 'perhaps' | 'no'> {
  const { rows } = await tx.query<{ known: boolean }>(
    `SELECT m.conversation_id IS NOT NULL AS known FROM conversation_mappings m
      WHERE m.tenant_id = $1 AND m.status = 'active' AND (m.conversation_id = $2 OR (m.conversation_id IS NULL AND m.conversation_ref = $3))
      ORDER BY 1 DESC LIMIT 1`,
    [tx.tenantId, conversationId, conversationRef],
  )
  if (!rows[0]) return 'no'
  return rows[0].known ? 'yes' : 'perhaps'
}

// What is left to do, and what could not be done -----------------------------------------------------------------------

export async function addTask(
  tx: Tx,
  task: { kind: 'receipt' | 'disconnect' | 'say'; mappingId?: string | null; conversationId?: string | null; payload: object },
): Promise<void> {
  await tx.query(
    'INSERT INTO contact_centre_tasks (tenant_id, kind, mapping_id, conversation_id, payload) VALUES ($1, $2, $3, $4, $5)',
    [tx.tenantId, task.kind, task.mappingId ?? null, task.conversationId ?? null, JSON.stringify(cleanJson(task.payload))],
  )
}

export async function addDeadLetter(
  tx: Tx,
  letter: { source: string; webhookId?: string; payload: unknown; reason: DLQReason; error: string },
): Promise<void> {
  await tx.query(
    'INSERT INTO dead_letters (tenant_id, source, webhook_event_id, original_payload, reason, error_message) VALUES ($1, $2, $3, $4, $5, $6)',
    [
      ...[tx.tenantId, letter.source, letter.webhookId ?? null],
      ...[JSON.stringify(cleanJson(letter.payload)), letter.reason, letter.error.slice(0, 2000)],
    ],
  )
}
