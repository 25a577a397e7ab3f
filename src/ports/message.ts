/**
 * What a message says, in Parley's own words: the same shapes for every channel, stored as `messages.body` and shown by
 * the console. A provider's folder turns its JSON into these; nothing else knows the provider's names.
 * An open set: a type that is not listed here is kept with its body as it came and shown as "cannot be shown".
 */
import { z } from 'zod'

/** A file that came with a message and is fetched later by a job. */
export const mediaRef = z.object({
  externalId: z.string().optional(),
  url: z.string().optional(),
  mimeType: z.string().optional(),
  /** SHA-256 of the content as lower-case hex, where the provider told it. */
  sha256: z.string().optional(),
  fileName: z.string().optional(),
})
export type MediaRef = z.infer<typeof mediaRef>

const contactCard = z.object({
  name: z.string(),
  organisation: z.string().optional(),
  birthday: z.string().optional(),
  phones: z.array(z.object({ phone: z.string(), type: z.string().optional(), waId: z.string().optional() })).default([]),
  emails: z.array(z.object({ email: z.string(), type: z.string().optional() })).default([]),
  urls: z.array(z.object({ url: z.string(), type: z.string().optional() })).default([]),
  addresses: z.array(z.object({ text: z.string(), type: z.string().optional() })).default([]),
})

/** `messages.body` by `messages.type`. Every field that a provider may leave out is optional. */
export const messageBodies = {
  text: z.object({ text: z.string() }),
  image: z.object({ caption: z.string().optional(), mimeType: z.string().optional() }),
  video: z.object({ caption: z.string().optional(), mimeType: z.string().optional() }),
  audio: z.object({ voice: z.boolean().default(false), mimeType: z.string().optional() }),
  document: z.object({ caption: z.string().optional(), fileName: z.string().optional(), mimeType: z.string().optional() }),
  sticker: z.object({ animated: z.boolean().default(false), mimeType: z.string().optional() }),
  location: z.object({
    latitude: z.number(),
    longitude: z.number(),
    name: z.string().optional(),
    address: z.string().optional(),
    url: z.string().optional(),
  }),
  contacts: z.object({ contacts: z.array(contactCard) }),
  /** A quick reply of a template was pressed. */
  button: z.object({ text: z.string(), payload: z.string().optional() }),
  /** An answer to an interactive message. `kind`: button_reply, list_reply, form_reply, call_permission, or as it came. */
  interactive: z.object({
    kind: z.string(),
    id: z.string().optional(),
    title: z.string().optional(),
    description: z.string().optional(),
    /** form_reply: what was filled in, parsed where it is JSON, else the text. */
    response: z.unknown().optional(),
  }),
  /** `emoji` null: the reaction was taken back. The target is the message's reply-to. */
  reaction: z.object({ emoji: z.string().nullable() }),
  order: z.object({
    catalogId: z.string().optional(),
    text: z.string().optional(),
    items: z.array(
      z.object({ productId: z.string(), quantity: z.number(), price: z.number().optional(), currency: z.string().optional() }),
    ),
  }),
  /** Something the provider tells about the customer: number changed, identity changed. */
  system: z.object({ event: z.string(), text: z.string().optional() }),
  /** The target (reply-to) was edited; `type` and `body` are its new content. */
  edit: z.object({ type: z.string(), body: z.record(z.string(), z.unknown()), text: z.string().optional() }),
  /** The target (reply-to) was deleted by its author. */
  revoke: z.object({}),
  unsupported: z.object({ originalType: z.string().optional(), reason: z.string().optional(), code: z.string().optional() }),
  template: z.object({
    name: z.string(),
    language: z.string(),
    parameters: z.unknown().optional(),
    /** The text as the customer reads it, parameters filled in. */
    text: z.string().optional(),
    header: z.string().optional(),
    footer: z.string().optional(),
    buttons: z.array(z.string()).optional(),
  }),
  /** Written by a colleague for colleagues; never sent. */
  note: z.object({ text: z.string() }),
  /** A line of the system in the thread: closed, assigned, handed over … */
  activity: z.object({ event: z.string(), data: z.record(z.string(), z.unknown()).default({}) }),
} as const
export type MessageType = keyof typeof messageBodies
export type MessageBody<T extends MessageType> = z.infer<(typeof messageBodies)[T]>

// What we send -------------------------------------------------------------------------------------------------------

/** Values for a template's places, checked against its components before anything is sent. */
export const templateParameters = z.object({
  /** Body places: by position ("1", "2" …) or by name. */
  body: z.record(z.string(), z.string().min(1).max(1024)).default({}),
  /** Header place, or the file where the header is an image, video or document. */
  headerText: z.record(z.string(), z.string().min(1).max(60)).optional(),
  headerMediaId: z.uuid().optional(),
  /** Button places by the button's position ("0", "1" …): the end of its address, its payload or its coupon code. */
  buttons: z.record(z.string(), z.string().min(1).max(2000)).default({}),
})
export type TemplateParameters = z.infer<typeof templateParameters>

const interactiveHeader = z.object({ text: z.string().max(60) })

/** A message to a customer as a caller states it. `replyTo` and author stand beside it. Lengths are the tightest of the channels. */
export const outboundBody = z.discriminatedUnion('type', [
  z.object({ type: z.literal('text'), text: z.string().min(1).max(4096), previewUrl: z.boolean().optional() }),
  z.object({
    type: z.enum(['image', 'video', 'audio', 'document', 'sticker']),
    mediaId: z.uuid().describe('A file uploaded through POST /api/media, or one that came in.'),
    caption: z.string().max(1024).optional(),
    fileName: z.string().max(240).optional(),
    voice: z.boolean().optional(),
  }),
  z.object({
    type: z.literal('template'),
    name: z.string().min(1).max(512),
    language: z.string().min(2).max(20),
    parameters: templateParameters.default({ body: {}, buttons: {} }),
  }),
  z.object({
    type: z.literal('location'),
    latitude: z.number().min(-90).max(90),
    longitude: z.number().min(-180).max(180),
    name: z.string().max(1000).optional(),
    address: z.string().max(1000).optional(),
  }),
  z.object({ type: z.literal('contacts'), contacts: z.array(contactCard).min(1).max(20) }),
  z.object({
    type: z.literal('reaction'),
    messageId: z.uuid().describe('The message reacted to.'),
    emoji: z.string().max(32).nullable().describe('null takes the reaction back.'),
  }),
  z.object({
    type: z.literal('buttons'),
    text: z.string().min(1).max(1024),
    header: interactiveHeader.optional(),
    footer: z.string().max(60).optional(),
    buttons: z
      .array(z.object({ id: z.string().min(1).max(256), title: z.string().min(1).max(20) }))
      .min(1)
      .max(3),
  }),
  z.object({
    type: z.literal('list'),
    text: z.string().min(1).max(4096),
    header: interactiveHeader.optional(),
    footer: z.string().max(60).optional(),
    button: z.string().min(1).max(20),
    sections: z
      .array(
        z.object({
          title: z.string().max(24).optional(),
          rows: z
            .array(
              z.object({
                id: z.string().min(1).max(200),
                title: z.string().min(1).max(24),
                description: z.string().max(72).optional(),
              }),
            )
            .min(1)
            .max(10),
        }),
      )
      .min(1)
      .max(10),
  }),
  z.object({
    type: z.literal('link'),
    text: z.string().min(1).max(1024),
    footer: z.string().max(60).optional(),
    label: z.string().min(1).max(20),
    url: z.url().max(2000),
  }),
])
export type OutboundBody = z.infer<typeof outboundBody>
