import { RestError } from './rest-error.ts'
import type { Content, Json } from './types.ts'
import { iso, newSid, type World } from './world.ts'

export type ContentInput = {
  accountSid: string
  friendlyName: string
  language: string
  types: Record<string, Json>
  variables?: Record<string, string>
  sid?: string
  /** Where WhatsApp already has it. */
  approval?: Partial<Content['approval']>
}

export function addContent(world: World, input: ContentInput): Content {
  const content: Content = {
    sid: input.sid ?? newSid(world, 'HX'),
    accountSid: input.accountSid,
    friendlyName: input.friendlyName,
    language: input.language,
    variables: input.variables ?? {},
    types: input.types,
    approval: { status: 'unsubmitted', name: input.friendlyName, category: 'UTILITY', rejectionReason: '', ...input.approval },
    createdAt: world.clock.now(),
  }
  world.contents.set(content.sid, content)
  return content
}

/** The words as the customer reads them, variables filled in. */
export function renderContent(content: Content, given: string | null): string {
  let variables: Record<string, unknown>
  try {
    variables = { ...content.variables, ...(JSON.parse(given || '{}') as Record<string, unknown>) }
  } catch {
    throw new RestError(21656, 'The ContentVariables Parameter is invalid')
  }
  const words = Object.values(content.types)
    .map((type) => type.body ?? type.title)
    .find((one) => typeof one === 'string') as string | undefined
  return (words ?? '').replace(/\{\{\s*([\w]+)\s*\}\}/g, (_whole, name: string) => String(variables[name] ?? ''))
}

export function contentView(world: World, content: Content): Json {
  const url = `${world.mountUrl()}/v1/Content/${content.sid}`
  return {
    sid: content.sid,
    account_sid: content.accountSid,
    friendly_name: content.friendlyName,
    language: content.language,
    variables: content.variables,
    types: content.types,
    url,
    date_created: iso(content.createdAt),
    date_updated: iso(content.createdAt),
    links: { approval_create: `${url}/ApprovalRequests/whatsapp`, approval_fetch: `${url}/ApprovalRequests` },
  }
}

export const approvalView = ({ approval, types }: Content): Json => ({
  name: approval.name,
  category: approval.category,
  content_type: Object.keys(types)[0] ?? 'twilio/text',
  status: approval.status,
  rejection_reason: approval.rejectionReason,
  allow_category_change: true,
})
