/** How pieces of text stand in the index: behind a tag of their business, so that one index serves all. */
import { createHash } from 'node:crypto'
import type { Wanted } from '../../kernel/search-phrases.ts'

/** 36 bits of a hash. Two businesses may share them: then a question reads postings of both, and answers its own only. */
const shortHash = (value: string): string => createHash('sha256').update(value).digest('base64url').slice(0, 6)

const tenantTags = new Map<string, string>()
/** Businesses whose tag is remembered. */
const mostTags = 10_000

export function tenantTag(tenantId: string): string {
  const known = tenantTags.get(tenantId)
  if (known) return known
  if (tenantTags.size >= mostTags) tenantTags.clear()
  const tag = shortHash(tenantId)
  tenantTags.set(tenantId, tag)
  return tag
}

export const bucketTag = (tenantId: string, bucket: number): string => `${tenantTag(tenantId)}${bucket.toString(36)}:`

/** Pieces that say where a message belongs; no word begins like them. */
export const conversationPiece = (id: string): string => `@${shortHash(id)}`
export const accountPiece = (id: string): string => `#${shortHash(id)}`

/** Between tokens on their way to the database; stands in none. */
export const separator = '\u001f'
export const joinTokens = (tag: string, pieces: readonly string[]): string =>
  pieces.map((piece) => `${tag}${piece}`).join(separator)

/** One operand of a tsquery. */
const operand = (tag: string, { piece, prefix }: Wanted): string =>
  `'${`${tag}${piece}`.replace(/['\\]/g, '$&$&')}'${prefix ? ':*' : ''}`

/** All that is wanted, behind one tag. */
export const allOf = (tag: string, wanted: readonly Wanted[]): string =>
  wanted.length === 1 ? operand(tag, wanted[0] as Wanted) : `(${wanted.map((one) => operand(tag, one)).join('&')})`

/** SQL of a time given in microseconds since 1970, exactly. */
export const timeOf = (microseconds: string): string => `(timestamptz 'epoch' + ${microseconds} * interval '1 microsecond')`
/** And of the way back. */
export const microsOf = (time: string): string => `(extract(epoch FROM ${time}) * 1000000)::bigint`
