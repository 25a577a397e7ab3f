/** Businesses over HTTP: making, finding, changing, their credentials. Registered at /tenants and at /api/tenants. */
import type { FastifyRequest } from 'fastify'
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { notFound, ParleyError } from '../kernel/errors.ts'
import { isUuid } from '../kernel/ids.ts'
import { inTenant, type Tx } from '../platform/db/tx.ts'
import type { By } from './audit.ts'
import { actorOf } from './authenticate.ts'
import { type CredentialDeps, listCredentials, putCredentials, removeCredentials } from './tenant-credentials.ts'
import { businessOfGenesys, createBusiness, deleteBusiness, patchBusiness, restoreBusiness } from './tenant-life.ts'
import type { LookupBy, TenantLookup } from './tenant-lookup.ts'
import { actingBy, asOperator, requireOwnFields, requireTenant } from './tenant-reach.ts'
import * as schema from './tenant-schema.ts'
import { type TenantRow, tenantView } from './tenant-view.ts'
import { numberLimit } from './tenants.ts'

export interface TenantRouteDeps extends CredentialDeps {
  lookup: TenantLookup
  /** Invites the first owner of a new business; in its transaction. */
  inviteOwner: (tx: Tx, by: By, email: string) => Promise<{ url: string }>
}

const tags = ['Businesses']
const params = schema.tenantParams
const nothing = z.null()

export const tenantRoutes: FastifyPluginAsyncZod<{ deps: TenantRouteDeps }> = async (server, { deps }) => {
  const { db, lookup } = deps

  server.post(
    '/tenants',
    {
      config: { access: 'operator', platform: 'tenants.write' },
      schema: { tags, summary: 'Make a business', body: schema.createTenant, response: { 201: schema.createdTenant } },
    },
    async (request, reply) => {
      const by = actingBy(request)
      const { owner } = request.body
      let ownerInvitation: { email: string; url: string } | null = null
      const { row, apiKey } = await createBusiness(deps, by, request.body, async (tx) => {
        if (owner && deps.inviteOwner)
          ownerInvitation = { email: owner.email, ...(await deps.inviteOwner(tx, by, owner.email)) }
      })
      return reply.code(201).send({ ...tenantView(row), apiKey, ownerInvitation })
    },
  )
  server.get(
    '/tenants',
    {
      config: { access: 'business.read', platform: 'tenants.read' },
      schema: {
        tags,
        summary: 'List, newest first; for somebody of a business, that business alone',
        querystring: schema.listTenantsQuery,
        response: { 200: schema.tenantPage },
      },
    },
    async (request) => {
      if (!asOperator(request)) {
        const own = await requireTenant(db, request, actorOf(request).tenantId)
        return { items: [tenantView(own)], next: null, total: 1 }
      }
      const { status, email, domain, q, cursor, limit } = request.query
      if (cursor !== undefined && !isUuid(cursor)) throw new ParleyError('malformed_cursor', 'This cursor is not one of ours.')
      const filter = [status ?? null, email ?? null, domain ?? null, q?.replace(/[\\%_]/g, '\\$&') ?? null]
      const { rows } = await db.pool.query<TenantRow>('SELECT * FROM parley.list_tenants($1, $2, $3, $4, $5, $6)', [
        ...filter,
        cursor ?? null,
        limit + 1,
      ])
      const { rows: counted } = await db.pool.query<{ total: number }>(
        'SELECT parley.count_tenants($1, $2, $3, $4) AS total',
        filter,
      )
      const page = rows.slice(0, limit)
      return {
        items: page.map(tenantView),
        next: rows.length > limit ? (page.at(-1)?.id ?? null) : null,
        total: counted[0]?.total ?? 0,
      }
    },
  )

  const detail = async (row: TenantRow) => ({
    ...tenantView(row),
    phoneNumberLimit: await inTenant(db, row.id, numberLimit),
  })
  const found = async (request: FastifyRequest, by: LookupBy, value: string) => {
    const tenant = await lookup.find(by, value)
    if (!tenant || !(asOperator(request) || tenant.id === actorOf(request).tenantId)) throw notFound('The business')
    return tenant
  }
  const lookups = [
    ['by-phone', 'phoneNumberId', 'phone', 'a WhatsApp number, by its phone number id'],
    ['by-integration', 'integrationId', 'integration', 'an integration of the contact centre'],
    ['by-genesys-org', 'orgId', 'genesys_org', 'an organisation of the contact centre'],
    ['by-subdomain', 'subdomain', 'subdomain', 'a subdomain'],
  ] as const
  for (const [path, param, by, whose] of lookups) {
    server.get(
      `/tenants/${path}/:${param}`,
      {
        config: { access: 'business.read', platform: 'tenants.read' },
        schema: {
          tags,
          summary: `The business of ${whose}`,
          params: z.object({ [param]: z.string().min(1).max(200) }),
          response: { 200: schema.tenantView },
        },
      },
      (request) => found(request, by, (request.params as Record<string, string>)[param] as string),
    )
  }
  server.post(
    '/tenants/from-genesys',
    {
      config: { access: 'operator', platform: 'tenants.write' },
      schema: {
        tags,
        summary: 'The business of an organisation of the contact centre; made where there is none',
        body: schema.fromGenesys,
        response: { 200: schema.fromGenesysAnswer, 201: schema.fromGenesysAnswer },
      },
    },
    async (request, reply) => {
      const { row, created } = await businessOfGenesys(deps, actingBy(request), request.body)
      return reply.code(created ? 201 : 200).send({ tenant: tenantView(row), created })
    },
  )

  server.get(
    '/tenants/:id',
    {
      config: { access: 'business.read', platform: 'tenants.read' },
      schema: { tags, summary: 'One', params, response: { 200: schema.tenantDetail } },
    },
    async (request) => detail(await requireTenant(db, request, request.params.id)),
  )
  server.patch(
    '/tenants/:id',
    {
      config: { access: 'business.write', platform: 'tenants.write' },
      schema: { tags, summary: 'Change', params, body: schema.patchTenant, response: { 200: schema.tenantDetail } },
    },
    async (request) => {
      const { id } = await requireTenant(db, request, request.params.id)
      requireOwnFields(request, request.body, schema.ownFields)
      return await detail(await patchBusiness(deps, actingBy(request), id, request.body))
    },
  )
  server.delete(
    '/tenants/:id',
    {
      config: { access: 'business.delete', platform: 'tenants.delete' },
      schema: {
        tags,
        summary: 'Delete: gone at once for everybody; an operator may restore it until it is purged',
        params,
        response: { 204: nothing },
      },
    },
    async (request, reply) => {
      const { id } = await requireTenant(db, request, request.params.id)
      await deleteBusiness(deps, actingBy(request), id)
      return reply.code(204).send(null)
    },
  )
  server.post(
    '/tenants/:id/restore',
    {
      config: { access: 'operator', platform: 'tenants.delete' },
      schema: {
        tags,
        summary: 'Bring a deleted business back, while its ids are still free',
        params: z.object({ id: z.uuid() }),
        response: { 200: schema.tenantView },
      },
    },
    async (request) => tenantView(await restoreBusiness(deps, actingBy(request), request.params.id)),
  )

  server.get(
    '/tenants/:id/credentials',
    {
      config: { access: 'credentials.manage', platform: 'tenants.credentials' },
      schema: { tags, summary: 'Stored credentials, masked', params, response: { 200: schema.credentialList } },
    },
    async (request) => {
      const { id } = await requireTenant(db, request, request.params.id)
      return { items: await inTenant(db, id, (tx) => listCredentials(tx, deps.secrets)) }
    },
  )
  server.put(
    '/tenants/:id/credentials/:type',
    {
      config: { access: 'credentials.manage', platform: 'tenants.credentials' },
      schema: {
        tags,
        summary: 'Set or rotate credentials',
        params: schema.credentialParams,
        body: schema.putCredentials,
        response: { 200: schema.credentialList },
      },
    },
    async (request) => {
      const { id } = await requireTenant(db, request, request.params.id)
      await putCredentials(deps, actingBy(request), id, { type: request.params.type, ...request.body })
      return { items: await inTenant(db, id, (tx) => listCredentials(tx, deps.secrets)) }
    },
  )
  server.delete(
    '/tenants/:id/credentials/:type',
    {
      config: { access: 'credentials.manage', platform: 'tenants.credentials' },
      schema: { tags, summary: 'Remove credentials', params: schema.credentialParams, response: { 204: nothing } },
    },
    async (request, reply) => {
      const { id } = await requireTenant(db, request, request.params.id)
      await removeCredentials(deps, actingBy(request), id, request.params.type)
      return reply.code(204).send(null)
    },
  )
}
