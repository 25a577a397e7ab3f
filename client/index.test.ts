import { describe, expect, test } from 'vitest'
import { createParleyClient, ParleyError } from './index.ts'

function recording(answer: () => Response | Promise<Response>) {
  const calls: { url: string; method?: string; headers: Headers; body: unknown }[] = []
  const client = createParleyClient({
    baseUrl: 'https://parley.test/',
    apiKey: 'pk_1',
    fetch: async (input, init) => {
      calls.push({ url: String(input), method: init?.method, headers: new Headers(init?.headers), body: init?.body })
      return answer()
    },
  })
  return { client, calls }
}

describe('the client', () => {
  test('leaves out filters that were not given and signs with the key', async () => {
    const { client, calls } = recording(() => Response.json({ items: [], next: null }))
    await client.conversations.list({ status: 'open', unread: true, q: undefined })
    expect(calls[0]?.url).toBe('https://parley.test/api/conversations?status=open&unread=true')
    expect(calls[0]?.headers.get('authorization')).toBe('Bearer pk_1')
  })

  test('sends a message as JSON with its key', async () => {
    const { client, calls } = recording(() => Response.json({ id: 'm' }, { status: 201 }))
    await client.conversations.send('a/b', { body: { type: 'text', text: 'Hi' }, idempotencyKey: 'key-00001' })
    expect(calls[0]?.url).toBe('https://parley.test/api/conversations/a%2Fb/messages')
    expect(calls[0]?.headers.get('content-type')).toBe('application/json')
    expect(JSON.parse(String(calls[0]?.body))).toEqual({ body: { type: 'text', text: 'Hi' }, idempotencyKey: 'key-00001' })
  })

  test('gives the code and the details of a refusal, which asking again cannot help', async () => {
    const body = { error: { code: 'template_parameters', message: 'Fill in 2.', details: { slot: 'body', name: '2' } } }
    const { client } = recording(() => Response.json(body, { status: 422 }))
    const error = await client.messages.retry('m').catch((reason: unknown) => reason)
    expect(error).toMatchObject({ code: 'template_parameters', status: 422, details: { slot: 'body', name: '2' } })
    expect((error as ParleyError).temporary).toBe(false)
  })

  test('tells a request without an answer from a refusal, and how long to wait', async () => {
    const gone = recording(() => Promise.reject(new TypeError('fetch failed')))
    expect(await gone.client.session.get().catch((reason: unknown) => reason)).toMatchObject({ status: 0, temporary: true })
    const busy = recording(() => new Response('slow', { status: 429, headers: { 'retry-after': '3' } }))
    const error = await busy.client.session.get().catch((reason: unknown) => reason)
    expect(error).toMatchObject({ status: 429, code: 'http_429', retryAfterMs: 3000, temporary: true })
  })

  test('takes an empty answer for done and a broken one for no answer', async () => {
    const done = recording(() => new Response(null, { status: 204 }))
    expect(await done.client.conversations.markRead('c')).toBeUndefined()
    const broken = recording(() => new Response('{"id":', { status: 200 }))
    expect(await broken.client.conversations.get('c').catch((reason: unknown) => reason)).toBeInstanceOf(ParleyError)
  })
})
