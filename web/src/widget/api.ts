/** What the page asks of the server, opened by the link it came with and nothing else. */
import {
  type Message,
  ParleyError,
  type Template,
  type TemplateParameters,
  type Widget,
  type WidgetHistory,
} from '../../../client/index.ts'

/** Nothing is pushed to a link: it asks. */
export const askEveryMs = 4000

/** The link's own part is behind the #, where it goes to no server's log; a desktop adds which conversation before it. */
export function createWidgetApi(place: { hash: string; search: string }, send: typeof fetch = (...given) => fetch(...given)) {
  const token = decodeURIComponent(place.hash.replace(/^#/, ''))
  const asked = new URLSearchParams(place.search)
  async function call<T>(path: string, query: Record<string, string> = {}, body?: unknown): Promise<T> {
    const params = new URLSearchParams(query)
    for (const name of ['conversation', 'phone']) {
      const value = asked.get(name)
      if (value) params.set(name, value)
    }
    const response = await send(`/api/widget/${path}?${params}`, {
      headers: { authorization: `Widget ${token}`, ...(body ? { 'content-type': 'application/json' } : {}) },
      credentials: 'omit',
      ...(body ? { method: 'POST', body: JSON.stringify(body) } : {}),
    }).catch(() => {
      throw new ParleyError({ status: 0, code: 'unreachable', message: 'The server did not answer.' })
    })
    const answer = (await response.json().catch(() => null)) as { error?: { code: string; message: string } } | null
    if (!response.ok)
      throw new ParleyError({
        status: response.status,
        code: answer?.error?.code ?? 'internal',
        message: answer?.error?.message ?? 'The server could not do it.',
      })
    return answer as T
  }
  return {
    customer: () => call<Widget>('customer'),
    history: (cursor?: string) => call<WidgetHistory>('history', cursor ? { cursor } : {}),
    templates: () => call<{ items: Template[] }>('templates'),
    sendTemplate: (given: { name: string; language: string; parameters: TemplateParameters; idempotencyKey: string }) =>
      call<Message>('templates', {}, given),
  }
}
export type WidgetApi = ReturnType<typeof createWidgetApi>
