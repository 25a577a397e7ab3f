/** Numbers at Twilio: searched, bought, set up, put into a messaging service and given back. Each call may be made again. */
import { id, list, member, number, string } from '../../kernel/read.ts'
import type {
  NumberAbility,
  NumberKind,
  NumberPrice,
  NumberQuery,
  NumberSeller,
  OfferedNumber,
  OwnedNumber,
  SellerAccess,
  Told,
} from '../../ports/number-seller.ts'
import { type ClientDeps, callTwilio, type TwilioAnswer, type TwilioRequest } from './client.ts'
import { accountPath, type Connection } from './config.ts'
import { notDone } from './number-failures.ts'
import { type Ask, findHooks, hookForm, setServiceHook } from './number-hooks.ts'

type Body = Extract<TwilioAnswer, { kind: 'ok' }>['body']
/** A 404 without it is of somebody in between. */
const notFoundCode = 20404
/** An answer that lacks what it should have says nothing of what was done. */
const unusable = { outcome: 'unknown', code: 'unreadable_answer', text: 'Twilio gave no usable answer.' } as const

function connectionFor({ accountSid, credentials, apiUrl }: SellerAccess): Connection {
  const { authToken = '', apiKeySid, apiKeySecret } = credentials
  const byKey = apiKeySid !== undefined && apiKeySecret !== undefined
  return {
    ...{ accountSid, address: '', appSlug: '', ...(apiUrl === undefined ? {} : { apiUrl }) },
    login: byKey ? `${apiKeySid}:${apiKeySecret}` : `${accountSid}:${authToken}`,
    secrets: [authToken, apiKeySecret].filter((secret) => secret !== undefined && secret !== ''),
  } as Connection
}

export function createTwilioNumbers(deps: Pick<ClientDeps, 'fetch' | 'publicUrl'>): NumberSeller {
  const client: ClientDeps = { ...deps, now: () => new Date(), random: Math.random }
  /** `read` gives the value, or undefined where the answer lacks it. `gone`: what a 404 counts as, where it is Twilio's own. */
  async function ask<T>(
    access: SellerAccess,
    request: TwilioRequest,
    read: (body: Body) => T | undefined,
    also: { gone?: T; codes?: Record<number, T> } = {},
  ): Promise<Told<T>> {
    const answer = await callTwilio(client, connectionFor(access), request)
    if (answer.kind === 'ok') {
      const value = read(answer.body)
      return value === undefined ? unusable : { outcome: 'done', value }
    }
    if (answer.kind === 'refused') {
      const { status, code } = answer.refusal
      if (status === 404 && code === notFoundCode && 'gone' in also) return { outcome: 'done', value: also.gone as T }
      if (code !== undefined && also.codes && code in also.codes) return { outcome: 'done', value: also.codes[code] as T }
    }
    return notDone(answer)
  }
  const own = (access: SellerAccess, rest: string): string => `${accountPath(access)}/IncomingPhoneNumbers${rest}.json`

  return {
    provider: 'twilio',
    check: (access, { signal } = {}) =>
      ask(access, { path: `${accountPath(access)}.json`, signal }, (body) =>
        string(body.sid) === access.accountSid ? null : undefined,
      ),
    search: (access, query, { signal } = {}) =>
      ask(
        access,
        {
          path: `${accountPath(access)}/AvailablePhoneNumbers/${query.country}/${folders[query.kind]}.json?${asked(query)}`,
          signal,
        },
        (body) => (Array.isArray(body.available_phone_numbers) ? offered(body.available_phone_numbers, query) : undefined),
        // Of this kind nothing is sold there.
        { gone: [] },
      ),
    prices: (access, country, { signal } = {}) =>
      ask(access, { host: 'pricing', path: `/v1/PhoneNumbers/Countries/${country}`, signal }, pricesIn, { gone: [] }),
    find: (access, wanted, { signal } = {}) =>
      ask(
        access,
        { path: `${own(access, '')}?${new URLSearchParams({ PhoneNumber: wanted, PageSize: '50' })}`, signal },
        (body) => (Array.isArray(body.incoming_phone_numbers) ? exactly(body.incoming_phone_numbers, wanted) : undefined),
      ),
    buy: (access, { number: wanted, name, addressSid, bundleSid }, { signal } = {}) =>
      ask(
        access,
        {
          ...{ method: 'POST', path: own(access, ''), signal },
          form: filled({ PhoneNumber: wanted, FriendlyName: name, AddressSid: addressSid, BundleSid: bundleSid }),
        },
        ownedIn,
      ),
    setHooks: (access, sid, hooks, { signal } = {}) =>
      ask(access, { method: 'POST', path: own(access, `/${sid}`), form: hookForm(hooks), signal }, (body) =>
        string(body.voice_url) === hooks.voice && string(body.sms_url) === hooks.texts ? null : undefined,
      ),
    findHooks: (access, given, { signal } = {}) =>
      findHooks(ask, access, { ...given, numberPath: own(access, `/${given.numberSid}`) }, signal),
    setServiceHook: (access, given, { signal } = {}) => setServiceHook(ask, access, given, signal),
    makeService: (access, given, { signal } = {}) => makeService(ask, access, given, signal),
    joinService: (access, { serviceSid, numberSid }, { signal } = {}) =>
      ask(
        access,
        {
          ...{ method: 'POST', host: 'messaging', path: `/v1/Services/${serviceSid}/PhoneNumbers`, signal },
          form: filled({ PhoneNumberSid: numberSid }),
        },
        (body) => (string(body.sid) === numberSid ? null : undefined),
        // It is in this service already.
        { codes: { 21710: null } },
      ),
    dropService: (access, serviceSid, { signal } = {}) =>
      ask(access, { method: 'DELETE', host: 'messaging', path: `/v1/Services/${serviceSid}`, signal }, () => null, {
        gone: null,
      }),
    giveBack: (access, sid, { signal } = {}) =>
      ask(access, { method: 'DELETE', path: own(access, `/${sid}`), signal }, () => null, { gone: null }),
  }
}

const servicePages = 20

/** One whose answer was lost is there under its name: looked for first, page by page. */
async function makeService(
  ask: Ask,
  access: SellerAccess,
  given: { name: string; texts: string },
  signal: AbortSignal | undefined,
): Promise<Told<string>> {
  let path: string | undefined = '/v1/Services?PageSize=100'
  for (let page = 0; path !== undefined && page < servicePages; page++) {
    const told: Told<{ found: unknown; next: string | undefined }> = await ask(
      access,
      { host: 'messaging', path, signal },
      (body) =>
        Array.isArray(body.services)
          ? {
              found: body.services.find((one) => string(member(one, 'friendly_name')) === given.name),
              next: pathOf(string(member(body.meta, 'next_page_url'))),
            }
          : undefined,
    )
    if (told.outcome !== 'done') return told
    const sid = id(member(told.value.found, 'sid'), 64)
    if (sid !== undefined) return { outcome: 'done', value: sid }
    path = told.value.next
  }
  const form = filled({ FriendlyName: given.name, InboundRequestUrl: given.texts, InboundMethod: 'POST' })
  return await ask(access, { method: 'POST', host: 'messaging', path: '/v1/Services', form, signal }, (body) =>
    id(body.sid, 64),
  )
}

/** Without its host: the credentials stay where they are. */
function pathOf(url: string | undefined): string | undefined {
  const parsed = url === undefined ? null : URL.parse(url)
  return parsed?.pathname.endsWith('/v1/Services') ? `/v1/Services${parsed.search}` : undefined
}

const filled = (given: Record<string, string | undefined>): (readonly [string, string])[] =>
  Object.entries(given).flatMap(([name, value]) => (value === undefined ? [] : [[name, value] as const]))

const folders: Record<NumberKind, string> = { local: 'Local', mobile: 'Mobile', toll_free: 'TollFree' }
const kinds: Record<string, NumberKind> = { local: 'local', mobile: 'mobile', 'toll free': 'toll_free' }
const enabled: Partial<Record<NumberAbility, string>> = { voice: 'VoiceEnabled', sms: 'SmsEnabled', mms: 'MmsEnabled' }

function asked({ areaCode, contains, locality, needs, limit }: NumberQuery): URLSearchParams {
  const able = Object.fromEntries(needs.flatMap((one) => (enabled[one] ? [[enabled[one], 'true']] : [])))
  return new URLSearchParams(
    filled({ AreaCode: areaCode, Contains: contains, InLocality: locality, ...able, PageSize: String(limit) }) as [
      string,
      string,
    ][],
  )
}

const offered = (all: readonly unknown[], { kind, country, limit }: NumberQuery): OfferedNumber[] =>
  all
    .flatMap((one): OfferedNumber[] => {
      const wanted = string(member(one, 'phone_number'))
      if (wanted === undefined || !/^\+[0-9]{6,20}$/.test(wanted)) return []
      return [
        {
          ...{ number: wanted, kind, country: string(member(one, 'iso_country')) ?? country },
          ...{ locality: string(member(one, 'locality')) ?? null, region: string(member(one, 'region')) ?? null },
          abilities: abilitiesOf(member(one, 'capabilities')),
          needsAddress: !['none', undefined].includes(string(member(one, 'address_requirements'))),
        },
      ]
    })
    .slice(0, limit)

/** Written in small letters of what one has, in capitals of what is offered. */
const abilitiesOf = (capabilities: unknown): NumberAbility[] =>
  (['voice', 'sms', 'mms', 'fax'] as const).filter(
    (one) => member(capabilities, one) === true || member(capabilities, one.toUpperCase()) === true,
  )

function ownedIn(body: unknown): OwnedNumber | undefined {
  const sid = id(member(body, 'sid'), 64)
  if (sid === undefined) return undefined
  return { sid, name: string(member(body, 'friendly_name')) ?? '', abilities: abilitiesOf(member(body, 'capabilities')) }
}

/** A search finds longer numbers that contain it too. null: the account does not have it. */
function exactly(all: readonly unknown[], wanted: string): OwnedNumber | null | undefined {
  const one = all.find((each) => string(member(each, 'phone_number')) === wanted)
  return one === undefined ? null : ownedIn(one)
}

function pricesIn(body: Body): NumberPrice[] | undefined {
  const currency = string(body.price_unit)?.toUpperCase()
  if (currency === undefined || !/^[A-Z]{3}$/.test(currency)) return undefined
  return list(body.phone_number_prices).flatMap((one) => {
    const kind = kinds[string(member(one, 'number_type')) ?? '']
    const price = number(member(one, 'current_price')) ?? number(member(one, 'base_price'))
    return kind === undefined || price === undefined ? [] : [{ kind, monthlyCents: Math.round(price * 100), currency }]
  })
}
