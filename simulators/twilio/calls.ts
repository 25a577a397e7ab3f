/** Calls: somebody rings a number of a business, and what our TwiML says is carried out. */
import { accountOf } from './accounts.ts'
import { dial } from './calls-dial.ts'
import { isGone, type Line, pause, pickUp, tell, tellStatus, voiceParams } from './calls-line.ts'
import { numberAt } from './numbers.ts'
import type { Call, CustomerCall } from './types.ts'
import { verbsOf } from './webhooks.ts'
import { newSid, type World } from './world.ts'
import type { Element } from './xml.ts'

/** Somebody rings. Returns the call at once; it goes on by itself. */
export function customerCalls(world: World, given: CustomerCall): Call {
  const number = numberAt(world, given.to)
  if (!number) throw new Error(`Nobody has the number ${given.to}.`)
  const now = world.clock.now()
  const call: Call = {
    ...{ sid: newSid(world, 'CA'), accountSid: number.accountSid, from: given.from, to: given.to, status: 'ringing' },
    ...{ heard: [], dialled: [], verbs: [], startedAt: now, answeredAt: null, endedAt: null },
  }
  world.calls.set(call.sid, call)
  const account = accountOf(world, number.accountSid)
  const gone = given.hangsUpAfterMs === undefined ? Number.POSITIVE_INFINITY : now + given.hangsUpAfterMs
  void run({ world, account, number, call, given, gone })
  return call
}

async function run(line: Line): Promise<void> {
  const { VoiceUrl, VoiceFallbackUrl } = line.number.settings
  if (VoiceUrl) await follow(line, await ask(line, VoiceUrl, {}, VoiceFallbackUrl))
  else line.call.status = 'failed'
  await end(line)
}

/** Asks an address what comes next. */
async function ask(line: Line, url: string, more: Record<string, string> = {}, fallbackUrl?: string): Promise<Element[]> {
  const params = { ...voiceParams(line), ...more, ...line.given.extra }
  return verbsOf(await tell(line, { url, params, kind: 'voice', wantsTwiml: true, ...(fallbackUrl ? { fallbackUrl } : {}) }))
}

/** Verbs that say or do something after which the call goes on with the next. */
const passing: Record<string, (line: Line, verb: Element) => Promise<void>> = {
  async Say(line, verb) {
    line.call.heard.push(verb.text.trim())
  },
  async Play(line, verb) {
    line.call.heard.push(verb.text.trim())
  },
  Pause: ({ world }, { attributes }) => pause(world, Number(attributes.length ?? 1) * 1000),
  async Gather(line, verb) {
    for (const one of verb.children) await passing[one.name]?.(line, one)
  },
  async Record(line, { attributes }) {
    if (attributes.recordingStatusCallback)
      await tell(line, { url: attributes.recordingStatusCallback, params: recordingParams(line), kind: 'recording' })
  },
}

/** Carries out what an answer says, until the call is over. */
async function follow(line: Line, verbs: readonly Element[]): Promise<void> {
  const { call } = line
  for (const verb of verbs) {
    if (isGone(line)) break
    call.verbs.push(verb.name)
    if (verb.name === 'Hangup') return
    if (verb.name === 'Reject') {
      call.status = verb.attributes.reason === 'busy' ? 'busy' : 'no-answer'
      return
    }
    if (verb.name === 'Redirect') return await follow(line, await ask(line, absolute(line, verb.text)))
    if (verb.name === 'Dial') {
      const ended = await dial(line, verb)
      if (ended.url === undefined) continue
      // The action is asked also where the caller is gone; then nobody hears what it says.
      const next = await ask(line, ended.url, ended.params)
      return isGone(line) ? undefined : await follow(line, next)
    }
    if (call.answeredAt === null) pickUp(line)
    await passing[verb.name]?.(line, verb)
  }
}

const absolute = (line: Line, url: string): string => new URL(url.trim(), line.number.settings.VoiceUrl).href

async function end(line: Line): Promise<void> {
  const { world, call, number } = line
  call.endedAt = world.clock.now()
  if (call.answeredAt !== null) call.status = 'completed'
  else if (call.status === 'ringing') call.status = isGone(line) ? 'canceled' : 'no-answer'
  if (!line.given.statusFirst || call.dialled.length === 0) await tellStatus(line, number.settings.StatusCallback)
}

const recordingParams = ({ world, call, account }: Line): Record<string, string> => {
  const sid = newSid(world, 'RE')
  const url = `${world.mountUrl()}/2010-04-01/Accounts/${account.sid}/Recordings/${sid}`
  return {
    ...{ CallSid: call.sid, AccountSid: account.sid, RecordingSid: sid, RecordingUrl: url, RecordingStatus: 'completed' },
    ...{ RecordingDuration: '5', RecordingChannels: '1', RecordingSource: 'RecordVerb' },
  }
}
