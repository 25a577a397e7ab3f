import type { FastifyInstance } from 'fastify'
import { mediaView } from './media.ts'
import { changeMessage, deleteMessage, listMessages, messageView } from './messages.ts'
import { authorise, type Call, page2010, param, query, type Route, sendError } from './requests.ts'
import { notFound, RestError } from './rest-error.ts'
import { createMessage } from './send.ts'
import type { Message, StoredMedia } from './types.ts'
import type { World } from './world.ts'

const path = '/2010-04-01/Accounts/:account/Messages'

function requireMessage({ world, request, account }: Pick<Call, 'world' | 'request' | 'account'>): Message {
  const message = world.messages.get(param(request, 'message'))
  if (!message || message.accountSid !== account.sid) throw notFound(request.url)
  return message
}

function requireMedia(call: Pick<Call, 'world' | 'request' | 'account'>): { message: Message; media: StoredMedia } {
  const message = requireMessage(call)
  const media = message.media.find((one) => one.sid === param(call.request, 'media'))
  if (!media) throw notFound(call.request.url)
  return { message, media }
}

export const messageRoutes: Route[] = [
  {
    method: 'POST',
    path: `${path}.json`,
    status: 201,
    handle: async ({ world, account, form }) => messageView(await createMessage(world, account, form)),
  },
  {
    method: 'GET',
    path: `${path}.json`,
    handle({ world, request, account }) {
      const given = (name: string) => query(request, name) || undefined
      const found = listMessages(world, account.sid, {
        to: given('To'),
        from: given('From'),
        on: given('DateSent'),
        after: given('DateSent>'),
        before: given('DateSent<'),
      })
      return page2010(request, 'messages', found, messageView)
    },
  },
  { method: 'GET', path: `${path}/:message.json`, handle: (call) => messageView(requireMessage(call)) },
  {
    method: 'POST',
    path: `${path}/:message.json`,
    handle(call) {
      const message = requireMessage(call)
      changeMessage(call.world, message, call.form)
      return messageView(message)
    },
  },
  {
    method: 'DELETE',
    path: `${path}/:message.json`,
    handle: (call) => deleteMessage(call.world, requireMessage(call)),
  },
  {
    method: 'GET',
    path: `${path}/:message/Media.json`,
    handle(call) {
      const message = requireMessage(call)
      return page2010(call.request, 'media_list', message.media, (media) => mediaView(message, media))
    },
  },
  {
    method: 'GET',
    path: `${path}/:message/Media/:media.json`,
    handle(call) {
      const { message, media } = requireMedia(call)
      return mediaView(message, media)
    },
  },
  {
    method: 'DELETE',
    path: `${path}/:message/Media/:media.json`,
    handle(call) {
      const { message, media } = requireMedia(call)
      message.media.splice(message.media.indexOf(media), 1)
    },
  },
]

/** The file itself: the API leads elsewhere, and that place takes no credentials of the API. */
export function fileRoutes(app: FastifyInstance, world: World): void {
  app.get(`${path}/:message/Media/:media`, (request, reply) => {
    try {
      const wanted = param(request, 'account')
      const account = world.settings.enforceMediaAuth ? authorise(world, request, wanted) : world.accounts.get(wanted)
      if (!account) throw notFound(request.url)
      const { media } = requireMedia({ world, request, account })
      return reply.redirect(`${world.mountUrl()}/files/${media.sid}?Signature=${media.sid.slice(-8)}`, 307)
    } catch (error) {
      if (error instanceof RestError) return sendError(reply, error)
      throw error
    }
  })
  app.get('/files/:media', (request, reply) => {
    if (request.headers.authorization !== undefined)
      return reply
        .code(400)
        .type('application/xml')
        .send('<Error><Code>InvalidArgument</Code><Message>Only one auth mechanism allowed</Message></Error>')
    const sid = param(request, 'media')
    const media = [...world.messages.values()].flatMap((one) => one.media).find((one) => one.sid === sid)
    if (!media || query(request, 'Signature') !== sid.slice(-8)) return reply.code(403).send()
    // Bytes of strangers on our own origin: never run, never sniffed.
    return reply
      .headers({ 'content-security-policy': "default-src 'none'; sandbox", 'x-content-type-options': 'nosniff' })
      .type(media.contentType)
      .send(media.bytes)
  })
}
