/** Our copy of a channel's approved templates: synchronised, checked before sending, shown in the composer. */
import { ParleyError } from '../kernel/errors.ts'
import type { Tx } from '../platform/db/tx.ts'
import type { Channel, SyncedTemplate } from '../ports/channel.ts'
import type { OutboundBody } from '../ports/message.ts'

export interface TemplateRow {
  id: string
  channel_account_id: string
  provider: string
  name: string
  language: string
  category: string
  status: string
  quality: string | null
  rejection_reason: string | null
  parameter_format: string
  components: unknown[]
}

export async function listTemplates(tx: Tx, accountId?: string): Promise<TemplateRow[]> {
  const { rows } = await tx.query<TemplateRow>(
    `SELECT t.id, t.channel_account_id, a.provider, t.name, t.language, t.category, t.status, t.quality, t.rejection_reason, t.parameter_format, t.components
       FROM templates t JOIN channel_accounts a ON a.tenant_id = t.tenant_id AND a.id = t.channel_account_id
      WHERE t.tenant_id = $1 AND ($2::uuid IS NULL OR t.channel_account_id = $2) ORDER BY t.name, t.language LIMIT 2000`,
    [tx.tenantId, accountId ?? null],
  )
  return rows
}

type TemplateBody = Extract<OutboundBody, { type: 'template' }>

/** Refuses before anything is sent: unknown, not approved, or a place left empty, named. Adds the text as the customer reads it. */
export async function prepareTemplate(
  channel: Channel,
  tx: Tx,
  accountId: string,
  body: TemplateBody,
): Promise<{ body: Record<string, unknown>; text: string }> {
  const { rows } = await tx.query<{
    status: string
    components: unknown[]
    parameter_format: string
    rejection_reason: string | null
  }>(
    'SELECT status, components, parameter_format, rejection_reason FROM templates WHERE tenant_id = $1 AND channel_account_id = $2 AND name = $3 AND language = $4',
    [tx.tenantId, accountId, body.name, body.language],
  )
  const template = rows[0]
  if (!template) {
    throw new ParleyError(
      'template_unknown',
      `There is no template ${body.name} in ${body.language} on this number. Synchronise the templates and choose one of the list.`,
    )
  }
  if (template.status !== 'approved') {
    const reason = template.rejection_reason ? ` (${template.rejection_reason})` : ''
    throw new ParleyError(
      'template_not_approved',
      `The template ${body.name} is ${template.status}${reason}. Only approved templates can be sent.`,
    )
  }
  if (!channel.templates) throw new ParleyError('unsupported_by_channel', 'This channel has no templates.')
  const problems = channel.templates.check(template.components, template.parameter_format, body.parameters)
  if (problems.length > 0) {
    throw new ParleyError(
      'template_parameters',
      `The template is not filled in: ${problems.map((problem) => problem.text).join(' ')}`,
      { problems },
    )
  }
  const rendered = channel.templates.render(template.components, template.parameter_format, body.parameters)
  return { body: { ...body, ...rendered }, text: [rendered.header, rendered.text].filter(Boolean).join('\n') }
}

/** The components as synchronised, for rendering what goes out. */
export async function findComponents(
  tx: Tx,
  accountId: string,
  name: string,
  language: string,
): Promise<{ components: unknown[]; parameterFormat: string } | null> {
  const { rows } = await tx.query<{ components: unknown[]; parameter_format: string }>(
    'SELECT components, parameter_format FROM templates WHERE tenant_id = $1 AND channel_account_id = $2 AND name = $3 AND language = $4',
    [tx.tenantId, accountId, name, language],
  )
  return rows[0] ? { components: rows[0].components, parameterFormat: rows[0].parameter_format } : null
}

/** Replaces our copy by what the provider has. A template it no longer has is marked deleted, not removed. */
export async function saveTemplates(tx: Tx, accountId: string, templates: readonly SyncedTemplate[]): Promise<void> {
  const values = templates.map((t) => ({
    external_id: t.externalId,
    name: t.name,
    language: t.language,
    category: t.category,
    status: t.status,
    quality: t.quality ?? null,
    rejection_reason: t.rejectionReason ?? null,
    parameter_format: t.parameterFormat,
    components: t.components,
  }))
  await tx.query(
    `INSERT INTO templates (tenant_id, channel_account_id, external_id, name, language, category, status, quality, rejection_reason, parameter_format, components, synced_at)
     SELECT $1, $2, x.external_id, x.name, x.language, x.category, x.status, x.quality, x.rejection_reason, x.parameter_format, x.components, now()
       FROM jsonb_to_recordset($3::jsonb) AS x(external_id text, name text, language text, category text, status text, quality text,
            rejection_reason text, parameter_format text, components jsonb)
     ON CONFLICT (tenant_id, channel_account_id, name, language) DO UPDATE SET external_id = excluded.external_id, category = excluded.category,
       status = excluded.status, quality = excluded.quality, rejection_reason = excluded.rejection_reason,
       parameter_format = excluded.parameter_format, components = excluded.components, synced_at = now()`,
    [tx.tenantId, accountId, JSON.stringify(values)],
  )
  await tx.query(
    `UPDATE templates SET status = 'deleted' WHERE tenant_id = $1 AND channel_account_id = $2 AND NOT (name, language) IN (SELECT * FROM unnest($3::text[], $4::text[]))`,
    [tx.tenantId, accountId, values.map((t) => t.name), values.map((t) => t.language)],
  )
  await tx.query(
    `INSERT INTO events (tenant_id, type, actor, data) VALUES ($1, 'template.updated', 'system', jsonb_build_object('accountId', $2::text, 'count', $3::int))`,
    [tx.tenantId, accountId, values.length],
  )
}
