/**
 * What Parley asks of a telephony provider, and what one tells Parley. A provider that carries calls exports one `Telephony`
 * beside its `Channel`: what it delivers becomes a `CallEvent`, what a caller hears is a `CallAnswer`; both directions are pure. What it has on record may be
 * asked.
 */
import type { AccountConnection, CallOptions, WebhookRequest } from './channel.ts'

/**
 * Why the provider calls us. incoming: somebody rings, what shall they hear; dialled: how ringing the business ended, what now;
 * status: what became of the caller's leg; leg: what became of the business's; whisper: the business picked up, what does it
 * hear; key: what it pressed.
 */
export const voiceHooks = ['incoming', 'dialled', 'status', 'leg', 'whisper', 'key'] as const
export type VoiceHook = (typeof voiceHooks)[number]

/** withheld: hides the number. other: calls from no telephone (a browser, a desk phone of one's own). */
export type Caller = { kind: 'phone'; phone: string; raw: string } | { kind: 'withheld' | 'other'; raw: string }

interface CallBase {
  /** The provider's id of the caller's leg. */
  callId: string
  /** The number that was called, as the provider's id of the account. */
  account: string
  caller: Caller
  callerName?: string
  city?: string
  state?: string
  /** ISO 3166 alpha-2. */
  country?: string
}

/** How ringing the business ended. not_bridged: somebody or a voicemail picked up, and nobody was connected. */
export type DialResult = 'answered' | 'not_bridged' | 'busy' | 'no_answer' | 'failed' | 'canceled'
/** How the caller's leg ended. completed says only that it was answered by something, perhaps by our own words. */
export type EndResult = 'completed' | 'busy' | 'no_answer' | 'failed' | 'canceled'

export type CallEvent =
  | (CallBase & { kind: 'ringing' })
  /** `seconds`: how long they were connected. `gone`: the caller has hung up, nobody hears an answer. */
  | (CallBase & { kind: 'dialled'; result: DialResult; seconds: number; gone: boolean })
  | (CallBase & { kind: 'ended'; result: EndResult; seconds: number })
  /** The business's leg: `answered` by somebody or something. */
  | { kind: 'leg'; callId: string; account: string; answered: boolean }
  /** Whoever picked up took the call, or did not. */
  | { kind: 'taken'; callId: string; account: string; taken: boolean }

/** `ignored`: nothing of it concerns a caller (legs of the business's own calls). */
export type ParsedCall = { event: CallEvent } | { ignored: string } | { malformed: string }

/** Where the provider is to call us next, by what for. */
export type HookUrls = Record<Exclude<VoiceHook, 'incoming' | 'status'>, string>

export type CallAnswer =
  /** Rings the business. `byKey`: whoever picks up is asked for a key first. `callerId`: E.164, absent: the provider's choice. */
  | { kind: 'ring'; to: string; callerId?: string; seconds: number; byKey: boolean; urls: HookUrls }
  /** `language`: BCP 47. */
  | { kind: 'say_and_hang_up'; text: string; language: string }
  | { kind: 'ask_for_key'; text: string; language: string; seconds: number; url: string }
  /** Nothing to say: a picked up leg is connected, a call goes on. */
  | { kind: 'go_on' }
  | { kind: 'hang_up' }

/** A call as the provider has it on record. `ended`: null while it goes on. */
export interface RecordedCall extends CallBase {
  startedAt: Date
  ended: { result: EndResult; seconds: number; at: Date } | null
}
/** unknown: it could not be asked. Calls oldest first. */
export type RecordedCalls = { outcome: 'listed'; calls: RecordedCall[] } | { outcome: 'unknown' }
/** What is on record of one call. `ended`: null while it goes on; `dialled`: null where nobody was rung. */
export type CallRecord =
  | { outcome: 'known'; ended: RecordedCall['ended']; dialled: { result: DialResult; seconds: number } | null }
  | { outcome: 'unknown' }

export interface Telephony {
  /** Value of channel_accounts.provider. */
  provider: string
  /** True when the delivery was signed with one of the secrets. Constant time. */
  verify(request: WebhookRequest, secrets: readonly string[]): boolean
  /** Total: whatever came, it returns. */
  parse(hook: VoiceHook, request: Pick<WebhookRequest, 'url' | 'rawBody'>): ParsedCall
  /** What the provider takes for an answer. */
  render(answer: CallAnswer): { contentType: string; body: string }
  /** Callers' calls to this number since then, where the provider keeps a record and announces them here. Never legs that were rung. */
  list?(account: AccountConnection, given: { since: Date } & CallOptions): Promise<RecordedCalls>
  /** Goes with `list`. */
  recordOf?(account: AccountConnection, given: { callId: string } & CallOptions): Promise<CallRecord>
}
