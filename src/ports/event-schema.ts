/** `InboundEvent` checked at run time: what comes from a parser is trusted, what a person wrote or a queue brought is not. */
import { z } from 'zod'
import type { InboundEvent } from './channel.ts'
import { mediaRef } from './message.ts'

const name = z.string().min(1).max(512)
const time = z.iso.datetime({ offset: true })
const things = z.record(z.string(), z.unknown())
const identity = z.object({
  kind: z.enum(['phone', 'wa_id', 'bsuid', 'lid', 'visitor', 'email', 'external']),
  value: name,
  scope: z.enum(['', 'portfolio']),
})
const phone = z.string().regex(/^\+[0-9]{6,20}$/, 'must be a number like +15550001111')
const person = z.object({
  identities: z.array(identity).min(1),
  name: z.string().optional(),
  username: z.string().optional(),
  phone: phone.optional(),
})

const message = z.object({
  kind: z.literal('message'),
  direction: z.enum(['inbound', 'echo']),
  account: name,
  externalId: name,
  occurredAt: time,
  person,
  type: z.string().min(1).max(64),
  text: z.string().nullable(),
  body: things,
  media: z.array(mediaRef).max(32),
  replyTo: name.optional(),
  opensWindow: z.boolean(),
  conversational: z.boolean(),
  optOut: z.enum(['stop', 'start', 'help']).optional(),
  mayBeLead: z.boolean().optional(),
  metadata: things,
})

const receipt = z.object({
  kind: z.literal('receipt'),
  account: name,
  externalId: name,
  occurredAt: time,
  status: z.string().min(1).max(64),
  messageId: z.uuid().optional(),
  participant: z.string().max(512).optional(),
  person: person.optional(),
  error: z.object({ code: z.string(), text: z.string() }).optional(),
  detail: things,
})

const identityChange = z.object({
  kind: z.literal('identity'),
  account: name,
  occurredAt: time,
  from: identity,
  to: identity,
  person,
  reason: z.string().max(200),
})

const account = z.object({
  kind: z.literal('account'),
  account: name.nullable(),
  owner: z.string().max(512),
  occurredAt: time,
  type: z.string().min(1).max(100),
  key: z.string().min(1).max(512),
  data: things,
  template: z
    .object({
      name,
      language: z.string().min(1).max(20),
      externalId: z.string().optional(),
      status: z.enum(['pending', 'approved', 'rejected', 'paused', 'disabled', 'deleted']).optional(),
      reason: z.string().nullable().optional(),
      quality: z.string().optional(),
      category: z.string().optional(),
    })
    .optional(),
})

export const inboundEvent: z.ZodType<InboundEvent> = z.discriminatedUnion('kind', [message, receipt, identityChange, account])
