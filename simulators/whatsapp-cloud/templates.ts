import { GraphError, objectNotFound } from './graph-errors.ts'
import { visibleWaba } from './numbers.ts'
import { findTemplate } from './template-check.ts'
import { parseTemplate, parseTemplateEdit, type TemplateInput } from './template-schema.ts'
import type { Json, Template, TemplateStatus } from './types.ts'
import { emitChange } from './webhooks.ts'
import { dayMs, type World } from './world.ts'

const nameBlockedMs = 30 * dayMs

type TemplateSeed = TemplateInput & { status?: TemplateStatus }

/** Puts a template there without review; APPROVED unless said otherwise. */
export function addTemplate(world: World, wabaId: string, seed: TemplateSeed): Template {
  const { name, language, category, parameter_format, components } = parseTemplate(seed)
  const template: Template = {
    // 17 digits: above 2^53, so that a client that parses ids as numbers is found out.
    id: world.random.ids.digits(17),
    wabaId,
    name,
    language,
    category,
    parameterFormat: parameter_format ?? 'POSITIONAL',
    status: seed.status ?? 'APPROVED',
    rejectedReason: 'NONE',
    qualityScore: 'UNKNOWN',
    components,
    edits: [],
  }
  world.templates.set(template.id, template)
  return template
}

function review(world: World, template: Template): void {
  if (world.settings.templateReview === 'manual') return
  world.agenda.in(world.random.latency.between(world.settings.latency.templateReview), () => {
    if (template.status === 'PENDING') setTemplateStatus(world, template.id, { status: 'APPROVED' })
  })
}

/** `POST /{waba}/message_templates`. Throws 100 with Meta's subcodes for a taken or blocked name. */
export function createTemplate(world: World, wabaId: string, input: unknown): Json {
  const parsed = parseTemplate(input)
  if ((world.deletedNames.get(`${wabaId}:${parsed.name}`) ?? 0) > world.clock.now()) {
    throw new GraphError(100, {
      subcode: 2388023,
      details: 'Message template language is being deleted: the name is blocked for 30 days',
    })
  }
  if (findTemplate(world, wabaId, parsed.name, parsed.language)) {
    throw new GraphError(100, { subcode: 2388024, details: 'Content in this language already exists' })
  }
  const template = addTemplate(world, wabaId, { ...parsed, status: 'PENDING' })
  review(world, template)
  return { id: template.id, status: template.status, category: template.category }
}

/** Throws 100/33 when the token cannot see it. */
export function requireTemplate(world: World, token: string, id: string, method: 'get' | 'post'): Template {
  const template = world.templates.get(id)
  if (!template || !visibleWaba(world, token, template.wabaId)) throw objectNotFound(id, method)
  return template
}

// An approved template: once per 24 h and ten times per 30 days; its category is fixed.
function checkEdit(world: World, template: Template, category: string | undefined): void {
  const now = world.clock.now()
  if (!['APPROVED', 'REJECTED', 'PAUSED'].includes(template.status)) {
    throw new GraphError(100, { subcode: 2388003, details: `A template in status ${template.status} cannot be edited` })
  }
  if (template.status !== 'APPROVED') return
  if (category !== undefined && category !== template.category)
    throw new GraphError(100, { details: 'The category of an approved template is fixed' })
  const month = template.edits.filter((at) => at > now - 30 * dayMs)
  if (month.some((at) => at > now - dayMs) || month.length >= 10) {
    throw new GraphError(100, {
      subcode: 2388025,
      details: 'An approved template can be edited once in 24 hours and ten times in 30 days',
    })
  }
  template.edits = [...month, now]
}

/** `POST /{template}`: goes back into review. */
export function editTemplate(world: World, template: Template, input: unknown): Json {
  const change = parseTemplateEdit(input)
  checkEdit(world, template, change.category)
  if (change.components) template.components = change.components
  if (change.category) template.category = change.category
  template.status = 'PENDING'
  review(world, template)
  return { success: true }
}

/** `DELETE /{waba}/message_templates`: by name all languages, with `hsm_id` only that one. */
export function deleteTemplates(world: World, wabaId: string, query: { name?: string; hsm_id?: string }): Json {
  if (!query.name) throw new GraphError(100, { message: '(#100) The parameter name is required.' })
  const found = [...world.templates.values()].filter(
    (template) => template.wabaId === wabaId && template.name === query.name && (!query.hsm_id || template.id === query.hsm_id),
  )
  if (found.length === 0) throw new GraphError(100, { subcode: 2593002, details: 'Message template was not found' })
  for (const template of found) {
    world.templates.delete(template.id)
    if (template.status === 'APPROVED') world.deletedNames.set(`${wabaId}:${template.name}`, world.clock.now() + nameBlockedMs)
  }
  return { success: true }
}

export function templateView(template: Template): Json {
  return {
    id: template.id,
    name: template.name,
    language: template.language,
    status: template.status,
    category: template.category,
    parameter_format: template.parameterFormat,
    rejected_reason: template.rejectedReason,
    quality_score: { score: template.qualityScore },
    components: template.components,
  }
}

// Ids are numbers in webhooks though strings in the API.
function webhookIds(template: Template): Json {
  return {
    message_template_id: BigInt(template.id),
    message_template_name: template.name,
    message_template_language: template.language,
  }
}

export type TemplateStatusChange = { status: TemplateStatus; reason?: string; event?: string; extra?: Json }

/** Meta changes a template's status and tells. `event` when the word told differs from the status (REINSTATED, FLAGGED, …). */
export function setTemplateStatus(world: World, templateId: string, change: TemplateStatusChange): Template {
  const template = world.templates.get(templateId)
  if (!template) throw new Error(`The simulator has no template ${templateId}.`)
  template.status = change.status
  template.rejectedReason = change.status === 'REJECTED' ? (change.reason ?? 'INCORRECT_CATEGORY') : 'NONE'
  emitChange(world, {
    wabaId: template.wabaId,
    field: 'message_template_status_update',
    value: {
      event: change.event ?? change.status,
      ...webhookIds(template),
      reason: change.reason ?? template.rejectedReason,
      message_template_category: template.category,
      ...change.extra,
    },
  })
  return template
}

export function setTemplateQuality(world: World, templateId: string, score: 'GREEN' | 'YELLOW' | 'RED' | 'UNKNOWN'): Template {
  const template = world.templates.get(templateId)
  if (!template) throw new Error(`The simulator has no template ${templateId}.`)
  const previous = template.qualityScore
  template.qualityScore = score
  emitChange(world, {
    wabaId: template.wabaId,
    field: 'message_template_quality_update',
    value: { previous_quality_score: previous, new_quality_score: score, ...webhookIds(template) },
  })
  return template
}

export type TemplateQuery = { name?: string; status?: string; language?: string; category?: string }

export function listTemplates(world: World, wabaId: string, query: TemplateQuery): Template[] {
  return [...world.templates.values()].filter(
    (template) =>
      template.wabaId === wabaId &&
      (!query.name || template.name.includes(query.name)) &&
      (!query.status || template.status === query.status) &&
      (!query.language || template.language === query.language) &&
      (!query.category || template.category === query.category),
  )
}
