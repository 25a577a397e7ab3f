/** Labels of a business, and which conversations have them. */
import { appendEvent } from '../conversations/feed.ts'
import { notFound, ParleyError } from '../kernel/errors.ts'
import type { Tx } from '../platform/db/tx.ts'
import { audit, type By } from '../tenancy/audit.ts'
import type { Actor } from '../tenancy/can.ts'
import type { LabelView, PatchLabel } from './label-schema.ts'

/** A list that people choose from. */
const mostLabels = 100
const mostOnOne = 20

export async function listLabels(tx: Tx): Promise<LabelView[]> {
  const { rows } = await tx.query<LabelView>('SELECT id, name, colour FROM labels WHERE tenant_id = $1 ORDER BY lower(name)', [
    tx.tenantId,
  ])
  return rows
}

/** The business's row, so that two who add at once are counted one after the other. */
async function requireRoom(tx: Tx): Promise<void> {
  await tx.query('SELECT FROM tenants WHERE id = $1 FOR NO KEY UPDATE', [tx.tenantId])
  const { rows } = await tx.query<{ n: number }>('SELECT count(*) AS n FROM labels WHERE tenant_id = $1', [tx.tenantId])
  if ((rows[0]?.n ?? 0) >= mostLabels)
    throw new ParleyError('conflict', `There are ${mostLabels} labels already. Delete one that is not needed any more.`)
}

async function unlessTaken<T>(work: Promise<T>): Promise<T> {
  try {
    return await work
  } catch (error) {
    if ((error as { code?: string }).code !== '23505') throw error
    throw new ParleyError('conflict', 'There is a label of this name already.')
  }
}

const changed = (tx: Tx, actor: string) => appendEvent(tx, { type: 'label.updated', actor })

export async function addLabel(tx: Tx, by: By, given: { name: string; colour: string }): Promise<LabelView> {
  await requireRoom(tx)
  const { rows } = await unlessTaken(
    tx.query<LabelView>('INSERT INTO labels (tenant_id, name, colour) VALUES ($1, $2, $3) RETURNING id, name, colour', [
      tx.tenantId,
      given.name,
      given.colour,
    ]),
  )
  const label = rows[0] as LabelView
  await changed(tx, by.label)
  await audit(tx, by, { action: 'label.created', subject: { type: 'label', id: label.id }, changes: { ...given } })
  return label
}

export async function patchLabel(tx: Tx, by: By, id: string, given: PatchLabel): Promise<LabelView> {
  const { rows } = await unlessTaken(
    tx.query<LabelView & { was: { name: string; colour: string } }>(
      `UPDATE labels l SET name = coalesce($3, l.name), colour = coalesce($4, l.colour)
         FROM (SELECT name, colour FROM labels WHERE tenant_id = $1 AND id = $2 FOR NO KEY UPDATE) was
        WHERE l.tenant_id = $1 AND l.id = $2
       RETURNING l.id, l.name, l.colour, jsonb_build_object('name', was.name, 'colour', was.colour) AS was`,
      [tx.tenantId, id, given.name ?? null, given.colour ?? null],
    ),
  )
  const row = rows[0]
  if (!row) throw notFound('The label')
  const { was, ...label } = row
  await changed(tx, by.label)
  await audit(tx, by, {
    action: 'label.updated',
    subject: { type: 'label', id },
    changes: { ...(was.name === label.name ? { label: label.name } : {}), ...differences(was, label) },
  })
  return label
}

const differences = (was: { name: string; colour: string }, is: LabelView) =>
  Object.fromEntries(
    (['name', 'colour'] as const)
      .filter((field) => was[field] !== is[field])
      .map((field) => [field, { before: was[field], after: is[field] }]),
  )

/** Conversations lose it. */
export async function removeLabel(tx: Tx, by: By, id: string): Promise<void> {
  const { rows } = await tx.query<{ name: string }>('DELETE FROM labels WHERE tenant_id = $1 AND id = $2 RETURNING name', [
    tx.tenantId,
    id,
  ])
  if (!rows[0]) throw notFound('The label')
  await changed(tx, by.label)
  await audit(tx, by, { action: 'label.deleted', subject: { type: 'label', id }, changes: { name: rows[0].name } })
}

/** Asked again it changes nothing. */
export async function putLabel(tx: Tx, actor: Actor, conversationId: string, labelId: string): Promise<void> {
  await requireBoth(tx, conversationId, labelId)
  const { rows } = await tx.query<{ n: number }>(
    'SELECT count(*) AS n FROM conversation_labels WHERE tenant_id = $1 AND conversation_id = $2 AND label_id <> $3',
    [tx.tenantId, conversationId, labelId],
  )
  if ((rows[0]?.n ?? 0) >= mostOnOne)
    throw new ParleyError('conflict', `A conversation has ${mostOnOne} labels at most. Take one off first.`)
  const { rowCount } = await tx.query(
    'INSERT INTO conversation_labels (tenant_id, label_id, conversation_id) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING',
    [tx.tenantId, labelId, conversationId],
  )
  if (rowCount) await told(tx, actor, 'conversation.labelled', conversationId, labelId)
}

export async function takeLabel(tx: Tx, actor: Actor, conversationId: string, labelId: string): Promise<void> {
  await requireBoth(tx, conversationId, labelId)
  const { rowCount } = await tx.query(
    'DELETE FROM conversation_labels WHERE tenant_id = $1 AND label_id = $2 AND conversation_id = $3',
    [tx.tenantId, labelId, conversationId],
  )
  if (rowCount) await told(tx, actor, 'conversation.unlabelled', conversationId, labelId)
}

const told = (tx: Tx, actor: Actor, type: string, conversationId: string, labelId: string) =>
  appendEvent(tx, { type, actor: actor.label, conversationId, data: { labelId } })

/** The conversation is locked: of two who put a label each, one counts after the other. */
async function requireBoth(tx: Tx, conversationId: string, labelId: string): Promise<void> {
  const conversation = await tx.query('SELECT FROM conversations WHERE tenant_id = $1 AND id = $2 FOR NO KEY UPDATE', [
    tx.tenantId,
    conversationId,
  ])
  if (!conversation.rowCount) throw notFound('The conversation')
  const label = await tx.query('SELECT FROM labels WHERE tenant_id = $1 AND id = $2 FOR KEY SHARE', [tx.tenantId, labelId])
  if (!label.rowCount) throw notFound('The label')
}
