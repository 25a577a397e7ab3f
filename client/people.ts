/** People, their colleagues and their business. */
import { type Connection, request } from './http.ts'
import type * as T from './types.ts'

type Signal = { signal?: AbortSignal }
const at = (id: string) => encodeURIComponent(id)

export function sessions(c: Connection) {
  return {
    get: (o: Signal = {}) => request<T.Session>(c, '/api/session', o),
    /** Refused with `code_required` where the person uses an authenticator: again with `code`. */
    signIn: (json: T.SignIn) => request<T.Session>(c, '/api/session', { method: 'POST', json }),
    signOut: () => request<void>(c, '/api/session', { method: 'DELETE' }),
    /** Looks at another business of the same person. */
    switchTo: (tenantId: string) => request<T.Session>(c, '/api/session', { method: 'PATCH', json: { tenantId } }),
    list: (o: Signal = {}) => request<{ items: T.SessionItem[] }>(c, '/api/sessions', o),
    end: (id: string) => request<void>(c, `/api/sessions/${at(id)}`, { method: 'DELETE' }),
    endOthers: () => request<void>(c, '/api/sessions', { method: 'DELETE' }),
  }
}

export function people(c: Connection) {
  return {
    /** What a visitor may do here. */
    setup: (o: Signal = {}) => request<T.Setup>(c, '/api/setup', o),
    signUp: (json: T.SignUp) => request<T.Session>(c, '/api/sign-up', { method: 'POST', json }),
    passwordResets: {
      ask: (email: string) => request<void>(c, '/api/password-resets', { method: 'POST', json: { email } }),
      confirm: (json: T.ConfirmPasswordReset) => request<void>(c, '/api/password-resets/confirm', { method: 'POST', json }),
    },
    me: {
      get: (o: Signal = {}) => request<T.Me>(c, '/api/me', o),
      update: (json: T.PatchMe) => request<T.Me>(c, '/api/me', { method: 'PATCH', json }),
      preferences: (json: T.PatchPreferences) => request<unknown>(c, '/api/me/preferences', { method: 'PATCH', json }),
      presence: (status: T.PersonStatus) => request<unknown>(c, '/api/me/presence', { method: 'PUT', json: { status } }),
      /** What one should know, newest first. */
      notifications: (query: { before?: string; limit?: number } = {}, o: Signal = {}) =>
        request<T.NotificationPage>(c, '/api/me/notifications', { query, ...o }),
      readNotifications: (json: T.ReadNotifications = {}) =>
        request<{ unread: number }>(c, '/api/me/notifications/read', { method: 'POST', json }),
      /** What could not be brought to one in the last 30 days. */
      unsent: (o: Signal = {}) => request<{ items: T.Unsent[] }>(c, '/api/me/notifications/unsent', o),
      pushKey: (o: Signal = {}) => request<{ publicKey: string }>(c, '/api/me/push/key', o),
      addPush: (json: T.PushSubscriptionGiven) => request<void>(c, '/api/me/push', { method: 'PUT', json }),
      endPush: (endpoint: string) => request<void>(c, '/api/me/push/end', { method: 'POST', json: { endpoint } }),
      password: (json: T.ChangePassword) => request<void>(c, '/api/me/password', { method: 'POST', json }),
      /** Begins: nothing is asked for at sign-in until it was confirmed with a code. */
      startTotp: (password: string) => request<T.TotpSecret>(c, '/api/me/totp', { method: 'POST', json: { password } }),
      confirmTotp: (code: string) => request<T.RecoveryCodes>(c, '/api/me/totp/confirm', { method: 'POST', json: { code } }),
      removeTotp: (password: string) => request<void>(c, '/api/me/totp', { method: 'DELETE', json: { password } }),
    },
  }
}

export function team(c: Connection) {
  return {
    /** What could not be brought to the team in the last 30 days. */
    unsent: (o: Signal = {}) => request<{ items: T.TeamUnsent[] }>(c, '/api/notifications/unsent', o),
    members: {
      list: (o: Signal = {}) => request<{ items: T.Member[] }>(c, '/api/members', o),
      update: (id: string, json: T.PatchMember) => request<T.Member>(c, `/api/members/${at(id)}`, { method: 'PATCH', json }),
      remove: (id: string) => request<void>(c, `/api/members/${at(id)}`, { method: 'DELETE' }),
      /** A link to hand over where no mail is set up. */
      resetLink: (id: string) => request<T.ResetLink>(c, `/api/members/${at(id)}/password-reset`, { method: 'POST', json: {} }),
    },
    invitations: {
      list: (o: Signal = {}) => request<{ items: T.Invitation[] }>(c, '/api/invitations', o),
      create: (json: T.CreateInvitation) => request<T.CreatedInvitation>(c, '/api/invitations', { method: 'POST', json }),
      renew: (id: string) => request<T.CreatedInvitation>(c, `/api/invitations/${at(id)}/renew`, { method: 'POST', json: {} }),
      revoke: (id: string) => request<void>(c, `/api/invitations/${at(id)}`, { method: 'DELETE' }),
      look: (token: string, o: Signal = {}) =>
        request<T.InvitationLook>(c, '/api/invitations/look', { method: 'POST', json: { token }, ...o }),
      accept: (json: T.AcceptInvitation) => request<T.Session>(c, '/api/invitations/accept', { method: 'POST', json }),
    },
    apiKeys: {
      list: (o: Signal = {}) => request<{ items: T.ApiKey[] }>(c, '/api/api-keys', o),
      create: (json: T.CreateApiKey) => request<T.CreatedApiKey>(c, '/api/api-keys', { method: 'POST', json }),
      revoke: (id: string) => request<void>(c, `/api/api-keys/${at(id)}`, { method: 'DELETE' }),
    },
    audit: {
      list: (query: T.ListAudit = {}, o: Signal = {}) =>
        request<T.Page<T.AuditItem>>(c, '/api/audit', { query: { ...query }, ...o }),
    },
    /** What could not be taken in. */
    deadLetters: {
      list: (query: T.ListDeadLetters = {}, o: Signal = {}) =>
        request<T.Page<T.DeadLetterItem>>(c, '/api/dead-letters', { query: { ...query }, ...o }),
      counts: (o: Signal = {}) => request<T.DeadLetterCounts>(c, '/api/dead-letters/counts', o),
      get: (id: string, o: Signal = {}) => request<T.DeadLetter>(c, `/api/dead-letters/${at(id)}`, o),
      mend: (id: string, payload: Record<string, unknown>) =>
        request<T.DeadLetterItem>(c, `/api/dead-letters/${at(id)}`, { method: 'PATCH', json: { payload } }),
      /** What was taken in meanwhile is not doubled. */
      replay: (id: string, json: { payload?: Record<string, unknown> } = {}) =>
        request<T.ReplayAnswer>(c, `/api/dead-letters/${at(id)}/replay`, { method: 'POST', json }),
      discard: (id: string, json: { note?: string } = {}) =>
        request<T.DeadLetterItem>(c, `/api/dead-letters/${at(id)}/discard`, { method: 'POST', json }),
      /** One step: again with `next` as `cursor`, and `until`, until `next` is null. */
      many: (what: 'replay' | 'discard', json: T.ManyDeadLetters) =>
        request<T.ManyAnswer>(c, `/api/dead-letters/${what}`, { method: 'POST', json }),
    },
    business: {
      get: (o: Signal = {}) => request<T.Business>(c, '/api/business', o),
      update: (json: T.PatchBusiness) => request<T.Business>(c, '/api/business', { method: 'PATCH', json }),
    },
  }
}
