import { GraphError } from './graph-errors.ts'
import type { Json } from './types.ts'

const toCursor = (id: string) => Buffer.from(`cursor:${id}`).toString('base64url')

/** One page of `items` in Meta's form; `link` builds the address of the page after a cursor. Default 25 a page. */
export function page(
  items: Json[],
  query: { limit?: string; after?: string; before?: string },
  link: (after: string) => string,
): Json {
  const limit = Number(query.limit ?? 25)
  if (!Number.isInteger(limit) || limit < 1)
    throw new GraphError(100, { message: '(#100) Param limit must be a positive integer' })
  const start = query.after === undefined ? 0 : items.findIndex((item) => toCursor(String(item.id)) === query.after) + 1
  if (query.after !== undefined && start === 0) throw new GraphError(100, { message: '(#100) Invalid cursor' })
  const data = items.slice(start, start + limit)
  if (data.length === 0) return { data }
  const after = toCursor(String(data.at(-1)?.id))
  const more = start + limit < items.length
  return {
    data,
    paging: { cursors: { before: toCursor(String(data[0]?.id)), after }, ...(more ? { next: link(after) } : {}) },
  }
}
