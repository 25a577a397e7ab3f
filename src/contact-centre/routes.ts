/** A business's contact centre over HTTP: how it is doing, its settings, and which numbers it answers. */
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { requireAccount } from '../conversations/accounts.ts'
import { appendEvent } from '../conversations/feed.ts'
import { notFound, ParleyError } from '../kernel/errors.ts'
import { inTenant, type Tx } from '../platform/db/tx.ts'
import { audit, byRequest } from '../tenancy/audit.ts'
import { actorOf } from '../tenancy/authenticate.ts'
import type { CentreDeps } from './deps.ts'
import * as schema from './schema.ts'
import { centreSettings } from './settings.ts'
import { findCentre, keepCheck, loadCentre } from './store.ts'

const tags = ['Contact centre']

export const centreRoutes: FastifyPluginAsyncZod<{ deps: CentreDeps }> = async (server, { deps }) => {
  const { db } = deps
  const show = (tx: Tx) => centreView(deps, tx)

  server.get(
    '/contact-centre',
    {
      config: { access: 'accounts.read' },
      schema: { tags, summary: 'The contact centre, and how it is doing', response: { 200: schema.centreView } },
    },
    (request) => inTenant(db, actorOf(request).tenantId, show),
  )
  server.patch(
    '/contact-centre',
    {
      config: { access: 'accounts.write' },
      schema: { tags, summary: 'Settings', body: schema.patchCentre, response: { 200: schema.centreView } },
    },
    async (request) => {
      const { tenantId } = actorOf(request)
      const view = await inTenant(db, tenantId, async (tx) => {
        const row = await requireCentre(tx)
        await tx.query('UPDATE contact_centres SET settings = settings || $3::jsonb WHERE tenant_id = $1 AND name = $2', [
          tenantId,
          row.name,
          JSON.stringify(request.body),
        ])
        await audit(tx, byRequest(request), {
          action: 'centre.changed',
          subject: { type: 'contact_centre', id: row.name },
          changes: { ...request.body },
        })
        return await show(tx)
      })
      deps.changed(tenantId)
      return view
    },
  )
  server.post(
    '/contact-centre/check',
    {
      config: { access: 'accounts.write' },
      schema: {
        ...{ tags, summary: 'Ask whether it works; one that was stopped and works again goes on' },
        response: { 200: schema.checkAnswer },
      },
    },
    async (request) => {
      const { tenantId } = actorOf(request)
      const loaded = await inTenant(db, tenantId, (tx) => loadCentre(tx, deps.secrets))
      const centre = loaded && deps.centres.get(loaded.row.name)
      if (!loaded || !centre) throw notFound('The contact centre')
      const found = await centre.check(loaded.connection, { signal: AbortSignal.timeout(20_000) })
      const asked = { name: loaded.row.name, connection: loaded.connection, secrets: deps.secrets }
      await inTenant(db, tenantId, (tx) => keepCheck(tx, asked, found))
      deps.changed(tenantId)
      return found
    },
  )
  server.put(
    '/accounts/:id/answerer',
    {
      config: { access: 'accounts.write' },
      schema: {
        ...{ tags: ['Accounts'], summary: 'Who has new conversations of an account' },
        ...{ params: z.object({ id: z.uuid() }), body: schema.answererBody },
        response: { 200: schema.answererBody },
      },
    },
    async (request) => {
      const { tenantId } = actorOf(request)
      const { answerer } = request.body
      await inTenant(db, tenantId, async (tx) => {
        const account = await requireAccount(tx, request.params.id)
        if (answerer === 'genesys') await requireCentre(tx)
        await tx.query('UPDATE channel_accounts SET answerer = $3 WHERE tenant_id = $1 AND id = $2', [
          tenantId,
          account.id,
          answerer,
        ])
        await audit(tx, byRequest(request), {
          action: 'account.answerer',
          subject: { type: 'account', id: account.id },
          changes: { answerer },
        })
        await appendEvent(tx, {
          ...{ type: 'account.updated', actor: actorOf(request).label },
          data: { accountId: account.id, answerer },
        })
      })
      deps.changed(tenantId)
      return { answerer }
    },
  )
}

async function requireCentre(tx: Tx) {
  const row = await findCentre(tx)
  if (!row)
    throw new ParleyError(
      'conflict',
      'This business has no contact centre yet. Enter its credentials first: PUT /tenants/:id/credentials/genesys.',
    )
  return row
}

const none: schema.CentreView = {
  ...{ name: 'genesys', configured: false, webhookUrl: null, state: 'logged_out', stateText: null, failingSince: null },
  ...{ waiting: 0, settings: centreSettings.parse({}), accounts: [] },
}

async function centreView(deps: CentreDeps, tx: Tx): Promise<schema.CentreView> {
  const row = await findCentre(tx)
  if (!row) return none
  const { rows } = await tx.query<{ configured: boolean; waiting: number; accounts: { id: string; name: string }[] | null }>(
    `SELECT EXISTS (SELECT FROM tenant_credentials WHERE tenant_id = $1 AND credential_type = $2 AND is_active) AS configured,
            (SELECT count(*)::int FROM conversation_lanes WHERE tenant_id = $1 AND kind = 'bridge' AND ready_at IS NOT NULL) AS waiting,
            (SELECT jsonb_agg(jsonb_build_object('id', id, 'name', name) ORDER BY name, id) FROM channel_accounts
              WHERE tenant_id = $1 AND answerer = $2 AND removed_at IS NULL) AS accounts`,
    [tx.tenantId, row.name],
  )
  return {
    name: row.name,
    configured: rows[0]?.configured ?? false,
    webhookUrl: `${deps.publicUrl()}/webhooks/${row.name}/${row.slug}`,
    state: row.state,
    stateText: row.state_text,
    failingSince: row.failing_since?.toISOString() ?? null,
    waiting: rows[0]?.waiting ?? 0,
    settings: row.settings,
    accounts: rows[0]?.accounts ?? [],
  }
}
