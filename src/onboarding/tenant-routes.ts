/** Bringing a business onto its channels. Registered at /tenants/:id/… and at /api/tenants/:id/… */
import type { FastifyRequest } from 'fastify'
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { requireAccount } from '../conversations/accounts.ts'
import { inTenant } from '../platform/db/tx.ts'
import { actingBy, requireOwnFields, requireTenant } from '../tenancy/tenant-reach.ts'
import { tenantParams as params, tenantView as tenantShape } from '../tenancy/tenant-schema.ts'
import { tenantView } from '../tenancy/tenant-view.ts'
import { type OnboardingDeps, putMainNumber, webhookUrl } from './accounts.ts'
import { patchOnboarding, readinessOf } from './readiness.ts'
import * as schema from './schema.ts'
import { beginSignUp, completeSignUp } from './sign-up.ts'
import { mainNumber } from './store.ts'
import { accountView, whatsAppView } from './view.ts'

const tags = ['Onboarding']
/** Where the provider's API is says who runs the server: an address that a business chose could be anything behind it. */
const ownFields = Object.keys(schema.putWhatsApp.shape).filter((field) => field !== 'graphUrl')

export const onboardingTenantRoutes: FastifyPluginAsyncZod<{ deps: OnboardingDeps }> = async (server, { deps }) => {
  const { db } = deps
  const idOf = async (request: FastifyRequest<{ Params: { id: string } }>) =>
    (await requireTenant(db, request, request.params.id)).id
  const showNumber = (id: string) =>
    inTenant(db, id, async (tx) =>
      whatsAppView(tx, deps.secrets, await mainNumber(tx), (slug) => webhookUrl(deps, 'whatsapp-cloud', slug)),
    )

  server.get(
    '/tenants/:id/whatsapp',
    {
      config: { access: 'accounts.read', platform: 'tenants.read' },
      schema: {
        tags,
        summary: 'The WhatsApp number, its token masked; a business without one is answered `configured: false`',
        params,
        response: { 200: schema.whatsAppConfig },
      },
    },
    async (request) => showNumber(await idOf(request)),
  )
  server.put(
    '/tenants/:id/whatsapp',
    {
      config: { access: 'accounts.write', platform: 'tenants.credentials' },
      schema: {
        tags,
        summary: 'Set or change the WhatsApp number',
        params,
        body: schema.putWhatsApp,
        response: { 200: schema.whatsAppConfig },
      },
    },
    async (request) => {
      const id = await idOf(request)
      requireOwnFields(request, request.body, ownFields)
      await putMainNumber(deps, actingBy(request), id, request.body)
      return await showNumber(id)
    },
  )
  server.get(
    '/tenants/:id/readiness',
    {
      config: { access: 'business.read', platform: 'tenants.read' },
      schema: {
        tags,
        summary: 'What is missing before the business and its channels work, and how to get it',
        params,
        response: { 200: schema.readiness },
      },
    },
    async (request) => readinessOf(deps, await idOf(request)),
  )
  server.patch(
    '/tenants/:id/onboarding',
    {
      config: { access: 'business.write', platform: 'tenants.write' },
      schema: {
        tags,
        summary: 'Say how far setting it up has come',
        params,
        body: schema.patchOnboarding,
        response: { 200: tenantShape },
      },
    },
    async (request) => {
      await patchOnboarding(deps, actingBy(request), await idOf(request), request.body)
      return tenantView(await requireTenant(db, request, request.params.id))
    },
  )
  server.post(
    '/tenants/:id/whatsapp/sign-up',
    {
      config: { access: 'accounts.write', platform: 'tenants.credentials' },
      schema: {
        tags,
        summary: 'Begin signing up in the window of WhatsApp',
        params,
        response: { 201: schema.signUpBegun },
      },
    },
    async (request, reply) => reply.code(201).send(await beginSignUp(deps, actingBy(request), await idOf(request))),
  )
  server.post(
    '/tenants/:id/whatsapp/sign-up/complete',
    {
      config: { access: 'accounts.write', platform: 'tenants.credentials' },
      schema: {
        tags,
        summary: 'Complete it with the code that the window gave',
        params,
        body: schema.completeSignUp,
        response: { 200: schema.signUpDone },
      },
    },
    async (request) => {
      const id = await idOf(request)
      const made = await completeSignUp(deps, actingBy(request), id, request.body)
      return {
        accounts: await inTenant(db, id, async (tx) => {
          const shown = []
          for (const accountId of made) shown.push(accountView(await requireAccount(tx, accountId)))
          return shown
        }),
      }
    },
  )
}
