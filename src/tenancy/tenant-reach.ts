/** Whose business a request may be about: any, for those who run the server; their own, for its people and keys. */
import type { FastifyRequest } from 'fastify'
import { notFound, ParleyError } from '../kernel/errors.ts'
import { isUuid } from '../kernel/ids.ts'
import type { Database } from '../platform/db/tx.ts'
import { type By, byRequest } from './audit.ts'
import { actorOf } from './authenticate.ts'
import { canOperate } from './can.ts'
import { findTenantRow } from './tenant-lookup.ts'
import type { TenantRow } from './tenant-view.ts'

/** Whether an operator asks who may do what this route does. */
export function asOperator(request: FastifyRequest): boolean {
  const { platform } = request.routeOptions.config
  return platform !== undefined && request.operator !== null && canOperate(request.operator, platform)
}

export const actingBy = (request: FastifyRequest): By => byRequest(request, asOperator(request) ? 'operator' : 'actor')

/** The business with this id or public id. Another's is answered like one that is not there. */
export async function requireTenant(db: Database, request: FastifyRequest, idOrName: string): Promise<TenantRow> {
  const own = asOperator(request) ? null : actorOf(request).tenantId
  const row = own ? await findTenantRow(db, 'id', own) : await find(db, idOrName)
  if (!row || row.status === 'deleted' || (row.id !== idOrName.toLowerCase() && row.tenant_id !== idOrName))
    throw notFound('The business')
  return row
}
const find = (db: Database, idOrName: string) => findTenantRow(db, isUuid(idOrName) ? 'id' : 'public_id', idOrName)

/** Refuses fields that only operators may set. */
export function requireOwnFields(request: FastifyRequest, given: object, own: readonly string[]): void {
  if (asOperator(request)) return
  const others = Object.keys(given).filter((field) => !own.includes(field))
  if (others.length > 0)
    throw new ParleyError('forbidden', `Only those who run this server may change ${others.join(', ')}.`, { fields: others })
}
