import Fastify from 'fastify'
import { expect, test } from 'vitest'
import type { Database } from '../platform/db/tx.ts'
import type { HttpServer } from '../platform/http.ts'
import { guardApi } from './authenticate.ts'
import type { RequestLimits } from './request-limits.ts'

function guarded(): HttpServer {
  const server = Fastify() as unknown as HttpServer
  // Nothing is asked: a route is refused while it is registered.
  guardApi(server, { db: {} as Database, limits: {} as RequestLimits, cookieName: 'c', publicUrl: () => 'http://127.0.0.1' })
  return server
}
const answer = async () => ''

test('a route that does not say who may use it cannot be registered', () => {
  expect(() => guarded().get('/bare', answer)).toThrow('does not say who may use it')
  expect(() => guarded().get('/said', { config: { access: 'contacts.read' } }, answer)).not.toThrow()
})
test('nor one for operators alone that does not say what they must be allowed to do', () => {
  expect(() => guarded().get('/bare', { config: { access: 'operator' } }, answer)).toThrow('what an operator must be allowed')
  expect(() => guarded().get('/said', { config: { access: 'operator', platform: 'tenants.read' } }, answer)).not.toThrow()
})
