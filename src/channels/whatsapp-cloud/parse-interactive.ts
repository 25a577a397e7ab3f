/** The customer's answer to an interactive message: a button, a row of a list, a filled-in form, a call permission. */
import { readJsonText } from '../../kernel/json.ts'
import { type Json, member, present, record, string } from '../../kernel/read.ts'

const TYPE_NAME = /^[a-z][a-z0-9_]{0,63}$/

/** Undefined where there is no payload at all, as the provider sends with error 131000 beside it. */
export function readInteractive(payload: unknown): { text: string | undefined; body: Json } | undefined {
  const kind = string(member(payload, 'type'))
  if (kind === undefined || !TYPE_NAME.test(kind)) return undefined
  const answer = member(payload, kind)
  if (kind === 'nfm_reply') return form(answer)
  if (kind === 'call_permission_reply') return permission(answer)
  if (kind === 'button_reply' || kind === 'list_reply') return choice(kind, answer)
  return { text: undefined, body: present({ kind, response: answer }) }
}

function choice(kind: string, answer: unknown) {
  if (!record(answer)) return undefined
  const title = string(member(answer, 'title'))
  const body = { kind, id: string(member(answer, 'id')), title, description: string(member(answer, 'description')) }
  return { text: title, body: present(body) }
}

/** `response_json` is a string that is normally a JSON object, may be any JSON, and may be none. */
function form(answer: unknown) {
  if (!record(answer)) return undefined
  const came = member(answer, 'response_json')
  const read = typeof came === 'string' ? readJsonText(came) : { ok: true as const, value: came }
  const title = string(member(answer, 'body')) ?? string(member(answer, 'name'))
  const body = { kind: 'form_reply', id: string(member(answer, 'name')), title, response: read.ok ? read.value : came }
  return { text: title, body: present(body) }
}

/** `id`: accept or reject. */
function permission(answer: unknown) {
  if (!record(answer)) return undefined
  return {
    text: undefined,
    body: present({ kind: 'call_permission', id: string(member(answer, 'response')), response: answer }),
  }
}
