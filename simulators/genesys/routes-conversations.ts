import { createHash } from 'node:crypto'
import { deliver, hangUp, say, type } from './agents.ts'
import { badRequest, notFound } from './api-error.ts'
import {
  beginConversation,
  conversationOf,
  conversationView,
  endConversation,
  endParticipant,
  messageView,
  openConversation,
  touch,
} from './conversations.ts'
import { attachmentItem } from './files.ts'
import { note } from './inbound.ts'
import { agentlessBody, agentMessageBody, read, uploadBody } from './inbound-schema.ts'
import { integrationOf } from './integrations.ts'
import { asJson, type Call, param, type Route } from './requests.ts'
import type { Json } from './types.ts'
import { isoTime, newUuid, type World } from './world.ts'

const one = '/api/v2/conversations/messages/:conversationId'
const communication = `${one}/communications/:communicationId/messages`

/** An agent's own message by the API: text, and files that were uploaded before. */
function agentSays({ world, request }: Call): Json {
  const { textBody, mediaIds = [] } = read(agentMessageBody, request.body)
  const conversation = communicationOf(world, request)
  if (!textBody && mediaIds.length === 0) throw badRequest('Either textBody or mediaIds is required.')
  const content = mediaIds.map((id) => {
    const file = world.files.get(id)
    if (!file || world.uploads.get(id)?.status !== 'valid') throw notFound('media', id)
    return attachmentItem(world, file)
  })
  const message = say(world, conversation.id, { text: textBody, content })
  return messageView(world, message.id)
}

function communicationOf(world: World, request: Call['request']) {
  const conversation = conversationOf(world, param(request, 'conversationId'))
  const id = param(request, 'communicationId')
  if (!conversation.participants.some(({ communicationId }) => communicationId === id)) throw notFound('communication', id)
  return conversation
}

/** A text to somebody without an agent. It arrives at the webhook like an agent's. */
function agentless({ world, request }: Call): Json {
  const body = read(agentlessBody, request.body)
  const integration = integrationOf(world, body.fromAddress)
  const known = [...world.conversations.values()].findLast(
    ({ integrationId, customer }) => integrationId === integration.id && customer.id === body.toAddress,
  )
  const customer = known?.customer ?? ({ id: body.toAddress, idType: 'Opaque' } as const)
  const open = body.useExistingActiveConversation ? openConversation(world, integration.id, customer) : undefined
  const conversation = open ?? beginConversation(world, integration, customer)
  const message = deliver(world, conversation, { text: body.textBody, author: 'API', from: 'bot' })
  if (!open) endConversation(world, conversation, 'system')
  note(world, {
    kind: 'agentless',
    integrationId: integration.id,
    conversationId: conversation.id,
    messageId: message.id,
    repeated: false,
    body,
  })
  return {
    id: message.id,
    conversationId: conversation.id,
    fromAddress: integration.id,
    toAddress: body.toAddress,
    messengerType: 'open',
    textBody: body.textBody,
    timestamp: isoTime(message.at),
    message: messageView(world, message.id),
  }
}

function beginUpload({ world, request }: Call): Json {
  const { fileName, contentLengthBytes: length, contentMd5: md5 = '' } = read(uploadBody, request.body)
  const { id: conversationId } = communicationOf(world, request)
  const id = newUuid(world.random.ids)
  world.uploads.set(id, {
    id,
    conversationId,
    communicationId: param(request, 'communicationId'),
    fileName,
    length,
    md5,
    status: 'uploading',
  })
  return {
    ...uploadView(world, id),
    uploadUrl: `${world.mountUrl()}/uploads/${id}`,
    uploadHeaders: { 'content-type': 'application/octet-stream' },
  }
}

export function uploadView(world: World, id: string): Json {
  const upload = world.uploads.get(id)
  if (!upload) throw notFound('media', id)
  const { conversationId, communicationId, fileName, length, status } = upload
  return { id, name: fileName, contentLengthBytes: length, status, conversationId, communicationId }
}

/** What was put at the upload's address; what does not fit what was announced is invalid. */
export function finishUpload(world: World, id: string, bytes: Buffer, mimeType: string): void {
  const upload = world.uploads.get(id)
  if (!upload) throw notFound('media', id)
  const md5 = createHash('md5').update(bytes)
  const fits =
    bytes.length === upload.length &&
    (upload.md5 === '' || [md5.copy().digest('base64'), md5.digest('hex')].includes(upload.md5))
  upload.status = fits ? 'valid' : 'invalid'
  if (fits) world.files.set(id, { id, bytes, mimeType, fileName: upload.fileName })
}

function endPart({ world, request }: Call): undefined {
  const conversation = conversationOf(world, param(request, 'conversationId'))
  const id = param(request, 'participantId')
  const participant = conversation.participants.find((each) => each.id === id)
  if (!participant) throw notFound('participant', id)
  if (asJson(request.body).state !== 'disconnected') throw badRequest('Value is not valid for field [state].', 'invalid.value')
  endParticipant(world, participant, 'client')
  touch(conversation)
  // Nobody is left whom the customer could talk to.
  if (participant.purpose === 'customer' || participant.purpose === 'agent') endConversation(world, conversation, 'peer')
  return undefined
}

const view = 'conversation:communication:view'
const create = 'conversation:message:create'

export const conversationRoutes: Route[] = [
  {
    method: 'GET',
    path: one,
    operation: 'conversation',
    permission: view,
    handle: ({ world, request }) => conversationView(conversationOf(world, param(request, 'conversationId'))),
  },
  {
    method: 'GET',
    path: '/api/v2/conversations/messages/:conversationId/details',
    operation: 'conversation',
    permission: view,
    handle: ({ world, request }) => messageView(world, param(request, 'conversationId')),
  },
  {
    method: 'POST',
    path: '/api/v2/conversations/:conversationId/disconnect',
    operation: 'disconnect',
    permission: 'conversation:communication:disconnect',
    handle: ({ world, request }) => {
      hangUp(world, param(request, 'conversationId'))
      return ''
    },
  },
  {
    method: 'PATCH',
    path: `${one}/participants/:participantId`,
    operation: 'disconnect',
    permission: 'conversation:communication:disconnect',
    handle: endPart,
  },
  { method: 'POST', path: communication, operation: 'agent', permission: create, handle: agentSays },
  {
    method: 'POST',
    path: `${one}/communications/:communicationId/typing`,
    operation: 'agent',
    permission: create,
    handle: ({ world, request }) => type(world, communicationOf(world, request).id),
  },
  {
    method: 'POST',
    path: `${communication}/media/uploads`,
    operation: 'media',
    permission: create,
    status: 202,
    handle: beginUpload,
  },
  {
    method: 'GET',
    path: `${communication}/media/:mediaId`,
    operation: 'media',
    permission: create,
    handle: ({ world, request }) => uploadView(world, param(request, 'mediaId')),
  },
  {
    method: 'POST',
    path: '/api/v2/conversations/messages/agentless',
    operation: 'agentless',
    permission: create,
    status: 202,
    handle: agentless,
  },
]
