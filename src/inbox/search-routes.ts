import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import type { z } from 'zod'
import { type Found, findMessages } from '../conversations/search/find.ts'
import type { Place } from '../conversations/search/found.ts'
import { ParleyError } from '../kernel/errors.ts'
import { isUuid } from '../kernel/ids.ts'
import { phrasesOf } from '../kernel/search-phrases.ts'
import { type Database, inTenant, type Tx } from '../platform/db/tx.ts'
import { actorOf } from '../tenancy/authenticate.ts'
import { type SearchHit, searchPage, searchQuery } from './search-schema.ts'
import { accountsOfChannel, conversationsOfContact, isSearchFilling } from './store.ts'

export const searchRoutes: FastifyPluginAsyncZod<{ db: Database }> = async (server, { db }) => {
  server.get(
    '/search',
    {
      config: { access: 'conversations.read' },
      schema: {
        tags: ['Messages'],
        summary: 'Search what was said, newest first',
        querystring: searchQuery,
        response: { 200: searchPage },
      },
    },
    async (request) => {
      const { query } = request
      return await inTenant(db, actorOf(request).tenantId, async (tx) => {
        const { found, next } = await findMessages(tx, {
          phrases: phrasesOf(query.q),
          ...(await scopeOf(tx, query)),
          before: readCursor(query.cursor),
          limit: query.limit,
        })
        return {
          items: found.map(hitView),
          next: next && cursorOf(next),
          searchedTo: next && new Date(next.at / 1000).toISOString(),
          filling: await isSearchFilling(tx),
        }
      })
    },
  )
}

async function scopeOf(tx: Tx, query: z.infer<typeof searchQuery>) {
  const { contactId, conversationId, accountId, channel } = query
  const ofContact = contactId ? await conversationsOfContact(tx, contactId) : undefined
  const ofChannel = channel ? await accountsOfChannel(tx, channel) : undefined
  const both = <T>(one: T | undefined, many: T[] | undefined) =>
    one && many ? many.filter((id) => id === one) : one ? [one] : many
  return {
    conversationIds: both(conversationId, ofContact),
    accountIds: both(accountId, ofChannel),
    from: query.from === undefined ? undefined : Date.parse(query.from) * 1000,
    to: query.to === undefined ? undefined : Date.parse(query.to) * 1000,
  }
}

const cursorOf = ({ at, id }: Place): string => Buffer.from(`${at} ${id}`).toString('base64url')

function readCursor(cursor: string | undefined): Place | undefined {
  if (!cursor) return undefined
  const [at = '', id = ''] = Buffer.from(cursor, 'base64url').toString('utf8').split(' ')
  if (!/^\d{1,16}$/.test(at) || !Number.isSafeInteger(Number(at)) || !isUuid(id))
    throw new ParleyError('malformed_cursor', 'The cursor is not one that this server gave.')
  return { at: Number(at), id }
}

const hitView = (row: Found): SearchHit => ({
  message: {
    id: row.id,
    conversationId: row.conversation_id,
    seq: row.seq,
    direction: row.direction,
    sender: row.sender,
    author: row.author_id ? { id: row.author_id, name: row.author_name ?? '…' } : null,
    type: row.type,
    occurredAt: row.occurred_at.toISOString(),
    createdAt: row.created_at.toISOString(),
  },
  contact: { id: row.contact_id, name: row.contact_name, phone: row.contact_phone },
  account: { id: row.account_id, name: row.account_name },
  channel: row.channel,
  conversationStatus: row.status,
  snippet: row.snippet,
})
