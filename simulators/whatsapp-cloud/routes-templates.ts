import type { FastifyInstance, FastifyRequest } from 'fastify'
import { spendManagementCall } from './limits.ts'
import { authenticate, requireWaba } from './numbers.ts'
import { page } from './paging.ts'
import { checkVersion, pickFields, withFaults } from './requests.ts'
import {
  createTemplate,
  deleteTemplates,
  listTemplates,
  requireTemplate,
  setTemplateStatus,
  type TemplateQuery,
  templateView,
} from './templates.ts'
import type { World } from './world.ts'

type Params = { version: string; id: string }
type Query = TemplateQuery & { fields?: string; limit?: string; after?: string; hsm_id?: string }

/** The account a management call is about; counts against its hourly limit. */
export function wabaOfRequest(world: World, request: FastifyRequest, method: 'get' | 'post' | 'delete') {
  const { version, id } = request.params as Params
  checkVersion(version)
  const waba = requireWaba(world, authenticate(world, request.headers.authorization), id, method)
  spendManagementCall(world, waba.id)
  return waba
}

/** Address of the next page: the same request with another cursor. */
export function nextLink(world: World, request: FastifyRequest, after: string): string {
  const { version, id } = request.params as Params
  const [path = '', query = ''] = request.url.split('?')
  const params = new URLSearchParams(query)
  params.set('after', after)
  return `${world.mountUrl()}/graph/${version}/${id}/${path.split('/').at(-1)}?${params}`
}

export function templateRoutes(app: FastifyInstance, world: World): void {
  const path = '/graph/:version/:id/message_templates'
  app.get(
    path,
    withFaults(world, (request) => {
      const waba = wabaOfRequest(world, request, 'get')
      const query = request.query as Query
      const found = listTemplates(world, waba.id, query).map((template) => pickFields(templateView(template), query.fields))
      return page(found, query, (after) => nextLink(world, request, after))
    }),
  )
  app.post(
    path,
    withFaults(world, (request) => createTemplate(world, wabaOfRequest(world, request, 'post').id, request.body)),
  )
  app.delete(
    path,
    withFaults(world, (request) => deleteTemplates(world, wabaOfRequest(world, request, 'delete').id, request.query as Query)),
  )
  app.post(
    '/graph/:version/:id/unpause',
    withFaults(world, (request) => {
      const { version, id } = request.params as Params
      checkVersion(version)
      const template = requireTemplate(world, authenticate(world, request.headers.authorization), id, 'post')
      if (template.status !== 'PAUSED') return { success: false, reason: 'The template is not paused' }
      setTemplateStatus(world, template.id, { status: 'APPROVED', event: 'REINSTATED' })
      return { success: true }
    }),
  )
}
