/** The verb Dial: a telephone of the business rings, with callbacks about its leg and a question for whoever picks up. */
import { isGone, type Line, pause, pickUp, tell, tellStatus } from './calls-line.ts'
import type { Answering } from './types.ts'
import { verbsOf } from './webhooks.ts'
import { newSid, rfc2822 } from './world.ts'
import type { Element } from './xml.ts'

const defaultTimeoutS = 30
/** How long a telephone rings, and how long people talk, where nothing is said. Milliseconds. */
const [usualRing, usualTalk] = [20, 2000]

type Status = 'completed' | 'busy' | 'no-answer' | 'failed' | 'canceled'
type Ended = { status: Status; bridged: boolean; seconds: number }

/** What is to be asked next: the address and what it is told. No address: the call goes on with the next verb. */
export async function dial(line: Line, verb: Element): Promise<{ url?: string; params: Record<string, string> }> {
  const { call, given, number } = line
  const { attributes } = verb
  const target = verb.children.find(({ name }) => name === 'Number')
  const to = (target?.text ?? verb.text).trim()
  const leg: Leg = { line, target, sid: newSid(line.world, 'CA'), to, callerId: attributes.callerId ?? call.from, sequence: 0 }
  const timeout = Number(attributes.timeout ?? defaultTimeoutS)
  // Without answerOnBridge the caller hears our ringing on a call that is answered.
  if (attributes.answerOnBridge !== 'true') pickUp(line)
  const startedAt = line.world.clock.now()
  const ended = await ring(leg, timeout)
  const { sid, callerId } = leg
  call.dialled.push({ sid, to, callerId, timeout, ...ended, startedAt, endedAt: line.world.clock.now() })
  if (given.statusFirst) {
    if (call.answeredAt !== null || isGone(line))
      call.status = isGone(line) && call.answeredAt === null ? 'canceled' : 'completed'
    await tellStatus(line, number.settings.StatusCallback)
  }
  const params = {
    ...{ CallStatus: isGone(line) ? 'completed' : 'in-progress', DialCallStatus: ended.status, DialCallSid: leg.sid },
    ...(ended.bridged || ended.seconds > 0 ? { DialCallDuration: String(ended.seconds) } : {}),
    ...(given.withoutBridged ? {} : { DialBridged: String(ended.bridged) }),
  }
  if (ended.bridged || !isGone(line)) call.status = 'in-progress'
  return { ...(attributes.action ? { url: attributes.action } : {}), params }
}

type Leg = { line: Line; target: Element | undefined; sid: string; to: string; callerId: string; sequence: number }

async function ring(leg: Leg, timeoutS: number): Promise<Ended> {
  const { line } = leg
  const answering: Answering = line.given.answering ?? { kind: 'nobody' }
  await report(leg, 'initiated')
  if (answering.kind === 'failed' || answering.kind === 'busy') return await over(leg, answering.kind)
  await report(leg, 'ringing')
  const wanted = answering.afterMs ?? usualRing
  const { world } = line
  const rings = Math.min(wanted, timeoutS * 1000, Math.max(0, line.gone - world.clock.now()))
  await pause(world, rings)
  if (isGone(line)) return await over(leg, 'canceled')
  if (answering.kind === 'nobody' || wanted > timeoutS * 1000) return await over(leg, 'no-answer')
  await report(leg, 'in-progress')
  if (!(await isTaken(leg, answering))) return await over(leg, 'completed')
  pickUp(line)
  const talk = answering.kind === 'declines' ? 0 : (answering.talkMs ?? usualTalk)
  await pause(world, Math.min(talk, Math.max(0, line.gone - world.clock.now())))
  return await over(leg, 'completed', true, Math.round(talk / 1000))
}

/** Whoever picks up hears the question first; without one the two are connected at once. */
async function isTaken(leg: Leg, answering: Answering): Promise<boolean> {
  const url = leg.target?.attributes.url
  if (!url) return true
  for (const verb of await askLeg(leg, url)) {
    if (verb.name === 'Hangup' || verb.name === 'Reject') return false
    if (verb.name !== 'Gather' || answering.kind !== 'person' || !verb.attributes.action) continue
    const next = await askLeg(leg, verb.attributes.action, { Digits: '1' })
    return !next.some(({ name }) => name === 'Hangup')
  }
  return true
}

const askLeg = async (leg: Leg, url: string, more: Record<string, string> = {}): Promise<Element[]> =>
  verbsOf(
    await tell(leg.line, { url, params: { ...legParams(leg, 'in-progress'), ...more }, kind: 'voice-leg', wantsTwiml: true }),
  )

async function over(leg: Leg, status: Status, bridged = false, seconds = 0): Promise<Ended> {
  await report(leg, status)
  return { status, bridged, seconds }
}

const words: Record<string, string> = { 'in-progress': 'answered' }
const ends = ['completed', 'busy', 'no-answer', 'failed', 'canceled']

/** Callbacks about the leg, of the kinds that were asked for. */
async function report(leg: Leg, status: string): Promise<void> {
  const { statusCallback, statusCallbackEvent = 'completed' } = leg.target?.attributes ?? {}
  const event = ends.includes(status) ? 'completed' : (words[status] ?? status)
  const sequence = leg.sequence++
  if (!statusCallback || !statusCallbackEvent.split(/\s+/).includes(event)) return
  const params = {
    ...legParams(leg, status),
    ...{ CallbackSource: 'call-progress-events', SequenceNumber: String(sequence) },
    Timestamp: rfc2822(leg.line.world.clock.now()),
  }
  // Nobody waits for it: it may come after what follows.
  void tell(leg.line, { url: statusCallback, params, kind: 'call-leg' })
}

const legParams = ({ line, sid, to, callerId }: Leg, status: string): Record<string, string> => ({
  ...{ CallSid: sid, ParentCallSid: line.call.sid, AccountSid: line.account.sid, ApiVersion: '2010-04-01' },
  ...{ Direction: 'outbound-dial', CallStatus: status, From: callerId, Caller: callerId, To: to, Called: to },
})
