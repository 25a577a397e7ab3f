/** Leads over HTTP. */
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { type Database, inTenant, readTenant, type Tx } from '../platform/db/tx.ts'
import { actorOf } from '../tenancy/authenticate.ts'
import type { Actor } from '../tenancy/can.ts'
import { leadsCsv } from './csv.ts'
import * as schema from './schema.ts'
import { type LeadFilter, listLeads, requireLead, serviceArea, sumLeads } from './store.ts'
import { changeLead, joinLead, separateLead } from './verbs.ts'
import { areaOf, leadView, sumsView } from './view.ts'

const tags = ['Leads']
const params = z.object({ id: z.uuid() })
/** More than a spreadsheet is looked at with; narrow the filter for the rest. */
const mostExported = 20_000

export const leadRoutes: FastifyPluginAsyncZod<{ db: Database; changed: (tenantId: string) => void }> = async (
  server,
  { db, changed },
) => {
  const show = async (tx: Tx, id: string) => leadView(await requireLead(tx, id), areaOf(await serviceArea(tx)))
  const change = async (actor: Actor, id: string, work: (tx: Tx) => Promise<unknown>) => {
    const shown = await inTenant(db, actor.tenantId, async (tx) => {
      await work(tx)
      return await show(tx, id)
    })
    changed(actor.tenantId)
    return shown
  }

  server.get(
    '/leads',
    {
      config: { access: 'contacts.read' },
      schema: { tags, summary: 'List, newest first', querystring: schema.listLeads, response: { 200: schema.leadPage } },
    },
    (request) => {
      const actor = actorOf(request)
      return readTenant(db, actor.tenantId, async (tx) => {
        const { rows, next } = await listLeads(tx, { ...request.query, assignee: whose(actor, request.query.assignee) })
        const area = areaOf(await serviceArea(tx))
        return { items: rows.map((row) => leadView(row, area)), next }
      })
    },
  )
  server.get(
    '/leads/sums',
    {
      config: { access: 'contacts.read' },
      schema: {
        ...{ tags, summary: 'How many there are and what they are worth, by status' },
        querystring: schema.leadFilter.omit({ q: true }),
        response: { 200: schema.leadSums },
      },
    },
    (request) => {
      const actor = actorOf(request)
      const filter = { ...request.query, assignee: whose(actor, request.query.assignee) }
      return readTenant(db, actor.tenantId, async (tx) => sumsView(await sumLeads(tx, filter)))
    },
  )
  server.get(
    '/leads/export',
    {
      config: { access: 'contacts.read' },
      schema: { tags, summary: 'The same list as a file for a spreadsheet (CSV)', querystring: schema.leadFilter },
    },
    async (request, reply) => {
      const actor = actorOf(request)
      const filter = { ...request.query, assignee: whose(actor, request.query.assignee) }
      const text = await readTenant(db, actor.tenantId, async (tx) => {
        const area = areaOf(await serviceArea(tx))
        return leadsCsv((await allOf(tx, filter)).map((row) => leadView(row, area)))
      })
      return reply.type('text/csv; charset=utf-8').header('content-disposition', 'attachment; filename="leads.csv"').send(text)
    },
  )
  server.get(
    '/leads/:id',
    { config: { access: 'contacts.read' }, schema: { tags, summary: 'One', params, response: { 200: schema.leadView } } },
    (request) => readTenant(db, actorOf(request).tenantId, (tx) => show(tx, request.params.id)),
  )
  server.patch(
    '/leads/:id',
    {
      config: { access: 'contacts.write' },
      schema: {
        ...{ tags, summary: 'Status, value, urgency, notes, who has it and what is known' },
        ...{ params, body: schema.patchLead, response: { 200: schema.leadView } },
      },
    },
    (request) => {
      const actor = actorOf(request)
      const { id } = request.params
      return change(actor, id, (tx) => changeLead(tx, actor, id, request.body))
    },
  )
  server.post(
    '/leads/:id/join',
    {
      config: { access: 'contacts.write' },
      schema: {
        ...{ tags, summary: 'Make another lead of the same contact part of this one' },
        ...{ params, body: schema.joinLeads, response: { 200: schema.leadView } },
      },
    },
    (request) => {
      const actor = actorOf(request)
      const { id } = request.params
      return change(actor, id, (tx) => joinLead(tx, actor.label, id, request.body.leadId))
    },
  )
  server.post(
    '/leads/:id/separate',
    {
      config: { access: 'contacts.write' },
      schema: { tags, summary: 'Undo that it became part of another', params, response: { 200: schema.leadView } },
    },
    (request) => {
      const actor = actorOf(request)
      return change(actor, request.params.id, (tx) => separateLead(tx, actor.label, request.params.id))
    },
  )
}

const whose = (actor: Actor, assignee: string): LeadFilter['assignee'] => {
  if (assignee === 'me') return actor.userId ? { is: actor.userId } : 'none'
  return assignee === 'none' || assignee === 'any' ? assignee : { is: assignee }
}

async function allOf(tx: Tx, filter: Omit<LeadFilter, 'limit' | 'cursor'>) {
  const all = []
  let cursor: string | undefined
  do {
    const page = await listLeads(tx, { ...filter, limit: 1000, ...(cursor ? { cursor } : {}) })
    all.push(...page.rows)
    cursor = page.next ?? undefined
  } while (cursor && all.length < mostExported)
  return all.slice(0, mostExported)
}
