/**
 * What Parley asks of a telephony provider that sells numbers. A provider that does exports one `NumberSeller` beside its
 * `Channel`. Each member is one call that may be made again: what was done already counts as done. How it ended is a value.
 */

/** What opens an account at the provider. */
export interface SellerAccess {
  accountSid: string
  /** By the names of the channel's own credentials. */
  credentials: Record<string, string>
  /** Where the provider is reached; absent: its own hosts. */
  apiUrl?: string
}

export type NumberKind = 'local' | 'mobile' | 'toll_free'
export type NumberAbility = 'voice' | 'sms' | 'mms' | 'fax'

export interface NumberQuery {
  /** ISO 3166 alpha-2. */
  country: string
  kind: NumberKind
  areaCode?: string
  /** Digits, `*` for any one. */
  contains?: string
  locality?: string
  needs: readonly NumberAbility[]
  limit: number
}

export interface OfferedNumber {
  /** E.164 with plus. */
  number: string
  kind: NumberKind
  country: string
  locality: string | null
  region: string | null
  abilities: NumberAbility[]
  /** The provider sells it only with an address of the business. */
  needsAddress: boolean
}

/** What a kind of number costs a month in a country. Cents of the currency, ISO 4217. */
export interface NumberPrice {
  kind: NumberKind
  monthlyCents: number
  currency: string
}

export interface OwnedNumber {
  /** The provider's id of it. */
  sid: string
  /** The name it has there: our marker where we bought it. */
  name: string
  abilities: NumberAbility[]
}

/** Where the provider delivers. */
export interface NumberHooks {
  voice: string
  voiceStatus: string
  texts: string
}

/** Where it delivers at present. null: nowhere, or to something that is no address. */
export interface FoundHooks {
  voice: string | null
  voiceStatus: string | null
  texts: string | null
  /** Whether the number is in the messaging service that it should be in. */
  inService: boolean
}

/**
 * reject: certainly not, and not later either. reconnect: the credentials are no good. retry: certainly not done, later perhaps.
 * unknown: it may have been done. `text` is for a shopkeeper and ends with what to do.
 */
export type NotDone = {
  outcome: 'reject' | 'reconnect' | 'retry' | 'unknown'
  code: string
  text: string
  retryAfterMs?: number
}
export type Done<T> = { outcome: 'done'; value: T }
export type Told<T> = Done<T> | NotDone

interface Options {
  signal?: AbortSignal
}

export interface NumberSeller {
  /** Value of channel_accounts.provider of the numbers it sells. */
  provider: string
  /** Whether the account can be used, before it is kept. */
  check(access: SellerAccess, options?: Options): Promise<Told<null>>
  search(access: SellerAccess, query: NumberQuery, options?: Options): Promise<Told<OfferedNumber[]>>
  /** Empty where the provider does not say. */
  prices(access: SellerAccess, country: string, options?: Options): Promise<Told<NumberPrice[]>>
  /** Whether the account has this number; null where it has not. */
  find(access: SellerAccess, number: string, options?: Options): Promise<Told<OwnedNumber | null>>
  /** `name` is what it is found by afterwards. */
  buy(
    access: SellerAccess,
    wanted: { number: string; name: string; addressSid?: string; bundleSid?: string },
    options?: Options,
  ): Promise<Told<OwnedNumber>>
  /** Where calls and texts of it are delivered. */
  setHooks(access: SellerAccess, sid: string, hooks: NumberHooks, options?: Options): Promise<Told<null>>
  /** Where calls and texts of it are delivered now, `serviceSid` counted in where it has one. null: the account does not have it. */
  findHooks(
    access: SellerAccess,
    given: { numberSid: string; serviceSid: string | null },
    options?: Options,
  ): Promise<Told<FoundHooks | null>>
  /** Where texts of the service are delivered. false: the service is gone. */
  setServiceHook(access: SellerAccess, given: { serviceSid: string; texts: string }, options?: Options): Promise<Told<boolean>>
  /** The service of this name, made where there is none. Answers with its id. */
  makeService(access: SellerAccess, given: { name: string; texts: string }, options?: Options): Promise<Told<string>>
  joinService(access: SellerAccess, given: { serviceSid: string; numberSid: string }, options?: Options): Promise<Told<null>>
  dropService(access: SellerAccess, serviceSid: string, options?: Options): Promise<Told<null>>
  /** Nothing is paid for it afterwards. One that is gone already counts as given back. */
  giveBack(access: SellerAccess, sid: string, options?: Options): Promise<Told<null>>
}
