import { describe, expect, test } from 'vitest'
import { createParleyClient, ParleyError, type StreamEvent, type StreamOptions } from './index.ts'
import { backoff } from './stream.ts'

const batch = (cursor: string) =>
  `id: ${cursor}\nevent: batch\ndata: ${JSON.stringify({ cursor, conversations: [], messages: [] })}\n\n`
const hello = (cursor: string) => `event: hello\ndata: {"cursor":"${cursor}"}\n\n`

/** A server that answers each connection with the next script: text that is sent before the connection ends, or a status. */
function serverWith(scripts: (string | number)[]) {
  const asked: string[] = []
  const answer: typeof fetch = async (input) => {
    asked.push(String(input))
    const script = scripts.shift()
    if (script === undefined) throw new TypeError('network is gone')
    if (typeof script === 'number') return Response.json({ error: { code: 'no', message: 'No.' } }, { status: script })
    return new Response(script, { headers: { 'content-type': 'text/event-stream' } })
  }
  return { asked, client: createParleyClient({ baseUrl: 'https://parley.test', fetch: answer }) }
}

async function take(server: ReturnType<typeof serverWith>, count: number, options: StreamOptions = {}) {
  const got: StreamEvent[] = []
  const ended = new AbortController()
  const all = { sleep: async () => {}, random: () => 0, ...options, signal: ended.signal }
  for await (const event of server.client.stream(all)) {
    got.push(event)
    if (got.length === count) ended.abort()
  }
  return got
}
const cursors = (events: StreamEvent[]) =>
  events.map((event) => ('cursor' in event ? `${event.type} ${event.cursor}` : event.type))

describe('the live stream resumes where it broke off', () => {
  test('each new connection asks for what follows the last batch it handed out', async () => {
    const server = serverWith([hello('5') + batch('6') + batch('7'), '', batch('8')])
    expect(cursors(await take(server, 4))).toEqual(['hello 5', 'batch 6', 'batch 7', 'batch 8'])
    expect(server.asked.map((url) => new URL(url).searchParams.get('cursor'))).toEqual([null, '7', '7'])
  })

  test('a batch cut in the middle is asked for again, not lost and not doubled', async () => {
    const server = serverWith([hello('1') + batch('2').slice(0, -9), batch('2') + batch('3')])
    expect(cursors(await take(server, 3))).toEqual(['hello 1', 'batch 2', 'batch 3'])
    expect(server.asked[1]).toContain('cursor=1')
  })

  test('a cursor that is too old is told to the caller and replaced', async () => {
    const server = serverWith(['event: reset\ndata: {"cursor":"90"}\n\n', batch('91')])
    expect(cursors(await take(server, 2, { cursor: '3' }))).toEqual(['reset 90', 'batch 91'])
    expect(server.asked[1]).toContain('cursor=90')
  })

  test('a server that is down is asked again, later each time, and its recovery is told', async () => {
    const waits: number[] = []
    const states: string[] = []
    const server = serverWith([503, 502, hello('1')])
    const options = { sleep: async (ms: number) => void waits.push(ms), onState: (state: string) => void states.push(state) }
    await take(server, 1, options)
    expect(waits).toEqual([250, 500])
    expect(states).toEqual(['connecting', 'reconnecting', 'reconnecting', 'connected'])
  })

  test('a session that ended ends the stream with its error', async () => {
    const error = await take(serverWith([hello('1'), 401]), 2).catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(ParleyError)
    expect(error).toMatchObject({ status: 401, code: 'no' })
  })

  test('events of kinds that are not known yet are passed over', async () => {
    const server = serverWith(['event: fireworks\ndata: {}\n\nevent: batch\ndata: not json\n\n', hello('2')])
    expect(cursors(await take(server, 1))).toEqual(['hello 2'])
  })

  test('the wait doubles up to 30 seconds and never falls under half of its step', () => {
    expect([1, 2, 3, 20].map((n) => backoff(n, () => 1))).toEqual([500, 1000, 2000, 30_000])
    expect([1, 2, 3, 20].map((n) => backoff(n, () => 0))).toEqual([250, 500, 1000, 15_000])
  })
})
