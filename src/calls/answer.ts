/** What a caller, or whoever picks up, hears. Pure. */
import type { CallAnswer, CallEvent, HookUrls, VoiceHook } from '../ports/telephony.ts'
import type { SettingsRow } from './settings.ts'
import type { CallRow } from './store.ts'

/** Under /hooks/<provider>[/<app>]. */
export const hookPath: Record<VoiceHook, string> = {
  incoming: '/voice',
  dialled: '/voice/dial-action',
  status: '/voice/status',
  leg: '/voice/leg',
  whisper: '/voice/whisper',
  key: '/voice/key',
}

/** What of a number's settings is needed to answer a caller. */
export type KnownSettings = Pick<SettingsRow, (typeof needed)[number]>
const needed = [
  'forward_to',
  'ring_seconds',
  'answer_by_key',
  'name',
  'language',
  'missed_call_greeting',
  'missed_call_greeting_without_text',
] as const satisfies readonly (keyof SettingsRow)[]
export const knownOf = (settings: SettingsRow): KnownSettings =>
  Object.fromEntries(needed.map((name) => [name, settings[name]])) as unknown as KnownSettings

/** What is known of the number; `call` as it is now, undefined where it is not known or is another. */
export interface Known {
  settings: KnownSettings
  call?: Pick<CallRow, 'call_sid' | 'outcome' | 'text_message_id' | 'sms_triggered'> | undefined
}

export interface UrlParts {
  /** https://…/hooks */
  base: string
  provider: string
  appSlug: string
}

/** How long whoever picks up has for the key. Seconds. */
const keySeconds = 8
/** Where nothing is known of the number. */
const apology = 'Sorry, we cannot take your call right now. Please call again later.'

export function answerTo(hook: VoiceHook, event: CallEvent, known: Known | undefined, urls: UrlParts): CallAnswer {
  switch (event.kind) {
    case 'ringing':
      // A number that came here after it was written into the settings would ring itself, and that call again, without end.
      return known?.settings.forward_to && known.settings.forward_to !== event.account
        ? ring(event, known.settings, known.settings.forward_to, urls)
        : missed(event, known)
    case 'dialled':
      if (event.gone) return { kind: 'go_on' }
      return event.result === 'answered' ? { kind: 'hang_up' } : missed(event, known)
    case 'leg':
      return hook === 'whisper' ? question(event, known, urls) : { kind: 'go_on' }
    case 'taken':
      return event.taken ? { kind: 'go_on' } : { kind: 'hang_up' }
    default:
      return { kind: 'go_on' }
  }
}

function ring(event: Extract<CallEvent, { kind: 'ringing' }>, settings: KnownSettings, to: string, urls: UrlParts): CallAnswer {
  return {
    ...{ kind: 'ring', to, seconds: settings.ring_seconds, byKey: settings.answer_by_key, urls: hookUrls(event, urls) },
    // A hidden number cannot be shown; then the number that was called is.
    callerId: event.caller.kind === 'phone' ? event.caller.phone : event.account,
  }
}

function missed(event: CallEvent, known: Known | undefined): CallAnswer {
  const call = known?.call?.call_sid === event.callId ? known.call : undefined
  const text = !known
    ? apology
    : call?.sms_triggered
      ? known.settings.missed_call_greeting
      : known.settings.missed_call_greeting_without_text
  return { kind: 'say_and_hang_up', text, language: known?.settings.language ?? 'en' }
}

function question(event: CallEvent, known: Known | undefined, urls: UrlParts): CallAnswer {
  const text = `${known ? `A call for ${known.settings.name}.` : 'A call.'} Press 1 to take it.`
  return { kind: 'ask_for_key', text, language: 'en', seconds: keySeconds, url: hookUrls(event, urls).key }
}

/** Tried up to five times within fifteen seconds, also where this server is just being started again. */
const tries = '#rc=5&rp=ct,rt,5xx'

export const hookUrl = ({ base, provider, appSlug }: UrlParts, hook: VoiceHook): string =>
  `${base}/${provider}${appSlug === '' ? '' : `/${appSlug}`}${hookPath[hook]}`

function hookUrls(event: Pick<CallEvent, 'callId' | 'account'>, parts: UrlParts): HookUrls {
  const about = new URLSearchParams({ call: event.callId, number: event.account })
  const url = (hook: VoiceHook, query = '') => `${hookUrl(parts, hook)}${query}${tries}`
  const query = `?${about}`
  return { dialled: url('dialled'), leg: url('leg', query), whisper: url('whisper', query), key: url('key', query) }
}
