/** What happened to a template: status, quality, category or content. The keys tell which; the field's name may be wrong. */

import { cut, type Json, string } from '../../kernel/read.ts'
import type { AccountEvent } from '../../ports/channel.ts'
import { accountEvent, type ChangeContext } from './parse-context.ts'

type Status = NonNullable<NonNullable<AccountEvent['template']>['status']>

/** Words that leave the template as usable as it was (FLAGGED, IN_APPEAL, LOCKED, LIMIT_EXCEEDED) are not here. */
const statuses = new Map<string, Status>([
  ['APPROVED', 'approved'],
  ['REINSTATED', 'approved'],
  ['UNARCHIVED', 'approved'],
  ['PENDING', 'pending'],
  ['REJECTED', 'rejected'],
  ['PAUSED', 'paused'],
  ['DISABLED', 'disabled'],
  ['ARCHIVED', 'disabled'],
  ['PENDING_DELETION', 'deleted'],
  ['DELETED', 'deleted'],
])

export const isTemplateUpdate = (field: string, value: Json): boolean =>
  field.startsWith('message_template_') || field === 'template_category_update' || 'message_template_id' in value

/** Always `template.updated`; `template` is missing where the update does not name one, and the raw value tells the rest. */
export function parseTemplateUpdate(ctx: ChangeContext): AccountEvent {
  return accountEvent(ctx, 'template.updated', ctx.value, { template: changed(ctx.value) })
}

function changed(value: Json): AccountEvent['template'] {
  const name = string(value.message_template_name)
  const language = string(value.message_template_language)
  if (name === undefined || language === undefined || name.length > 512 || language.length > 64) return undefined
  const template: NonNullable<AccountEvent['template']> = { name, language }
  const externalId = string(value.message_template_id)
  if (externalId !== undefined) template.externalId = externalId
  const status = statuses.get(string(value.event) ?? '')
  if (status !== undefined) {
    template.status = status
    template.reason = reasonOf(value)
  }
  const quality = string(value.new_quality_score)
  if (quality !== undefined) template.quality = cut(quality.toLowerCase(), 64)
  // In an announced change `new_category` is still the present one; in a done one it is the new one. Either way it holds now.
  const category = string(value.new_category) ?? string(value.message_template_category)
  if (category !== undefined) template.category = cut(category.toLowerCase(), 64)
  return template
}

function reasonOf(value: Json): string | null {
  const reason = string(value.reason)
  return reason === undefined || reason === 'NONE' ? null : cut(reason, 512)
}
