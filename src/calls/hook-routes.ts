/**
 * Where telephony providers ask what a caller shall hear, and tell how a call went: verify → parse → receive → answer. They wait
 * some seconds and hardly ask twice: while the database is away, what was told waits on the disk, and the caller is answered from
 * what was last known of the number.
 */
import type { FastifyPluginAsync, FastifyRequest } from 'fastify'
import { asCalled, type FindApp } from '../conversations/webhook-routes.ts'
import { ParleyError } from '../kernel/errors.ts'
import { isUnavailable } from '../platform/db/errors.ts'
import type { Database } from '../platform/db/tx.ts'
import type { SealedMap } from '../platform/sealed-map.ts'
import { type Spool, type Spooled, SpoolFull } from '../platform/spool.ts'
import type { CallAnswer, CallEvent, ParsedCall, Telephony, VoiceHook } from '../ports/telephony.ts'
import { answerTo, hookPath, type KnownSettings, knownOf } from './answer.ts'
import { type CallDeps, timeOf } from './deps.ts'
import { receiveCall } from './receive.ts'

/** Forms of a few hundred bytes; AddOns may make them long. */
const maxBodyBytes = 256 * 1024

export interface CallHookDeps {
  deps: CallDeps
  /** Connections that only intake uses. */
  intake: Database
  findApp: FindApp
  publicUrl: () => string
  /** How each number was last seen to want its calls taken, also before a restart. */
  known: SealedMap<KnownSettings>
  /** Absent: while the database is away, everything is refused. */
  spool?: Spool
}

export const spoolSource = (provider: string): string => `calls:${provider}`

interface About {
  provider: string
  appSlug: string
  event: CallEvent
}

/** What has to stay in its order: the events of one call. */
const orderOf = ({ appSlug, event }: About): string => `${appSlug}|${event.callId}`

/** Takes in what waited on the disk. */
export const takeSpooledCall =
  (deps: CallDeps, intake: Database) =>
  async ({ receivedAt, about }: Spooled): Promise<void> => {
    await receiveCall(deps, { ...(about as unknown as About), at: receivedAt }, intake)
  }

export const callHookRoutes: FastifyPluginAsync<CallHookDeps> = async (server, given) => {
  const { deps, intake, findApp, publicUrl, spool, known } = given
  server.removeAllContentTypeParsers()
  server.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body))
  /** Until when the database is taken to be away, as it just was: callers listen meanwhile. Unix milliseconds. */
  let awayUntil = 0

  for (const telephony of deps.telephony.values())
    for (const app of ['', '/:app'])
      for (const [hook, path] of Object.entries(hookPath) as [VoiceHook, string][])
        server.post(
          `/${telephony.provider}${app}${path}`,
          {
            bodyLimit: maxBodyBytes,
            schema: { tags: ['Webhooks'], summary: `Calls of ${telephony.provider}: ${summaries[hook]}` },
          },
          async (request: FastifyRequest, reply) => {
            const { app: appSlug = '' } = request.params as { app?: string }
            const { contentType, body } = telephony.render(await carry(telephony, hook, appSlug, request))
            return reply.type(contentType).send(body)
          },
        )

  async function carry(telephony: Telephony, hook: VoiceHook, appSlug: string, request: FastifyRequest): Promise<CallAnswer> {
    const parsed = await requireSigned(telephony, hook, appSlug, request)
    if ('event' in parsed) return await take(hook, { provider: telephony.provider, appSlug, event: parsed.event })
    if ('malformed' in parsed)
      deps.log.warn('A webhook about a call could not be read', {
        ...{ operation: 'calls', provider: telephony.provider, hook, error: parsed.malformed },
      })
    return { kind: 'go_on' }
  }

  async function requireSigned(
    telephony: Telephony,
    hook: VoiceHook,
    appSlug: string,
    request: FastifyRequest,
  ): Promise<ParsedCall> {
    const app = await findApp(telephony.provider, appSlug)
    if (!app) throw new ParleyError('not_found', 'No app receives webhooks at this address.')
    const called = asCalled(request, Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0), publicUrl())
    if (app.secrets.length > 0 && telephony.verify(called, app.secrets)) return telephony.parse(hook, called)
    deps.log.warn('A webhook with a wrong signature was refused', {
      ...{ operation: 'calls', provider: telephony.provider, app: appSlug, hook },
    })
    throw new ParleyError('bad_signature', 'The signature does not match. Check the auth token and PUBLIC_URL.')
  }

  async function take(hook: VoiceHook, about: About): Promise<CallAnswer> {
    const key = `${about.provider}/${about.appSlug}/${about.event.account}`
    const urls = { base: `${publicUrl().replace(/\/+$/, '')}/hooks`, ...about }
    // What waits of the same call goes first, so that nothing is told out of order by us; that of others does not matter.
    if (!spool?.isBehind(spoolSource(about.provider), orderOf(about)) && Date.now() >= awayUntil) {
      try {
        const taken = await receiveCall(deps, { ...about, at: timeOf(deps) }, intake)
        if (taken) {
          known.remember(key, knownOf(taken.settings))
          return answerTo(hook, about.event, taken, urls)
        }
        known.remember(key, null)
        deps.log.warn('A call came for a number that nobody here has', {
          ...{ operation: 'calls', provider: about.provider, app: about.appSlug },
        })
        return hook === 'incoming' ? { kind: 'say_and_hang_up', text: nobodyHere, language: 'en' } : { kind: 'go_on' }
      } catch (error) {
        if (!isUnavailable(error)) throw error
        awayUntil = Date.now() + awayMs
      }
    }
    await keep(about)
    const settings = known.get(key)
    return answerTo(hook, about.event, settings ? { settings } : undefined, urls)
  }

  async function keep(about: About): Promise<void> {
    if (!spool) throw new ParleyError('unavailable', 'The database is not available. Send again later.')
    try {
      await spool.put({
        ...{ source: spoolSource(about.provider), order: orderOf(about), receivedAt: timeOf(deps), body: Buffer.alloc(0) },
        about: about as unknown as Record<string, unknown>,
      })
    } catch (error) {
      deps.log.error('A call could not be kept on the disk', { operation: 'spool', error: (error as Error).message })
      const full = error instanceof SpoolFull ? 'Too much waits to be stored.' : 'It could not be stored.'
      throw new ParleyError('unavailable', `${full} Send again later.`)
    }
  }
}

/** A database that did not answer is asked again after so long. */
const awayMs = 1000
const nobodyHere = 'This number is not in service.'
const summaries: Record<VoiceHook, string> = {
  incoming: 'somebody rings',
  dialled: 'how ringing the business ended',
  status: 'how the call ended',
  leg: 'what became of the leg of the business',
  whisper: 'the business picked up',
  key: 'what it pressed',
}
