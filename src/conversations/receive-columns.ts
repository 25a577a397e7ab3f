/** Events of a batch as the columns that the database's set-based functions take. Pure. */
import { newId } from '../kernel/ids.ts'
import { cleanJson, cleanText, preview } from '../kernel/text.ts'
import type { MessageEvent, ReceiptEvent } from '../ports/channel.ts'

export interface Incoming<E> {
  provider: string
  appSlug: string
  event: E
  /** Hours in which free text may follow; null where the channel knows no window. */
  windowHours: number | null
}

const identityKeys = ({ person }: MessageEvent): string[] => person.identities.map((i) => `${i.kind}|${i.value}`)

/**
 * Splits messages into rounds so that within one round, messages that share an identity name exactly the same
 * identities. Nearly always one round; two where a person's ids are seen together for the first time in this very batch.
 */
export function intoRounds(messages: readonly Incoming<MessageEvent>[]): Incoming<MessageEvent>[][] {
  const rounds: Incoming<MessageEvent>[][] = []
  let rest = messages
  while (rest.length > 0) {
    const owner = new Map<string, string>()
    const round: Incoming<MessageEvent>[] = []
    const later: Incoming<MessageEvent>[] = []
    const held = new Set<string>()
    for (const item of rest) {
      const keys = identityKeys(item.event)
      const set = keys.join('\n')
      // Once one line of somebody is held back, their later lines wait too: order within a conversation.
      const fits = keys.every((key) => !held.has(key) && (owner.get(key) ?? set) === set)
      if (fits) for (const key of keys) owner.set(key, set)
      else for (const key of keys) held.add(key)
      ;(fits ? round : later).push(item)
    }
    rounds.push(round)
    rest = later
  }
  return rounds
}

/** Where messages came to: each address of a batch once, and per item which of them (from 1). */
export function placesOf(items: readonly { provider: string; appSlug: string; event: { account: string } }[]) {
  const known = new Map<string, number>()
  const addresses: { provider: string; app: string; account: string }[] = []
  const place = items.map(({ provider, appSlug, event }) => {
    const key = `${provider}|${appSlug}|${event.account}`
    const at = known.get(key) ?? addresses.push({ provider, app: appSlug, account: event.account })
    known.set(key, at)
    return at
  })
  return { addresses, place }
}

export interface MessageColumns {
  /** The arguments of receive_messages, in its order after p_now, without those of raw webhooks. */
  values: unknown[]
  /** The address of each message, from 1. */
  place: number[]
  /** The ids that the files of each message get. */
  media: string[][]
}

export function messageColumns(round: readonly Incoming<MessageEvent>[], makeId: () => string = newId): MessageColumns {
  const contacts = new Map<string, string>()
  const conversations = new Map<string, string>()
  const once = (map: Map<string, string>, key: string): string => {
    const known = map.get(key) ?? makeId()
    map.set(key, known)
    return known
  }
  const of = <T>(pick: (item: Incoming<MessageEvent>, index: number) => T): T[] => round.map(pick)
  const who = of((i) => identityKeys(i.event)[0] ?? '')
  const { addresses, place } = placesOf(round)
  const seen = new Set<string>()
  const again = of((i, n) => {
    const key = `${place[n]}|${i.event.externalId}`
    return seen.has(key) || !seen.add(key)
  })
  const media = of((i) => i.event.media.map(() => makeId()))
  return {
    place,
    media,
    values: [
      addresses.map((a) => a.provider),
      addresses.map((a) => a.app),
      addresses.map((a) => a.account),
      place,
      again,
      of(() => makeId()),
      of((i) => i.event.externalId),
      of((i) => i.event.direction === 'echo'),
      of((i) => i.event.person.identities[0]?.kind ?? null),
      of((i) => (i.event.person.identities[0]?.scope ?? '') !== ''),
      of((i) => i.event.person.identities[0]?.value ?? null),
      of((i) => i.event.person.identities[1]?.kind ?? null),
      of((i) => (i.event.person.identities[1]?.scope ?? '') !== ''),
      of((i) => i.event.person.identities[1]?.value ?? null),
      of((i) => i.event.person.phone ?? null),
      of((i) => (i.event.person.name === undefined ? null : cleanText(i.event.person.name))),
      of((i) => i.event.type),
      of((i) => (i.event.text === null ? null : cleanText(i.event.text))),
      of((i) => json(i.event.body)),
      of((i) => json(i.event.metadata)),
      of((i) => i.event.occurredAt),
      of((i) => i.event.replyTo ?? null),
      of((i) => i.event.opensWindow),
      of((i) => i.event.conversational),
      of((i) => i.windowHours),
      of((i) => previewOf(i.event)),
      of((i, n) => (i.event.media.length > 0 ? json(i.event.media.map((file, m) => ({ ...file, id: media[n]?.[m] }))) : null)),
      of((_, n) => once(contacts, who[n] as string)),
      of((_, n) => once(conversations, `${place[n]}|${who[n]}`)),
    ],
  }
}

/** What PostgreSQL does not take is rare: a look at the text is cheaper than a walk through every value. */
const mayHoldBadText = /\\u(?:0000|d[89a-f])/
export function json(value: unknown): string {
  const text = JSON.stringify(value)
  return mayHoldBadText.test(text) ? JSON.stringify(cleanJson(value)) : text
}

/** One line for the inbox list. Types without text are named by a key that the console translates. */
export const previewOf = (event: MessageEvent): string => (event.text ? preview(cleanText(event.text)) : `[${event.type}]`)

/** The arguments of receive_receipts, in its order after p_now. */
export function receiptColumns(receipts: readonly Incoming<ReceiptEvent>[]) {
  const of = <T>(pick: (item: Incoming<ReceiptEvent>) => T): T[] => receipts.map(pick)
  return [
    of((i) => i.provider),
    of((i) => i.appSlug),
    of((i) => i.event.account),
    of((i) => i.event.externalId),
    of((i) => i.event.status),
    of((i) => i.event.participant ?? ''),
    of((i) => i.event.person?.phone ?? null),
    of((i) => i.event.messageId ?? null),
    of((i) => i.event.error?.code ?? null),
    of((i) => (i.event.error ? cleanText(i.event.error.text) : null)),
    of((i) => json(i.event.detail)),
    of((i) => i.event.occurredAt),
  ] as const
}
