/** The typed client of Parley's API. The console uses it; so can you. No dependency at run time. */
import { type Connection, request } from './http.ts'
import { people, sessions, team } from './people.ts'
import { platform } from './platform.ts'
import { scheduling } from './scheduling.ts'
import { type StreamEvent, type StreamOptions, stream } from './stream.ts'
import type * as T from './types.ts'

export { ParleyError } from './http.ts'
export { backoff, type StreamEvent, type StreamOptions } from './stream.ts'
export type * from './types.ts'

export interface ParleyClientOptions {
  /** Where the server is, without /api: 'https://inbox.example.com'. '' in a browser on the same origin. */
  baseUrl: string
  /** From Settings → API keys. Absent in a browser, where the session cookie speaks. */
  apiKey?: string
  fetch?: typeof fetch
}

type Signal = { signal?: AbortSignal }
const at = (id: string) => encodeURIComponent(id)
const keyed = (key: string | undefined) => (key ? { 'idempotency-key': key } : undefined)

/** Every method throws ParleyError with the server's code, words and status (0: no answer came). */
export function createParleyClient(options: ParleyClientOptions) {
  const connection: Connection = {
    baseUrl: options.baseUrl,
    apiKey: options.apiKey,
    fetch: options.fetch ?? ((input, init) => fetch(input, init)),
  }
  return {
    session: sessions(connection),
    conversations: conversations(connection),
    messages: messages(connection),
    contacts: contacts(connection),
    leads: leads(connection),
    ...scheduling(connection),
    reports: reports(connection),
    media: media(connection),
    calls: calls(connection),
    contactCentre: {
      get: (o: Signal = {}) => request<T.ContactCentre>(connection, '/api/contact-centre', o),
      update: (json: T.PatchContactCentre) =>
        request<T.ContactCentre>(connection, '/api/contact-centre', { method: 'PATCH', json }),
      /** Asks whether it works; one that was stopped and works again goes on. */
      check: () => request<T.ContactCentreCheck>(connection, '/api/contact-centre/check', { method: 'POST', json: {} }),
      /** Credentials of Genesys Cloud; the ones before are accepted in webhooks for `overlapHours`. */
      connect: (tenantId: string, values: Record<string, string>, overlapHours = 0) =>
        request<unknown>(connection, `/api/tenants/${at(tenantId)}/credentials/genesys`, {
          method: 'PUT',
          json: { values, overlapHours },
        }),
      /** Who has new conversations of an account. */
      answer: (accountId: string, answerer: 'human' | 'assistant' | 'genesys') =>
        request<unknown>(connection, `/api/accounts/${at(accountId)}/answerer`, { method: 'PUT', json: { answerer } }),
    },
    ...workspace(connection),
    ...people(connection),
    ...team(connection),
    ...platform(connection),
    /** Everything that changes, as it changes, without gaps. */
    stream: (input?: StreamOptions): AsyncGenerator<StreamEvent, void> => stream(connection, input),
  }
}
export type ParleyClient = ReturnType<typeof createParleyClient>

function conversations(c: Connection) {
  const path = (id: string, tail = '') => `/api/conversations/${at(id)}${tail}`
  return {
    list: (query: T.ListConversations = {}, o: Signal = {}) =>
      request<T.Page<T.Conversation>>(c, '/api/conversations', { query: { ...query }, ...o }),
    get: (id: string, o: Signal = {}) => request<T.Conversation>(c, path(id), o),
    update: (id: string, json: T.PatchConversation) => request<T.Conversation>(c, path(id), { method: 'PATCH', json }),
    /** People, the contact centre, the assistant or rules: whoever has it already keeps it. */
    handOver: (id: string, json: T.HandOver) => request<T.Conversation>(c, path(id, '/hand-over'), { method: 'POST', json }),
    /** For tabs: exact up to 99. */
    counts: (o: Signal = {}) => request<T.ConversationCounts>(c, '/api/conversations/counts', o),
    putLabel: (id: string, labelId: string) =>
      request<T.Conversation>(c, path(id, `/labels/${at(labelId)}`), { method: 'PUT', json: {} }),
    takeLabel: (id: string, labelId: string) =>
      request<T.Conversation>(c, path(id, `/labels/${at(labelId)}`), { method: 'DELETE' }),
    markRead: (id: string) => request<void>(c, path(id, '/read'), { method: 'POST', json: {} }),
    typing: (id: string) => request<void>(c, path(id, '/typing'), { method: 'POST', json: {} }),
    presence: (id: string, state: T.PresenceState) =>
      request<void>(c, path(id, '/presence'), { method: 'POST', json: { state } }),
    messages: (id: string, query: T.ListMessages = {}, o: Signal = {}) =>
      request<T.MessagePage>(c, path(id, '/messages'), { query: { ...query }, ...o }),
    /** With an idempotencyKey it can be repeated until an answer came, and never sends twice. */
    send: (id: string, json: T.SendMessage, o: Signal = {}) =>
      request<T.Message>(c, path(id, '/messages'), { method: 'POST', json, ...o }),
    note: (id: string, text: string, o: Signal & { idempotencyKey?: string } = {}) =>
      request<T.Message>(c, path(id, '/notes'), {
        method: 'POST',
        json: { text },
        headers: keyed(o.idempotencyKey),
        signal: o.signal,
      }),
  }
}

function calls(c: Connection) {
  return {
    list: (query: T.ListCalls = {}, o: Signal = {}) => request<T.Page<T.Call>>(c, '/api/calls', { query: { ...query }, ...o }),
    get: (id: string, o: Signal = {}) => request<T.Call>(c, `/api/calls/${at(id)}`, o),
    /** What came of it, and why. */
    story: (id: string, o: Signal = {}) => request<T.CallStory>(c, `/api/calls/${at(id)}/story`, o),
    /** What would happen to a call; nothing is written. */
    preview: (json: T.PreviewCall, o: Signal = {}) =>
      request<T.CallPreview>(c, '/api/calls/preview', { method: 'POST', json, ...o }),
    /** The table of decisions, in its order. */
    rules: (o: Signal = {}) => request<T.CallRules>(c, '/api/calls/rules', o),
    settings: (o: Signal = {}) => request<T.CallSettings>(c, '/api/business/calls', o),
    updateSettings: (json: T.PatchCallSettings) => request<T.CallSettings>(c, '/api/business/calls', { method: 'PATCH', json }),
    /** What the settings are as long as nothing is changed, and the standard words by language. */
    standards: (o: Signal = {}) => request<T.CallStandards>(c, '/api/business/calls/standards', o),
    /** A text with what is filled in, and as how many pieces it would be sent. */
    measure: (text: string, o: Signal = {}) =>
      request<T.MeasuredText>(c, '/api/business/calls/measure', { method: 'POST', json: { text }, ...o }),
  }
}

function messages(c: Connection) {
  return {
    /** Starts a conversation, or goes on in the open one with that person. */
    start: (json: T.StartMessage) => request<T.Message>(c, '/api/messages', { method: 'POST', json }),
    get: (id: string, o: Signal = {}) => request<T.Message>(c, `/api/messages/${at(id)}`, o),
    /** A message whose outcome is unknown may have arrived: it needs acceptDuplicate. */
    retry: (id: string, json: { acceptDuplicate?: true } = {}) =>
      request<T.Message>(c, `/api/messages/${at(id)}/retry`, { method: 'POST', json }),
    history: (id: string, o: Signal = {}) => request<T.MessageHistory>(c, `/api/messages/${at(id)}/history`, o),
    /** What was said, newest first. A page may be short and have a `next`. */
    search: (query: T.Search, o: Signal = {}) => request<T.SearchPage>(c, '/api/search', { query: { ...query }, ...o }),
  }
}

function contacts(c: Connection) {
  return {
    list: (query: { q?: string; cursor?: string; limit?: number } = {}, o: Signal = {}) =>
      request<T.Page<T.Contact>>(c, '/api/contacts', { query, ...o }),
    get: (id: string, o: Signal = {}) => request<T.Contact>(c, `/api/contacts/${at(id)}`, o),
    update: (id: string, json: T.PatchContact) => request<T.Contact>(c, `/api/contacts/${at(id)}`, { method: 'PATCH', json }),
    /** What they agreed to, and when they said so. */
    consents: (id: string, o: Signal = {}) => request<T.Consents>(c, `/api/contacts/${at(id)}/consents`, o),
    addConsent: (id: string, json: T.AddConsent) =>
      request<T.Consents>(c, `/api/contacts/${at(id)}/consents`, { method: 'POST', json }),
  }
}

function leads(c: Connection) {
  const path = (id: string, tail = '') => `/api/leads/${at(id)}${tail}`
  return {
    list: (query: T.ListLeads = {}, o: Signal = {}) => request<T.Page<T.Lead>>(c, '/api/leads', { query: { ...query }, ...o }),
    sums: (query: Omit<T.ListLeads, 'q' | 'limit' | 'cursor'> = {}, o: Signal = {}) =>
      request<T.LeadSums>(c, '/api/leads/sums', { query: { ...query }, ...o }),
    get: (id: string, o: Signal = {}) => request<T.Lead>(c, path(id), o),
    update: (id: string, json: T.PatchLead) => request<T.Lead>(c, path(id), { method: 'PATCH', json }),
    /** The other becomes part of this one; `separate` with its id undoes it. */
    join: (id: string, leadId: string) => request<T.Lead>(c, path(id, '/join'), { method: 'POST', json: { leadId } }),
    separate: (id: string) => request<T.Lead>(c, path(id, '/separate'), { method: 'POST', json: {} }),
    /** Where the list is as a file for a spreadsheet. */
    exportUrl: (query: Record<string, string> = {}) => `${c.baseUrl}/api/leads/export?${new URLSearchParams(query)}`,
  }
}

function reports(c: Connection) {
  const asked = (query: T.FunnelDays) =>
    new URLSearchParams(Object.entries(query).map(([name, value]): [string, string] => [name, String(value)]))
  return {
    /** From calls to jobs. */
    funnel: (query: T.FunnelDays = {}, o: Signal = {}) =>
      request<T.Funnel>(c, '/api/reports/funnel', { query: { ...query }, ...o }),
    /** Where the same is as a file for a spreadsheet. */
    funnelUrl: (query: T.FunnelDays = {}) => `${c.baseUrl}/api/reports/funnel/export?${asked(query)}`,
  }
}

function media(c: Connection) {
  return {
    upload: (file: Blob, o: { fileName?: string; accountId?: string } & Signal = {}) => {
      const form = new FormData()
      // Fields before the file: a server that streams the file knows them when it begins.
      if (o.accountId) form.append('accountId', o.accountId)
      form.append('file', file, o.fileName ?? 'file')
      return request<T.Media>(c, '/api/media', { method: 'POST', form, signal: o.signal })
    },
    /** Where the content is; `download` makes a browser save it instead of showing it. */
    contentUrl: (id: string, o: { download?: boolean } = {}) =>
      `${c.baseUrl}/api/media/${at(id)}/content${o.download ? '?download=1' : ''}`,
  }
}

function workspace(c: Connection) {
  return {
    accounts: {
      list: (o: Signal = {}) => request<{ items: T.Account[] }>(c, '/api/accounts', o),
      create: (json: T.CreateAccount) => request<T.CreatedAccount>(c, '/api/accounts', { method: 'POST', json }),
      update: (id: string, json: T.PatchAccount) =>
        request<T.ConnectedAccount>(c, `/api/accounts/${at(id)}`, { method: 'PATCH', json }),
      remove: (id: string) => request<void>(c, `/api/accounts/${at(id)}`, { method: 'DELETE' }),
      /** As how many pieces a text would be sent. */
      segments: (id: string, text: string, o: Signal = {}) =>
        request<T.Segments>(c, `/api/accounts/${at(id)}/segments`, { method: 'POST', json: { text }, ...o }),
      setup: (id: string, o: Signal = {}) => request<T.AccountSetup>(c, `/api/accounts/${at(id)}/setup`, o),
      /** Sends yourself a message. */
      test: (id: string, to: string) =>
        request<T.AccountTest>(c, `/api/accounts/${at(id)}/test`, { method: 'POST', json: { to } }),
    },
    /** Telephone numbers that are bought here: each is on its way until `status` is what is `wanted`. */
    numbers: {
      provider: (o: Signal = {}) => request<T.NumberProvider>(c, '/api/numbers/provider', o),
      setProvider: (json: T.PutNumberProvider) =>
        request<T.NumberProvider>(c, '/api/numbers/provider', { method: 'PUT', json }),
      removeProvider: () => request<void>(c, '/api/numbers/provider', { method: 'DELETE' }),
      search: (query: T.SearchNumbers, o: Signal = {}) =>
        request<{ items: T.OfferedNumber[] }>(c, '/api/numbers/available', { query: { ...query }, ...o }),
      list: (o: Signal = {}) => request<T.PhoneNumbers>(c, '/api/numbers', o),
      get: (id: string, o: Signal = {}) => request<T.PhoneNumber>(c, `/api/numbers/${at(id)}`, o),
      /** With an idempotencyKey it can be repeated until an answer came, and never buys twice. */
      provision: (json: T.ProvisionNumber) => request<T.PhoneNumber>(c, '/api/numbers', { method: 'POST', json }),
      suspend: (id: string) => request<T.PhoneNumber>(c, `/api/numbers/${at(id)}/suspend`, { method: 'POST', json: {} }),
      resume: (id: string) => request<T.PhoneNumber>(c, `/api/numbers/${at(id)}/resume`, { method: 'POST', json: {} }),
      release: (id: string) => request<T.PhoneNumber>(c, `/api/numbers/${at(id)}/release`, { method: 'POST', json: {} }),
      /** Tries at once what waits. */
      retry: (id: string) => request<T.PhoneNumber>(c, `/api/numbers/${at(id)}/retry`, { method: 'POST', json: {} }),
      /** Asks the provider whether calls and texts of it are delivered here. */
      check: (id: string, o: Signal = {}) =>
        request<T.NumberDelivery>(c, `/api/numbers/${at(id)}/check`, { method: 'POST', json: {}, ...o }),
      /** Has them delivered here again. */
      setAgain: (id: string) => request<T.PhoneNumber>(c, `/api/numbers/${at(id)}/set-again`, { method: 'POST', json: {} }),
    },
    labels: {
      list: (o: Signal = {}) => request<{ items: T.Label[] }>(c, '/api/labels', o),
      create: (json: T.CreateLabel) => request<T.Label>(c, '/api/labels', { method: 'POST', json }),
      update: (id: string, json: T.PatchLabel) => request<T.Label>(c, `/api/labels/${at(id)}`, { method: 'PATCH', json }),
      remove: (id: string) => request<void>(c, `/api/labels/${at(id)}`, { method: 'DELETE' }),
    },
    /** Signed links to the page beside a conversation in an agent desktop. */
    widget: {
      link: (json: T.MakeWidgetLink) => request<T.WidgetLink>(c, '/api/widget/links', { method: 'POST', json }),
      /** Every link signed with the key before ends. */
      newKey: () => request<T.WidgetKey>(c, '/api/widget/key', { method: 'POST', json: {} }),
    },
    /** Legal holds: while one is in force nothing of it is removed. */
    holds: {
      list: (o: Signal = {}) => request<{ items: T.Hold[] }>(c, '/api/holds', o),
      place: (json: T.PlaceHold) => request<T.Hold>(c, '/api/holds', { method: 'POST', json }),
      release: (id: string) => request<void>(c, `/api/holds/${at(id)}`, { method: 'DELETE' }),
    },
    templates: {
      list: (query: { accountId?: string } = {}, o: Signal = {}) =>
        request<{ items: T.Template[] }>(c, '/api/templates', { query, ...o }),
      sync: (accountId: string) =>
        request<{ count: number }>(c, '/api/templates/sync', { method: 'POST', json: { accountId } }),
    },
  }
}
