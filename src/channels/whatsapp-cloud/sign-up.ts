/**
 * Embedded Signup: the window of Meta in which a business shares its numbers with the platform's app. What it gives is a
 * code; exchanged with the app's secret it becomes a token for the business's account. Facts: Meta, "Onboarding business
 * customers as a Tech Provider".
 */

import { toE164 } from '../../kernel/phone.ts'
import { type Json, list, member, record, string } from '../../kernel/read.ts'
import type { CallOptions, ChannelSignUp, SignUpAccount, SignUpApp, SignUpFailed } from '../../ports/channel.ts'
import { type ClientDeps, callGraph, type GraphAnswer, type GraphRequest } from './client.ts'
import { type Connection, graphId, whatsAppCloudConfig } from './config.ts'

type Read = Awaited<ReturnType<ChannelSignUp['read']>>
type Opened = Awaited<ReturnType<ChannelSignUp['open']>>

/** What a token must be allowed, each for the business account in question. */
const wanted = ['whatsapp_business_management', 'whatsapp_business_messaging'] as const
const callMs = 20_000

const failed = (code: string, text: string): SignUpFailed => ({ outcome: 'failed', code, text })

/** The Graph API as the app itself (`id|secret`), or with the business's token. */
function connectionTo(app: SignUpApp, accessToken: string): Connection | undefined {
  const config = whatsAppCloudConfig.safeParse(app.url ? { graphUrl: app.url } : {})
  if (!config.success) return undefined
  const base = `${config.data.graphUrl.replace(/\/+$/, '')}/${config.data.graphVersion}`
  return { ...config.data, accessToken, phoneNumberId: '', base }
}
const notSetUp = failed('config', 'The address of WhatsApp is not set up rightly on this server.')

const ask = (deps: ClientDeps, connection: Connection, path: string, request: Partial<GraphRequest>, options?: CallOptions) =>
  callGraph(deps, connection, { ...request, url: `${connection.base}/${path}`, timeoutMs: callMs, signal: options?.signal })

/** Words for an answer that is none; the provider's own are left out: they may quote code and token. */
function problem(answer: Exclude<GraphAnswer, { kind: 'ok' }>, refused: string): SignUpFailed {
  if (answer.kind !== 'refused')
    return failed(answer.code, 'WhatsApp could not be reached, or gave no usable answer. Begin again.')
  const code = answer.refusal.code === undefined ? `http_${answer.refusal.status}` : String(answer.refusal.code)
  return failed(code, pinWords[code] ?? refused)
}
const pinWords: Record<string, string> = {
  '133005': 'This number has a two-step PIN already. Turn two-step verification off in the WhatsApp Manager, then begin again.',
  '133016': 'This number was registered too often in the last three days. Wait, then begin again.',
}

export async function readSignUp(
  deps: ClientDeps,
  app: SignUpApp,
  given: { code: string; owner: string; account?: string },
  options?: CallOptions,
): Promise<Read> {
  const asApp = connectionTo(app, `${app.id}|${app.secret}`)
  if (!asApp || !graphId.safeParse(given.owner).success) return notSetUp
  const query = new URLSearchParams({ client_id: app.id, client_secret: app.secret, code: given.code })
  const exchanged = await ask(deps, asApp, `oauth/access_token?${query}`, { bare: true }, options)
  const refusedCode = 'WhatsApp does not take the code: it was used, or is too old. Begin again.'
  if (exchanged.kind !== 'ok') return problem(exchanged, refusedCode)
  const token = string(exchanged.body.access_token)
  if (token === undefined || !/^[\x21-\x7e]{1,4096}$/.test(token)) return failed('no_token', refusedCode)

  const inspected = await ask(deps, asApp, `debug_token?${new URLSearchParams({ input_token: token })}`, {}, options)
  if (inspected.kind !== 'ok') return problem(inspected, 'WhatsApp does not say what the token is good for. Begin again.')
  const wrong = tokenProblem(record(inspected.body.data) ?? {}, app, given.owner)
  if (wrong) return wrong

  const asBusiness = { ...asApp, accessToken: token }
  const fields = 'id,display_phone_number,verified_name,status,platform_type'
  const listed = await ask(deps, asBusiness, `${given.owner}/phone_numbers?fields=${fields}&limit=100`, {}, options)
  if (listed.kind !== 'ok')
    return problem(listed, 'The WhatsApp Business account cannot be read: it was not shared in the sign-up window.')
  const accounts = list(listed.body.data).flatMap(accountOf)
  const chosen = given.account ? accounts.filter(({ externalId }) => externalId === given.account) : accounts
  if (chosen.length === 0)
    return failed(
      'no_number',
      given.account
        ? 'This number does not belong to the WhatsApp Business account that was shared.'
        : 'The WhatsApp Business account has no number yet. Add one in the sign-up window.',
    )
  return { outcome: 'read', token, accounts: chosen }
}

/** A token of another app, or one that does not reach the account it was said to be for, is not taken. */
function tokenProblem(data: Json, app: SignUpApp, owner: string): SignUpFailed | undefined {
  if (data.is_valid !== true) return failed('token_invalid', 'WhatsApp says the token is not valid. Begin again.')
  if (string(data.app_id) !== app.id) return failed('other_app', 'The code belongs to another app than this server’s.')
  const scopes = list(data.scopes)
  const missing = wanted.filter((scope) => !scopes.includes(scope))
  if (missing.length > 0)
    return failed(
      'scopes',
      `These permissions were not granted in the sign-up window: ${missing.join(', ')}. Begin again and leave them on.`,
    )
  for (const scope of wanted) {
    // Without targets it is granted for everything.
    const granted = list(data.granular_scopes).find((one) => member(one, 'scope') === scope)
    const targets = list(member(granted, 'target_ids')).map(String)
    if (targets.length > 0 && !targets.includes(owner))
      return failed('not_granted', 'This WhatsApp Business account was not shared in the sign-up window.')
  }
  return undefined
}

function accountOf(item: unknown): SignUpAccount[] {
  const externalId = graphId.safeParse(string(member(item, 'id')))
  if (!externalId.success) return []
  const shown = string(member(item, 'display_phone_number')) ?? ''
  return [
    {
      externalId: externalId.data,
      name: string(member(item, 'verified_name')) ?? shown,
      address: toE164(shown, 'US') ?? shown,
      open: string(member(item, 'platform_type')) === 'CLOUD_API' && string(member(item, 'status')) === 'CONNECTED',
    },
  ]
}

export async function openSignUp(
  deps: ClientDeps,
  app: SignUpApp,
  given: { token: string; owner: string; accounts: readonly { externalId: string; open: boolean; pin: string }[] },
  options?: CallOptions,
): Promise<Opened> {
  const connection = connectionTo(app, given.token)
  if (!connection) return notSetUp
  const subscription = `${given.owner}/subscribed_apps`
  const before = await ask(deps, connection, subscription, {}, options)
  if (before.kind !== 'ok') return problem(before, 'WhatsApp does not say which apps hear of the account.')
  const heard = list(before.body.data).some(
    (item) => string(member(member(item, 'whatsapp_business_api_data'), 'id')) === app.id,
  )
  const opened: string[] = []
  // Not with the caller's signal: what was begun is taken back also when nobody waits any more.
  const undo = async () => {
    for (const id of opened) await ask(deps, connection, `${id}/deregister`, { method: 'POST', json: {} })
    if (!heard) await ask(deps, connection, subscription, { method: 'DELETE' })
  }
  const subscribed = await ask(deps, connection, subscription, { method: 'POST', json: {} }, options)
  if (subscribed.kind !== 'ok') {
    await undo()
    return problem(subscribed, 'WhatsApp does not let this server hear of the account.')
  }
  for (const account of given.accounts.filter(({ open }) => !open)) {
    const json = { messaging_product: 'whatsapp', pin: account.pin }
    const registered = await ask(deps, connection, `${account.externalId}/register`, { method: 'POST', json }, options)
    if (registered.kind !== 'ok') {
      if (registered.kind === 'unknown') opened.push(account.externalId)
      await undo()
      return problem(registered, 'WhatsApp does not register the number. Look at its state in the WhatsApp Manager.')
    }
    opened.push(account.externalId)
  }
  return { outcome: 'opened', undo }
}
