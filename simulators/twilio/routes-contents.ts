import { addContent, approvalView, contentView } from './contents.ts'
import { type Call, pageV1, param, type Route } from './requests.ts'
import { notFound, RestError } from './rest-error.ts'
import type { Content, Json } from './types.ts'

function requireContent({ world, request, account }: Call): Content {
  const content = world.contents.get(param(request, 'content'))
  if (!content || content.accountSid !== account.sid) throw notFound(request.url)
  return content
}

/** This part of the API speaks JSON in both directions. */
const json = ({ request }: Call): Json => (request.body ?? {}) as Json
const mine = (call: Call): Content[] => [...call.world.contents.values()].filter((one) => one.accountSid === call.account.sid)

export const contentRoutes: Route[] = [
  {
    method: 'POST',
    path: '/v1/Content',
    status: 201,
    handle(call) {
      const { friendly_name, language, types, variables } = json(call)
      if (typeof language !== 'string' || typeof types !== 'object' || types === null)
        throw new RestError(20001, 'language and types are required')
      const input = { accountSid: call.account.sid, language, types: types as Record<string, Json> }
      const more = { friendlyName: String(friendly_name ?? ''), variables: (variables ?? {}) as Record<string, string> }
      return contentView(call.world, addContent(call.world, { ...input, ...more }))
    },
  },
  {
    method: 'GET',
    path: '/v1/Content',
    handle: (call) => pageV1(call, 'contents', mine(call), (one) => contentView(call.world, one)),
  },
  {
    method: 'GET',
    path: '/v1/ContentAndApprovals',
    handle: (call) =>
      pageV1(call, 'contents', mine(call), (one) => ({
        ...contentView(call.world, one),
        approval_requests: approvalView(one),
      })),
  },
  { method: 'GET', path: '/v1/Content/:content', handle: (call) => contentView(call.world, requireContent(call)) },
  {
    method: 'DELETE',
    path: '/v1/Content/:content',
    handle: (call) => void call.world.contents.delete(requireContent(call).sid),
  },
  {
    method: 'POST',
    path: '/v1/Content/:content/ApprovalRequests/whatsapp',
    status: 201,
    handle(call) {
      const content = requireContent(call)
      const { name, category } = json(call)
      Object.assign(content.approval, { status: 'received', name: String(name), category: String(category) })
      return approvalView(content)
    },
  },
  {
    method: 'GET',
    path: '/v1/Content/:content/ApprovalRequests',
    handle(call) {
      const content = requireContent(call)
      return { sid: content.sid, account_sid: content.accountSid, whatsapp: approvalView(content), url: call.request.url }
    },
  },
]
