/** Reading what the contact centre answers. No text that leaves here holds a secret. */
import { createHash } from 'node:crypto'
import { readJson } from '../../kernel/json.ts'
import { type Json, member, record, string } from '../../kernel/read.ts'
import type { Connection } from './config.ts'

export const MAX_ANSWER_BYTES = 4 * 1024 * 1024

/** undefined: neither empty nor an object. */
export function bodyOf(bytes: Buffer): Json | undefined {
  if (bytes.length === 0) return {}
  const json = readJson(bytes)
  return json.ok ? record(json.value) : undefined
}

/** The same for as long as the same client asks at the same place. Says nothing of the secret. */
export const clientKey = ({ login, clientId, clientSecret }: Connection): string =>
  createHash('sha256')
    .update(JSON.stringify([login, clientId, clientSecret]))
    .digest('base64')

export const basic = ({ clientId, clientSecret }: Connection): string =>
  Buffer.from(`${clientId}:${clientSecret}`).toString('base64')

/** Errors may quote what they were given. */
export function withoutSecrets(text: string, connection: Connection, token?: string): string {
  const secrets = [basic(connection), connection.clientSecret, ...(token ? [token] : [])]
  return secrets.reduce((words, secret) => words.replaceAll(secret, '[hidden]'), text)
}

/** The error's code and words: `{message, code, …}` of the API, `{error, description}` of the sign-in. */
export function wordsOf(body: Json | undefined, connection: Connection, token?: string): { code?: string; detail?: string } {
  const hidden = (text: string | undefined) => (text === undefined ? undefined : withoutSecrets(text, connection, token))
  const code = hidden(string(body?.code) ?? string(body?.error))
  const detail = hidden(string(body?.message) ?? string(body?.description) ?? string(body?.error_description))
  return { code: code !== undefined && /^[\w.-]{1,64}$/.test(code) ? code : undefined, detail }
}

/** What Genesys' support asks for. */
export const traceOf = (body: Json | undefined, headers: Headers): { context_id?: string; correlation_id?: string } => ({
  context_id: plain(string(member(body, 'contextId'))),
  correlation_id: plain(headers.get('inin-correlation-id') ?? undefined),
})

const plain = (id: string | undefined) => (id !== undefined && /^[\w.:-]{1,128}$/.test(id) ? id : undefined)
