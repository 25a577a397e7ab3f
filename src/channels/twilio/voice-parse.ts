/** Twilio's voice webhooks as our call events. Pure and total: whatever the form says, it returns. */
import { cleanText } from '../../kernel/text.ts'
import type { CallEvent, Caller, DialResult, EndResult, ParsedCall, VoiceHook } from '../../ports/telephony.ts'
import { readForm } from './signature.ts'

type Params = ReadonlyMap<string, string>

/** What we put into the addresses of legs, whose own From and To are those of the business. */
export const callParameter = 'call'
export const numberParameter = 'number'

export function parseVoice(hook: VoiceHook, request: { url: string; rawBody: Buffer }): ParsedCall {
  const params = new Map([...readForm(request.rawBody)].map(([name, values]) => [name, cleanText(values[0] ?? '')]))
  const query = queryOf(request.url)
  if (hook === 'leg' || hook === 'whisper' || hook === 'key') return parseLeg(hook, params, query)
  const direction = params.get('Direction') ?? 'inbound'
  // The business's own leg reports here too, where the number says so.
  if (direction !== 'inbound') return { ignored: `direction ${direction}` }
  const callId = params.get('CallSid') ?? ''
  const account = params.get('To') || params.get('Called') || ''
  if (!isSid(callId)) return { malformed: 'CallSid is missing' }
  if (account === '') return { malformed: 'To is missing' }
  const base = { callId, account, caller: callerOf(params.get('From') || params.get('Caller') || ''), ...placeOf(params) }
  if (hook === 'incoming') return { event: { kind: 'ringing', ...base } }
  return hook === 'dialled' ? parseDialled(params, base) : parseEnded(params, base)
}

type Base = Omit<Extract<CallEvent, { kind: 'ringing' }>, 'kind'>

/** What a leg and a call may both end as. */
const unanswered = new Map([
  ['busy', 'busy'],
  ['no-answer', 'no_answer'],
  ['failed', 'failed'],
  ['canceled', 'canceled'],
] as const satisfies [string, DialResult & EndResult][])
const dialResults: ReadonlyMap<string, DialResult> = unanswered

function parseDialled(params: Params, base: Base): ParsedCall {
  const status = params.get('DialCallStatus') ?? ''
  const seconds = secondsOf(params.get('DialCallDuration'))
  const result =
    status === 'completed' || status === 'answered'
      ? bridged(params.get('DialBridged'), status, seconds)
      : dialResults.get(status)
  if (!result) return { malformed: `DialCallStatus ${JSON.stringify(status)}` }
  const gone = result === 'canceled' || params.get('CallStatus') === 'completed'
  return { event: { kind: 'dialled', ...base, result, seconds, gone } }
}

/** Older accounts do not say whether the two were connected: then a call that lasted was. */
function bridged(said: string | undefined, status: string, seconds: number): DialResult {
  if (said === 'true') return 'answered'
  if (said === 'false') return 'not_bridged'
  return status === 'answered' || seconds > 0 ? 'answered' : 'no_answer'
}

export const endResults: ReadonlyMap<string, EndResult> = new Map([...unanswered, ['completed', 'completed'] as const])

function parseEnded(params: Params, base: Base): ParsedCall {
  const status = params.get('CallStatus') ?? ''
  if (['queued', 'initiated', 'ringing', 'in-progress', 'answered'].includes(status)) return { ignored: `status ${status}` }
  const result = endResults.get(status)
  if (!result) return { malformed: `CallStatus ${JSON.stringify(status)}` }
  // Duration is in minutes.
  return { event: { kind: 'ended', ...base, result, seconds: secondsOf(params.get('CallDuration')) } }
}

/** Its own CallSid is the business's leg; the caller's is the parent's, which our address says as well. */
function parseLeg(hook: 'leg' | 'whisper' | 'key', params: Params, query: Params): ParsedCall {
  const callId = query.get(callParameter) || params.get('ParentCallSid') || ''
  const account = query.get(numberParameter) ?? ''
  if (!isSid(callId) || account === '') return { malformed: 'the address does not say which call it is about' }
  if (hook === 'key') return { event: { kind: 'taken', callId, account, taken: params.get('Digits') === '1' } }
  const status = params.get('CallStatus') ?? ''
  const answered = hook === 'leg' && ['answered', 'in-progress', 'completed'].includes(status)
  return { event: { kind: 'leg', callId, account, answered } }
}

const isSid = (text: string): boolean => /^CA[0-9A-Za-z]{1,62}$/.test(text)

/** ANONYMOUS, RESTRICTED, BLOCKED, UNKNOWN and UNAVAILABLE as they are typed on a telephone's keys. */
const keypad = new Set(['266696687', '7378742833', '2562533', '8656696', '86282452253'])
const hidden = /^(anonymous|restricted|blocked|unknown|unavailable|private|withheld)$/i

/** A number too short or too long for a telephone hides one as well: there is nobody to text. */
export function callerOf(raw: string): Caller {
  if (raw.includes(':')) return { kind: 'other', raw: raw.slice(0, 256) }
  const digits = raw.replace(/^\+/, '')
  if (raw === '' || hidden.test(raw) || keypad.has(digits) || !/^[1-9]\d{6,14}$/.test(digits))
    return { kind: 'withheld', raw: raw.slice(0, 256) }
  return { kind: 'phone', phone: `+${digits}`, raw }
}

/** Longest that a city or a name may be; what is longer is cut. */
const longest = 100

function placeOf(params: Params): Pick<Base, 'callerName' | 'city' | 'state' | 'country'> {
  const text = (name: string): string | undefined => params.get(name)?.trim().slice(0, longest) || undefined
  const [callerName, city, state] = [text('CallerName'), text('FromCity'), text('FromState')]
  const country = /^[A-Z]{2}$/.exec(params.get('FromCountry') ?? '')?.[0]
  return {
    ...(callerName ? { callerName } : {}),
    ...(city ? { city } : {}),
    ...(state ? { state } : {}),
    ...(country ? { country } : {}),
  }
}

const secondsOf = (text: string | undefined): number => (text !== undefined && /^\d{1,7}$/.test(text) ? Number(text) : 0)

function queryOf(url: string): Params {
  const start = url.indexOf('?')
  return new Map(
    start === -1
      ? []
      : [...new URLSearchParams(url.slice(start + 1).split('#')[0])].map(([name, value]) => [name, cleanText(value)]),
  )
}
