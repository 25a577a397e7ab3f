import { fetchInto } from './media.ts'
import { outcomeOf } from './outcomes.ts'
import { isWhatsApp, numberOf, phoneAt } from './phones.ts'
import { messageOf } from './rest-error.ts'
import { senderFor } from './services.ts'
import type { Message } from './types.ts'
import { notify, notifyNow, type Webhook } from './webhooks.ts'
import type { World } from './world.ts'

/**
 * What happens to a message from now on: chosen by a service, its files fetched, sent, delivered, read; or it fails. Resolves
 * when the request may be answered.
 */
export async function plan(world: World, message: Message): Promise<void> {
  if (message.sendAt !== undefined) {
    world.agenda.in(message.sendAt - world.clock.now(), () => {
      if (message.status !== 'scheduled') return
      advance(world, message, 'queued')
      carry(world, message)
    })
    return
  }
  if (!world.faults.take(['statusesBeforeAnswer'], { to: message.to })) return carry(world, message)
  for (const status of ['sent', 'delivered']) {
    Object.assign(message, { status, sentAt: world.clock.now(), updatedAt: world.clock.now() })
    const webhook = statusWebhook(world, message, status)
    if (webhook) await notifyNow(world, webhook)
  }
}

const later = (world: World, step: 'sent' | 'delivered' | 'read'): number =>
  world.random.latency.between(world.settings.latency[step])

function carry(world: World, message: Message): void {
  const epoch = world.epoch
  world.agenda.in(later(world, 'sent'), async () => {
    if (epoch !== world.epoch || message.status === 'canceled') return
    if (message.serviceSid !== null && message.from === null) {
      const service = world.services.get(message.serviceSid)
      message.from = (service && senderFor(world, service, message.channel)) ?? null
    }
    const failure = outcomeOf(world, message) ?? (await fetchInto(world, message))
    if (failure) return fail(world, message, failure)
    if (world.faults.take(['reverseStatuses'], { to: message.to })) return reversed(world, message)
    advance(world, message, 'sent')
    deliver(world, message)
  })
}

/** The later callback goes out first. */
function reversed(world: World, message: Message): void {
  for (const status of ['delivered', 'sent']) void callBack(world, message, status)
  Object.assign(message, { status: 'delivered', sentAt: world.clock.now(), updatedAt: world.clock.now() })
}

function fail(world: World, message: Message, { code, status }: { code: number; status: string }): void {
  message.errorCode = code
  if (status === 'undelivered') advance(world, message, 'sent', null)
  advance(world, message, status)
}

/** On a phone that is off it waits. */
export function deliver(world: World, message: Message): void {
  world.agenda.in(later(world, 'delivered'), () => {
    const phone = phoneAt(world, message.to)
    if (!phone.online || message.status !== 'sent') return
    advance(world, message, 'delivered')
    if (message.channel === 'whatsapp' && phone.reads)
      world.agenda.in(later(world, 'read'), () => advance(world, message, 'read'))
  })
}

/** Everything of a phone that came back and was sent meanwhile. */
export function deliverWaiting(world: World, number: string): void {
  for (const message of world.messages.values())
    if (message.direction !== 'inbound' && message.status === 'sent' && phoneAt(world, message.to).number === number)
      deliver(world, message)
}

/** The customer opened the chat. */
export function markRead(world: World, number: string, business: string): number {
  const unread = [...world.messages.values()].filter(
    (one) =>
      one.channel === 'whatsapp' &&
      one.from === business &&
      one.status === 'delivered' &&
      phoneAt(world, one.to).number === number,
  )
  for (const message of unread) advance(world, message, 'read')
  return unread.length
}

function advance(world: World, message: Message, status: string, errorCode: number | null = message.errorCode): void {
  const now = world.clock.now()
  Object.assign(message, { status, updatedAt: now, sentAt: message.sentAt ?? (status === 'queued' ? null : now) })
  void callBack(world, message, status, errorCode)
}

function callBack(world: World, message: Message, status: string, errorCode = message.errorCode): Promise<unknown> | undefined {
  const webhook = statusWebhook(world, message, status, errorCode)
  return webhook && notify(world, webhook)
}

function statusWebhook(world: World, message: Message, status: string, errorCode = message.errorCode): Webhook | undefined {
  const account = world.accounts.get(message.accountSid)
  const url = message.statusCallback
  if (!url || !account) return undefined
  return { account, url, kind: 'status', params: statusParams(world, message, status, errorCode) }
}

function statusParams(world: World, message: Message, status: string, code: number | null): Record<string, string> {
  const { sid, to, from, accountSid, serviceSid } = message
  const isWhats = isWhatsApp(to)
  return {
    ...(code === null ? {} : { ErrorCode: String(code), ErrorMessage: messageOf(code) }),
    ApiVersion: '2010-04-01',
    MessageStatus: status,
    SmsSid: sid,
    SmsStatus: status,
    To: to,
    From: from ?? '',
    MessageSid: sid,
    AccountSid: accountSid,
    ...(serviceSid === null ? {} : { MessagingServiceSid: serviceSid }),
    // YYMMDDhhmm, as the network's report has it.
    ...(status === 'delivered' && !isWhats
      ? { RawDlrDoneDate: new Date(world.clock.now()).toISOString().replace(/\D/g, '').slice(2, 12) }
      : {}),
    ...(isWhats ? channelParams(to, status) : {}),
  }
}

function channelParams(to: string, status: string): Record<string, string> {
  const event = { delivered: 'DELIVERED', read: 'READ', undelivered: 'UNDELIVERED' }[status]
  return {
    ChannelPrefix: 'whatsapp',
    ChannelToAddress: `${numberOf(to).slice(0, -4)}XXXX`,
    ChannelInstallSid: 'XE00000000000000000000000000000000',
    StructuredMessage: 'false',
    ...(event ? { EventType: event } : {}),
  }
}
