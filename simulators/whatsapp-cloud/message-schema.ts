import { z } from 'zod'
import { GraphError } from './graph-errors.ts'
import type { Json } from './types.ts'

// Lengths after Meta's "Messages" reference; unknown keys pass, as they do there.
const text = (max: number) => z.string().min(1).max(max)
const loose = z.looseObject
const media = loose({
  id: z.string().min(1).optional(),
  link: z
    .string()
    .regex(/^https?:\/\//)
    .optional(),
}).refine((value) => (value.id === undefined) !== (value.link === undefined), {
  message: 'Exactly one of id and link is needed.',
})
const captioned = media.and(loose({ caption: z.string().max(1024).optional() }))

const header = loose({ type: z.enum(['text', 'image', 'video', 'document']), text: z.string().max(60).optional() })
const shared = { header: header.optional(), footer: loose({ text: text(60) }).optional() }
const body = (max: number) => loose({ text: text(max) })
const replyButton = loose({ type: z.literal('reply'), reply: loose({ id: text(256), title: text(20) }) })
const row = loose({ id: text(200), title: text(24), description: z.string().max(72).optional() })
const section = loose({ title: z.string().max(24).optional(), rows: z.array(row).min(1).max(10) })

const unique = (ids: string[]) => new Set(ids).size === ids.length
const rowIds = (sections: { rows: { id: string }[] }[]) => sections.flatMap((part) => part.rows.map((item) => item.id))

const interactiveKinds: Record<string, z.ZodType> = {
  button: loose({
    ...shared,
    body: body(1024),
    action: loose({
      buttons: z
        .array(replyButton)
        .min(1)
        .max(3)
        .refine((buttons) => unique(buttons.map((button) => button.reply.id)), { message: 'Button ids must be unique.' }),
    }),
  }),
  list: loose({
    ...shared,
    body: body(4096),
    action: loose({
      button: text(20),
      sections: z
        .array(section)
        .min(1)
        .max(10)
        .refine((sections) => rowIds(sections).length <= 10, { message: 'At most 10 rows in all sections together.' })
        .refine((sections) => unique(rowIds(sections)), { message: 'Row ids must be unique.' })
        .refine((sections) => sections.length === 1 || sections.every((part) => part.title), {
          message: 'Sections need titles when there is more than one.',
        }),
    }),
  }),
  cta_url: loose({
    ...shared,
    body: body(1024),
    action: loose({
      name: z.literal('cta_url'),
      parameters: loose({ display_text: text(20), url: z.string().regex(/^https?:\/\//) }),
    }),
  }),
  location_request_message: loose({ body: body(1024), action: loose({ name: z.literal('send_location') }) }),
  request_contact_info: loose({ body: body(1024), action: loose({ name: z.literal('request_contact_info') }) }),
  flow: loose({
    ...shared,
    body: body(1024),
    action: loose({
      name: z.literal('flow'),
      parameters: loose({ flow_message_version: z.literal('3'), flow_cta: text(30) }).refine(
        (value) => (value.flow_id === undefined) !== (value.flow_name === undefined),
        { message: 'Exactly one of flow_id and flow_name is needed.' },
      ),
    }),
  }),
}

// Kinds Meta supports that need catalogues, payments or calling: passed through.
const passedThrough = [
  'product',
  'product_list',
  'catalog_message',
  'carousel',
  'voice_call',
  'address_message',
  'order_details',
  'order_status',
  'call_permission_request',
]

const namedContact = loose({ formatted_name: text(512) }).refine((name) => Object.keys(name).length >= 2, {
  message: 'formatted_name and at least one other part of the name are needed.',
})

const payloads: Record<string, z.ZodType> = {
  text: loose({ body: text(4096), preview_url: z.boolean().optional() }),
  image: captioned,
  video: captioned,
  document: captioned.and(loose({ filename: z.string().max(240).optional() })),
  audio: media.and(loose({ voice: z.boolean().optional() })),
  sticker: media,
  location: loose({ latitude: z.coerce.number().min(-90).max(90), longitude: z.coerce.number().min(-180).max(180) }),
  contacts: z.array(loose({ name: namedContact, phones: z.array(loose({ phone: z.string().optional() })).optional() })).min(1),
  reaction: loose({ message_id: text(512), emoji: z.string().max(64) }),
  template: loose({
    name: text(512),
    language: loose({ code: text(20) }),
    components: z.array(loose({ type: z.string(), parameters: z.array(loose({ type: z.string() })).optional() })).optional(),
  }),
  interactive: loose({ type: z.enum([...Object.keys(interactiveKinds), ...passedThrough]) }),
}

const envelope = loose({
  messaging_product: z.literal('whatsapp'),
  recipient_type: z.enum(['individual', 'group']).optional(),
  to: z.string().min(1).optional(),
  recipient: z.string().min(1).optional(),
  type: z.string().optional(),
  context: loose({ message_id: text(512) }).optional(),
  biz_opaque_callback_data: z.string().max(512).optional(),
})

export type SendRequest = {
  to?: string
  recipient?: string
  recipientType: 'individual' | 'group'
  type: string
  /** What stands under the key named by the type. */
  payload: Json
  contextId?: string
  bizOpaque?: string
}

function valueAt(root: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>((value, key) => (value as Record<PropertyKey, unknown> | undefined)?.[key], root)
}

const dotted = (path: readonly PropertyKey[]) =>
  path.reduce<string>((text, key, index) => (index === 0 ? String(key) : `${text}['${String(key)}']`), '')

/** Parses `value` or throws: 100 for a missing top-level parameter or a text too long, 131008 when missing deeper, else 131009. */
function check(schema: z.ZodType, value: unknown, at: string[]): unknown {
  const result = schema.safeParse(value)
  if (result.success) return result.data
  const issue = result.error.issues[0]
  const path = [...at, ...(issue?.path ?? [])]
  const name = dotted(path)
  if (valueAt(value, issue?.path ?? []) === undefined) {
    if (path.length === 1) throw new GraphError(100, { message: `(#100) The parameter ${name} is required.` })
    throw new GraphError(131008, { details: `Parameter ${name} is required.` })
  }
  if (issue?.code === 'too_big' && name === "text['body']") {
    throw new GraphError(100, { message: `(#100) Param ${name} must be at most ${issue.maximum} characters long.` })
  }
  throw new GraphError(131009, { details: `Parameter ${name} is not valid. ${issue?.message ?? ''}` })
}

/** Reads the body of `POST /{number}/messages` as strictly as Meta documents it. Throws GraphError. */
export function parseSend(input: unknown): SendRequest {
  const head = check(envelope, input ?? {}, []) as z.infer<typeof envelope>
  if (head.to === undefined && head.recipient === undefined) {
    throw new GraphError(100, { message: '(#100) The parameter to is required.' })
  }
  const type = head.type ?? 'text'
  const schema = payloads[type]
  if (!schema) {
    throw new GraphError(100, {
      message: `(#100) Param type must be one of {${Object.keys(payloads).join(', ').toUpperCase()}} - got "${type}".`,
    })
  }
  const payload = check(schema, head[type], [type]) as Json
  const interactive = type === 'interactive' ? interactiveKinds[String(payload.type)] : undefined
  if (interactive) check(interactive, payload, [type])
  return {
    to: head.to,
    recipient: head.recipient,
    recipientType: head.recipient_type ?? 'individual',
    type,
    payload,
    contextId: head.context?.message_id,
    bizOpaque: head.biz_opaque_callback_data,
  }
}

const readReceipt = loose({
  messaging_product: z.literal('whatsapp'),
  status: z.literal('read'),
  message_id: z.string().min(1),
  typing_indicator: loose({ type: z.literal('text') }).optional(),
})

/** Reads a mark-as-read body, with or without the typing indicator. Throws GraphError. */
export function parseReadReceipt(input: unknown): { messageId: string; typing: boolean } {
  const receipt = check(readReceipt, input, []) as z.infer<typeof readReceipt>
  return { messageId: receipt.message_id, typing: receipt.typing_indicator !== undefined }
}
