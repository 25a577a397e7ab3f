import { notFound } from './api-error.ts'
import { createIntegration, integrationOf, integrationView, patchIntegration } from './integrations.ts'
import { asJson, type Call, param, query, type Route } from './requests.ts'
import type { Json } from './types.ts'

const integrations = '/api/v2/conversations/messaging/integrations/open'
const manage = 'messaging:integration:edit'

function listIntegrations({ world, request }: Call): Json {
  const pageSize = Math.min(Number(query(request, 'pageSize') ?? 25), 100)
  const pageNumber = Number(query(request, 'pageNumber') ?? 1)
  const all = [...world.integrations.values()]
  const entities = all.slice((pageNumber - 1) * pageSize, pageNumber * pageSize).map((each) => integrationView(world, each))
  return { entities, pageSize, pageNumber, total: all.length, pageCount: Math.ceil(all.length / pageSize) }
}

function attachFlow({ world, request }: Call): Json {
  const id = param(request, 'recipientId')
  const integration = [...world.integrations.values()].find(({ recipientId }) => recipientId === id)
  if (!integration) throw notFound('recipient', id)
  const flow = asJson(asJson(request.body).flow)
  integration.flowId = typeof flow.id === 'string' ? flow.id : undefined
  return {
    id,
    name: integration.name,
    messengerType: 'open',
    ...(integration.flowId ? { flow: { id: integration.flowId } } : {}),
  }
}

export const integrationRoutes: Route[] = [
  {
    method: 'PUT',
    path: '/api/v2/routing/message/recipients/:recipientId',
    operation: 'integration',
    permission: 'routing:message:manage',
    handle: attachFlow,
  },
  {
    method: 'GET',
    path: integrations,
    operation: 'integration',
    permission: 'messaging:integration:view',
    handle: listIntegrations,
  },
  {
    method: 'POST',
    path: integrations,
    operation: 'integration',
    permission: 'messaging:integration:add',
    handle: ({ world, request }) => integrationView(world, createIntegration(world, asJson(request.body))),
  },
  {
    method: 'GET',
    path: `${integrations}/:integrationId`,
    operation: 'integration',
    permission: 'messaging:integration:view',
    handle: ({ world, request }) => integrationView(world, integrationOf(world, param(request, 'integrationId'))),
  },
  {
    method: 'PATCH',
    path: `${integrations}/:integrationId`,
    operation: 'integration',
    permission: manage,
    handle: ({ world, request }) =>
      integrationView(world, patchIntegration(world, param(request, 'integrationId'), asJson(request.body))),
  },
  {
    method: 'DELETE',
    path: `${integrations}/:integrationId`,
    operation: 'integration',
    permission: 'messaging:integration:delete',
    handle: ({ world, request }) => {
      world.integrations.delete(integrationOf(world, param(request, 'integrationId')).id)
      return undefined
    },
  },
]
