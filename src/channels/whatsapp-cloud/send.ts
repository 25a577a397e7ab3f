/** Sends a message: judge it, upload its file if it has one, post it. Nothing is posted twice from here. */

import { id, type Json, list, member } from '../../kernel/read.ts'
import type { AccountConnection, CallOptions, OutboundMessage, PersonIdentity, SendResult } from '../../ports/channel.ts'
import { type ClientDeps, callGraph, failureOf } from './client.ts'
import { type Connection, connectionOf } from './config.ts'
import { MAX_EXTERNAL_ID } from './parse-message.ts'
import { identitiesOf, identityText } from './parse-person.ts'
import { renderMessage } from './render.ts'
import { type Rejection, rejected } from './render-result.ts'
import { type Upload, uploadFile } from './upload.ts'

export async function send(
  deps: ClientDeps,
  account: AccountConnection,
  message: OutboundMessage,
  options: CallOptions = {},
): Promise<SendResult> {
  const { connection, problem } = connectionOf(account)
  if (!connection) return { outcome: 'reconnect', code: 'config', text: problem ?? '' }
  const file = needsFile(message) ? message.file : undefined
  // Judged before the upload, which may be large and would be for nothing.
  const draft = renderMessage(message, file?.externalId)
  if (!draft.ok) return asResult(draft)
  const upload = file && file.externalId === undefined ? await uploadFile(deps, connection, message, file, options) : undefined
  if (upload && 'outcome' in upload) return upload
  const rendered = upload ? renderMessage(message, upload.externalId) : draft
  return rendered.ok ? post(deps, connection, rendered.payload, upload, options) : asResult(rendered)
}

/** The document, picture or film of a template's header is a file as well. */
const needsFile = ({ body }: OutboundMessage): boolean =>
  'mediaId' in body || (body.type === 'template' && body.parameters.headerMediaId !== undefined)

const asResult = ({ code, text, hint }: Rejection): SendResult => ({ outcome: 'reject', code, text, ...(hint ? { hint } : {}) })

async function post(
  deps: ClientDeps,
  connection: Connection,
  payload: Json,
  upload: Upload | undefined,
  options: CallOptions,
): Promise<SendResult> {
  const url = `${connection.base}/${connection.phoneNumberId}/messages`
  const answer = await callGraph(deps, connection, { method: 'POST', url, json: payload, signal: options.signal })
  if (answer.kind !== 'ok') return failureOf(answer, deps.random)
  const externalId = id(member(list(answer.body.messages)[0], 'id'), MAX_EXTERNAL_ID)
  if (externalId === undefined) {
    return { outcome: 'unknown', code: 'no_id', text: 'WhatsApp took the message but did not say under which id.' }
  }
  const person = recipientOf(answer.body)
  return { outcome: 'accepted', externalId, ...(person.length > 0 ? { person } : {}), ...(upload ? { upload } : {}) }
}

/** Whom the provider takes it to be: in some countries the WhatsApp number differs from the number dialled. */
function recipientOf(body: Json): PersonIdentity[] {
  const contact = list(body.contacts)[0]
  const trimmed = (value: unknown) => identityText(typeof value === 'string' ? value.trim() : value)
  return identitiesOf({ waId: trimmed(member(contact, 'wa_id')), userId: trimmed(member(contact, 'user_id')) })
}

/** Marks a message and those before it as read; with `typing` the customer sees dots for up to 25 seconds. */
export async function markRead(
  deps: ClientDeps,
  account: AccountConnection,
  externalId: string,
  options: CallOptions & { typing?: boolean } = {},
): Promise<SendResult> {
  const { connection, problem } = connectionOf(account)
  if (!connection) return { outcome: 'reconnect', code: 'config', text: problem ?? '' }
  if (externalId === '') return asResult(rejected('no_target', 'There is no message to mark as read.'))
  const json: Json = {
    messaging_product: 'whatsapp',
    status: 'read',
    message_id: externalId,
    ...(options.typing ? { typing_indicator: { type: 'text' } } : {}),
  }
  const url = `${connection.base}/${connection.phoneNumberId}/messages`
  const answer = await callGraph(deps, connection, { method: 'POST', url, json, signal: options.signal })
  return answer.kind === 'ok' ? { outcome: 'accepted', externalId } : failureOf(answer, deps.random)
}
