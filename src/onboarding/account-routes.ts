/** The channel wizard of the console: connecting a number of one's own business, what it still needs, trying it out. */
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { requireAccount } from '../conversations/accounts.ts'
import { ParleyError } from '../kernel/errors.ts'
import { inTenant } from '../platform/db/tx.ts'
import { byRequest } from '../tenancy/audit.ts'
import { actorOf } from '../tenancy/authenticate.ts'
import { changeAccount } from './account-settings.ts'
import { connectNumber, type OnboardingDeps, removeNumber, sendTest } from './accounts.ts'
import { accountSetup } from './readiness.ts'
import * as schema from './schema.ts'
import { changeTwilio, connectTwilio } from './twilio.ts'
import { accountView } from './view.ts'

const tags = ['Accounts']
const params = schema.accountParams

export const accountRoutes: FastifyPluginAsyncZod<{ deps: OnboardingDeps }> = async (server, { deps }) => {
  const { db } = deps
  server.post(
    '/accounts',
    {
      config: { access: 'accounts.write' },
      schema: { tags, summary: 'Connect a number', body: schema.createAccount, response: { 201: schema.createdAccount } },
    },
    async (request, reply) => {
      const { tenantId } = actorOf(request)
      const { body } = request
      const place = body.provider === 'whatsapp-cloud' ? body.graphUrl : body.apiUrl
      if (place !== undefined && !request.operator)
        throw new ParleyError('forbidden', 'Only those who run this server may choose where the provider is reached.')
      const by = byRequest(request)
      const { accountId, webhook } =
        body.provider === 'whatsapp-cloud'
          ? await connectNumber(deps, by, tenantId, body)
          : await connectTwilio(deps, by, tenantId, body)
      const row = await inTenant(db, tenantId, (tx) => requireAccount(tx, accountId))
      return reply.code(201).send({ ...accountView(row), webhook })
    },
  )
  server.put(
    '/accounts/:id',
    {
      config: { access: 'accounts.write' },
      schema: {
        tags,
        summary: 'Change what opens a number at Twilio',
        params,
        body: schema.putTwilioAccount,
        response: { 200: schema.accountView },
      },
    },
    async (request) => {
      const { tenantId } = actorOf(request)
      await changeTwilio(deps, byRequest(request), tenantId, request.params.id, request.body)
      return accountView(await inTenant(db, tenantId, (tx) => requireAccount(tx, request.params.id)))
    },
  )
  server.patch(
    '/accounts/:id',
    {
      config: { access: 'accounts.write' },
      schema: {
        tags,
        summary: 'Name, and where it stands with the carriers',
        params,
        body: schema.patchAccount,
        response: { 200: schema.accountView },
      },
    },
    async (request) => {
      const { tenantId } = actorOf(request)
      const row = await inTenant(db, tenantId, async (tx) => {
        await changeAccount(tx, byRequest(request), request.params.id, request.body)
        return await requireAccount(tx, request.params.id)
      })
      deps.changed(tenantId)
      return accountView(row)
    },
  )
  server.delete(
    '/accounts/:id',
    {
      config: { access: 'accounts.write' },
      schema: {
        tags,
        summary: 'Remove an account; its conversations stay and can be read',
        params,
        response: { 204: z.null() },
      },
    },
    async (request, reply) => {
      await removeNumber(deps, byRequest(request), actorOf(request).tenantId, request.params.id)
      return reply.code(204).send(null)
    },
  )
  server.get(
    '/accounts/:id/setup',
    {
      config: { access: 'accounts.read' },
      schema: { tags, summary: 'What it still needs, and how to get it', params, response: { 200: schema.accountSetup } },
    },
    (request) =>
      inTenant(db, actorOf(request).tenantId, async (tx) =>
        accountSetup(tx, deps, await requireAccount(tx, request.params.id)),
      ),
  )
  server.post(
    '/accounts/:id/test',
    {
      config: { access: 'accounts.write' },
      schema: {
        tags,
        summary: 'Send yourself a message',
        params,
        body: schema.testAccount,
        response: { 200: schema.testAnswer },
      },
    },
    (request) =>
      sendTest(deps, byRequest(request), actorOf(request).tenantId, { accountId: request.params.id, to: request.body.to }),
  )
}
