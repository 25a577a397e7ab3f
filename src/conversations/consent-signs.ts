/** What events of a webhook say about being written to. Pure; nearly always nothing, and then it costs a look at short texts. */
import type { Channel, InboundEvent, MessageEvent, ReceiptEvent } from '../ports/channel.ts'
import { consentWord } from './consent-words.ts'

export interface ConsentSign {
  topic: 'all' | 'marketing'
  /** null: a question for help. */
  state: 'opted_in' | 'opted_out' | null
  source: 'keyword' | 'provider'
  wording: string
  /** The provider has told the customer already. */
  answered: boolean
}
export type ConsentSigns = ReadonlyMap<InboundEvent, ConsentSign>
type Reader = Pick<Channel, 'capabilities' | 'describeFailure'>

const states = { stop: 'opted_out', start: 'opted_in', help: null } as const

/** undefined where no event says anything. */
export function consentSigns(channel: Reader | undefined, events: readonly InboundEvent[]): ConsentSigns | undefined {
  if (!channel) return undefined
  let found: Map<InboundEvent, ConsentSign> | undefined
  for (const event of events) {
    const sign =
      event.kind === 'message' ? ofLine(channel, event) : event.kind === 'receipt' ? ofReceipt(channel, event) : undefined
    if (!sign) continue
    found ??= new Map()
    found.set(event, sign)
  }
  return found
}

function ofLine(channel: Reader, event: MessageEvent): ConsentSign | undefined {
  if (event.direction !== 'inbound' || !event.conversational) return undefined
  const word = event.optOut ?? consentWord(event.text, channel.capabilities.carrierKeywords ?? false)
  if (!word) return undefined
  const wording = event.text?.trim().slice(0, 2000) || `(${word})`
  return { topic: 'all', state: states[word], source: 'keyword', wording, answered: event.optOut !== undefined }
}

function ofReceipt(channel: Reader, event: ReceiptEvent): ConsentSign | undefined {
  if (event.status !== 'failed' || !event.error) return undefined
  const { code, text } = event.error
  return refusalSign(channel.describeFailure?.(code, text)?.hint, code, text)
}

const topics: Record<string, ConsentSign['topic']> = { opted_out: 'all', no_marketing: 'marketing' }

/** A provider refused a message because of what the customer had told it. */
export function refusalSign(hint: string | undefined, code: string, text: string): ConsentSign | undefined {
  const topic = hint === undefined ? undefined : topics[hint]
  if (!topic) return undefined
  return { topic, state: 'opted_out', source: 'provider', wording: `${code}: ${text}`.slice(0, 2000), answered: true }
}
