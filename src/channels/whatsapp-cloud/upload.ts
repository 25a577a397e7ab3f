/** Uploads a file so that a message can name it. An upload sends nothing to anybody, so no failure of it is `unknown`. */

import { id } from '../../kernel/read.ts'
import type { CallOptions, OutboundFile, OutboundMessage } from '../../ports/channel.ts'
import type { Failure } from '../../ports/failure-rows.ts'
import { type ClientDeps, callGraph, failureOf } from './client.ts'
import type { Connection } from './config.ts'
import { checkFile, checkSticker, type Rejection } from './render-result.ts'

export interface Upload {
  externalId: string
  /** ISO 8601: when it should no longer be used. */
  expiresAt: string
}

/** Up to 100 MB go out. */
const UPLOAD_TIMEOUT_MS = 120_000
const DAY_MS = 86_400_000
/** The provider keeps an upload 30 days; a message that waits in a queue must still find it. */
const USABLE_MS = 29 * DAY_MS

export async function uploadFile(
  deps: ClientDeps,
  connection: Connection,
  message: OutboundMessage,
  file: OutboundFile,
  options: CallOptions,
): Promise<Upload | Failure> {
  const content = await file.read().catch(() => undefined)
  if (!content)
    return { outcome: 'retry', code: 'file_unreadable', text: 'The file could not be read from the store.', scope: 'message' }
  const problem = checkContent(message, file, content)
  if (problem) return { outcome: 'reject', code: problem.code, text: problem.text }

  const answer = await callGraph(deps, connection, {
    method: 'POST',
    url: `${connection.base}/${connection.phoneNumberId}/media`,
    form: formOf(file, content),
    timeoutMs: UPLOAD_TIMEOUT_MS,
    signal: options.signal,
  })
  const externalId = answer.kind === 'ok' ? id(answer.body.id, 256) : undefined
  if (externalId !== undefined) {
    return { externalId, expiresAt: new Date(deps.now().getTime() + USABLE_MS).toISOString() }
  }
  const failure = answer.kind === 'ok' ? undefined : failureOf(answer, deps.random)
  if (failure && failure.outcome !== 'unknown') return failure
  const text = 'The file could not be handed to WhatsApp. It will be tried again.'
  return { outcome: 'retry', code: failure?.code ?? 'no_id', text, scope: 'message' }
}

/** The size in the database is a claim; what counts is what is sent. */
function checkContent({ body }: OutboundMessage, file: OutboundFile, content: Buffer): Rejection | undefined {
  if (!('mediaId' in body)) return undefined
  const problem = checkFile(body.type, { mimeType: file.mimeType, byteSize: content.length })
  return problem ?? (body.type === 'sticker' ? checkSticker(content) : undefined)
}

function formOf(file: OutboundFile, content: Buffer): FormData {
  const form = new FormData()
  form.set('messaging_product', 'whatsapp')
  form.set('type', file.mimeType)
  form.set('file', new Blob([new Uint8Array(content)], { type: file.mimeType }), file.fileName)
  return form
}
