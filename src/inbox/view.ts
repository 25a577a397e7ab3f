/** What leaves: rows never go out as they are. */
import type { AccountRow, Channels } from '../conversations/accounts.ts'
import type { TemplateRow } from '../conversations/templates.ts'
import type { Tx } from '../platform/db/tx.ts'
import type { AccountView, ContactView, ConversationView, MediaView, MessageView, TemplateView } from './schema.ts'
import {
  type AnnotationRow,
  annotationsOf,
  type ContactRow,
  type ConversationRow,
  type MediaRow,
  type MessageRow,
  mediaOf,
} from './store.ts'

const iso = (date: Date | null): string | null => date?.toISOString() ?? null

export const conversationView = (channels: Channels, row: ConversationRow): ConversationView => ({
  id: row.id,
  version: row.version,
  status: row.status,
  control: row.control,
  channel: row.channel,
  account: { id: row.account_id, name: row.account_name, address: row.account_address },
  contact: { id: row.contact_id, name: row.contact_name, phone: row.contact_phone },
  assignee: row.assignee_id ? { id: row.assignee_id, name: row.assignee_name ?? '…' } : null,
  labelIds: row.label_ids,
  unreadCount: row.unread_count,
  messageCount: row.message_count,
  lastSeq: row.last_seq,
  lastMessageAt: iso(row.last_message_at),
  lastPreview: row.last_preview,
  lastDirection: row.last_direction,
  windowExpiresAt: iso(row.window_expires_at),
  windowRequired: (channels.get(row.provider)?.capabilities.windowHours ?? null) !== null,
  createdAt: row.created_at.toISOString(),
  updatedAt: row.updated_at.toISOString(),
  closedAt: iso(row.closed_at),
})

export const mediaView = (row: MediaRow): MediaView => ({
  id: row.id,
  state: row.state,
  mimeType: row.mime_type ?? row.declared_mime_type,
  fileName: row.file_name,
  byteSize: row.byte_size,
  url: row.state === 'stored' ? `/api/media/${row.id}/content` : null,
  error: row.state === 'stored' || row.state === 'pending' ? null : row.error_text,
})

/** Files, reactions, edits and deletions are read in two statements for the whole page. */
export async function messageViews(tx: Tx, channels: Channels, rows: readonly MessageRow[]): Promise<MessageView[]> {
  if (rows.length === 0) return []
  const ids = rows.map((row) => row.id)
  const media = Map.groupBy(await mediaOf(tx, ids), (row) => row.message_id)
  const since = new Date(Math.min(...rows.map((row) => row.created_at.getTime())))
  const annotations = Map.groupBy(await annotationsOf(tx, ids, since), (row) => row.reply_to_id)
  return rows.map((row) => messageView(channels, row, media.get(row.id) ?? [], annotations.get(row.id) ?? []))
}

function messageView(
  channels: Channels,
  row: MessageRow,
  media: readonly MediaRow[],
  annotations: readonly AnnotationRow[],
): MessageView {
  const edit = annotations.findLast((a) => a.type === 'edit' && a.direction === row.direction)
  const edited = edit?.body as { type?: string; body?: Record<string, unknown> } | undefined
  return {
    id: row.id,
    version: row.version,
    conversationId: row.conversation_id,
    seq: row.seq,
    direction: row.direction,
    sender: row.sender,
    author: row.author_id ? { id: row.author_id, name: row.author_name ?? '…' } : null,
    type: row.type,
    text: edit ? edit.content : row.content,
    body: edited?.type === row.type && edited.body ? { ...row.body, ...edited.body } : row.body,
    media: media.map(mediaView),
    replyTo:
      row.reply_to_id || row.reply_to_external_id
        ? {
            id: row.reply_type ? row.reply_to_id : null,
            externalId: row.reply_to_external_id,
            type: row.reply_type,
            text: row.reply_content,
            direction: row.reply_direction,
          }
        : null,
    reactions: reactionsOf(annotations),
    editedAt: iso(edit?.occurred_at ?? null),
    revokedAt: iso(annotations.find((a) => a.type === 'revoke' && a.direction === row.direction)?.occurred_at ?? null),
    status: row.status as MessageView['status'],
    outcome: row.send_outcome === 'unknown' ? 'unknown' : null,
    error: errorOf(channels, row),
    nextAttemptAt: iso(row.next_at),
    occurredAt: row.occurred_at.toISOString(),
    createdAt: row.created_at.toISOString(),
    sentAt: iso(row.sent_at),
    deliveredAt: iso(row.delivered_at),
    readAt: iso(row.read_at),
    failedAt: iso(row.failed_at),
    segments: segmentsOf(channels, row),
    metadata: row.metadata,
    idempotencyKey:
      row.idempotency_key ?? (typeof row.metadata.idempotencyKey === 'string' ? row.metadata.idempotencyKey : null),
  }
}

function segmentsOf(channels: Channels, row: MessageRow): MessageView['segments'] {
  if (row.direction !== 'outbound' || row.type !== 'text' || row.content === null) return null
  const counted = channels.get(row.provider)?.countSegments?.(row.content)
  return counted ? { encoding: counted.encoding, count: counted.segments } : null
}

/** Each side has at most one reaction on a message: the last word counts, and an empty one takes it back. */
function reactionsOf(annotations: readonly AnnotationRow[]): MessageView['reactions'] {
  const latest = new Map<string, AnnotationRow>()
  for (const row of annotations) if (row.type === 'reaction') latest.set(row.direction, row)
  return [...latest.values()]
    .filter((row) => typeof row.body.emoji === 'string' && row.body.emoji !== '')
    .map((row) => ({ emoji: row.body.emoji as string, direction: row.direction, at: row.occurred_at.toISOString() }))
}

function errorOf(channels: Channels, row: MessageRow): MessageView['error'] {
  if (row.direction !== 'outbound' || !row.error_code || !['failed', 'queued', 'sending'].includes(row.status ?? ''))
    return null
  const described = channels.get(row.provider)?.describeFailure?.(row.error_code, row.error_text ?? undefined)
  return {
    code: row.error_code,
    text: described?.text ?? row.error_text ?? 'The message could not be delivered.',
    hint: described?.hint ?? (row.error_code === 'window_closed' ? 'template' : null),
    retryable: row.status === 'failed' || row.send_outcome === 'unknown',
  }
}

export const contactView = (row: ContactRow): ContactView => ({
  id: row.id,
  name: row.name,
  phone: row.phone,
  status: row.status,
  notes: row.notes,
  externalRef: row.external_ref,
  identities: row.identities.map((i) => ({ ...i, since: new Date(i.since).toISOString() })),
  consents: row.consents.map((one) => ({ ...one, since: new Date(one.since).toISOString() })),
  createdAt: row.created_at.toISOString(),
  updatedAt: row.updated_at.toISOString(),
})

export function accountView(channels: Channels, row: AccountRow): AccountView {
  const capabilities = channels.get(row.provider)?.capabilities
  return {
    id: row.id,
    channel: row.channel,
    provider: row.provider,
    name: row.name,
    address: row.address,
    state: row.state,
    stateText: row.state_text,
    answerer: row.answerer,
    registration: { state: row.registration, text: row.registration_text },
    capabilities: {
      send: [...(capabilities?.send ?? [])],
      windowHours: capabilities?.windowHours ?? null,
      templates: capabilities?.templates ?? false,
      typing: capabilities?.typing ?? false,
      maxText: capabilities?.maxText ?? 0,
      segments: channels.get(row.provider)?.countSegments !== undefined,
      media: Object.fromEntries(
        Object.entries(capabilities?.media ?? {}).map(([type, limit]) => [
          type,
          { maxBytes: limit.maxBytes, mimeTypes: [...limit.mimeTypes] },
        ]),
      ),
    },
  }
}

export function templateView(channels: Channels, row: TemplateRow): TemplateView {
  const described = channels.get(row.provider)?.templates?.describe(row.components, row.parameter_format)
  return {
    id: row.id,
    accountId: row.channel_account_id,
    name: row.name,
    language: row.language,
    category: row.category,
    status: row.status,
    quality: row.quality,
    rejectionReason: row.rejection_reason,
    ...(described ?? { header: null, body: '', footer: null, buttons: [], places: [] }),
  }
}
