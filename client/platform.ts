/** For those who run the server: its businesses, who else runs it, and the keys of the platform. */
import { type Connection, request } from './http.ts'
import type * as T from './types.ts'

type Signal = { signal?: AbortSignal }
const at = (id: string) => encodeURIComponent(id)

export function platform(c: Connection) {
  const path = (id: string, tail = '') => `/api/tenants/${at(id)}${tail}`
  return {
    tenants: {
      list: (query: T.ListTenants = {}, o: Signal = {}) =>
        request<T.TenantPage>(c, '/api/tenants', { query: { ...query }, ...o }),
      /** By id or public id. */
      get: (id: string, o: Signal = {}) => request<T.TenantDetail>(c, path(id), o),
      create: (json: T.CreateTenant) => request<T.CreatedTenant>(c, '/api/tenants', { method: 'POST', json }),
      update: (id: string, json: T.PatchTenant) => request<T.TenantDetail>(c, path(id), { method: 'PATCH', json }),
      remove: (id: string) => request<void>(c, path(id), { method: 'DELETE' }),
      readiness: (id: string, o: Signal = {}) => request<T.Readiness>(c, path(id, '/readiness'), o),
    },
    platform: {
      upkeep: (o: Signal = {}) => request<T.Upkeep>(c, '/api/platform/upkeep', o),
      keys: {
        list: (o: Signal = {}) => request<{ items: T.PlatformKey[] }>(c, '/api/platform/keys', o),
        create: (json: T.CreatePlatformKey) => request<T.CreatedPlatformKey>(c, '/api/platform/keys', { method: 'POST', json }),
        revoke: (id: string) => request<void>(c, `/api/platform/keys/${at(id)}`, { method: 'DELETE' }),
      },
      operators: {
        list: (o: Signal = {}) => request<{ items: T.Operator[] }>(c, '/api/platform/operators', o),
        add: (email: string) => request<T.Operator>(c, '/api/platform/operators', { method: 'POST', json: { email } }),
        remove: (userId: string) => request<void>(c, `/api/platform/operators/${at(userId)}`, { method: 'DELETE' }),
      },
    },
  }
}
