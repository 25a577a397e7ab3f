import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { GraphCallFailed } from './account.ts'
import { type CannedAnswer, type GraphStandIn, startGraph, TOKEN } from './graph.stand-in.ts'
import { createWhatsAppCloud } from './index.ts'

let graph: GraphStandIn
beforeAll(async () => {
  graph = await startGraph()
})
afterAll(() => graph.close())
beforeEach(async () => {
  await graph.setMood('accept')
  graph.seen.length = 0
})

const channel = createWhatsAppCloud({ fetch, random: () => 0 })
const sync = (account = graph.account) => channel.syncTemplates?.(account)
const template = (name: string, more: object = {}) => ({
  id: `1${name.length}`,
  name,
  language: 'en',
  category: 'UTILITY',
  status: 'APPROVED',
  components: [],
  ...more,
})
const page = (
  data: unknown,
  after?: string,
  next = `${graph.origin}/v25.0/880001/message_templates?access_token=${TOKEN}&after=${after}`,
): CannedAnswer => ({
  body: { data, paging: { cursors: { before: 'a', after: after ?? 'z' }, ...(after === undefined ? {} : { next }) } },
})
const failure = (promise: Promise<unknown> | undefined) => promise?.then(() => undefined).catch((error: unknown) => error)

describe('synchronising templates', () => {
  test('reads every page and nothing twice', async () => {
    graph.answer('/message_templates', page([template('a')], 'c1'), page([template('bb')], 'c2'), page([template('ccc')]))
    expect((await sync())?.map(({ name }) => name)).toEqual(['a', 'bb', 'ccc'])
    const queries = graph.seen.map(({ url }) => new URL(url, graph.origin).searchParams)
    expect(queries.map((query) => query.get('after'))).toEqual([null, 'c1', 'c2'])
    expect(queries[0]?.get('fields')).toContain('parameter_format')
    // The next page's address holds the token; it goes in the header alone.
    for (const { url } of graph.seen) expect(url).not.toContain(TOKEN)
  })
  test('takes the cursor from the next address where it is not told beside it', async () => {
    const next = `${graph.origin}/v25.0/880001/message_templates?after=q9`
    graph.answer('/message_templates', { body: { data: [], paging: { next } } }, page([template('a')]))
    await sync()
    expect(graph.seen[1]?.url).toContain('after=q9')
  })
  test('says what each template is', async () => {
    const components = [{ type: 'BODY', text: 'Hello {{first_name}}' }]
    const full = template('greeting', {
      id: '920070352646140',
      category: 'MARKETING',
      quality_score: { score: 'GREEN' },
      rejected_reason: 'NONE',
      parameter_format: 'NAMED',
      components,
    })
    const refused = template('odd', { status: 'REJECTED', rejected_reason: 'TAG_CONTENT_MISMATCH' })
    graph.answer('/message_templates', page([full, refused]))
    expect(await sync()).toEqual([
      {
        externalId: '920070352646140',
        name: 'greeting',
        language: 'en',
        category: 'marketing',
        status: 'approved',
        quality: 'green',
        parameterFormat: 'NAMED',
        components,
      },
      {
        externalId: '13',
        name: 'odd',
        language: 'en',
        category: 'utility',
        status: 'rejected',
        rejectionReason: 'TAG_CONTENT_MISMATCH',
        parameterFormat: 'POSITIONAL',
        components: [],
      },
    ])
  })
  test.each([
    ['APPROVED', ['approved']],
    ['PENDING', ['pending']],
    ['PAUSED', ['paused']],
    ['DISABLED', ['disabled']],
    ['ARCHIVED', ['disabled']],
    ['IN_APPEAL', ['rejected']],
    ['A_NEW_WORD', ['pending']],
    ['PENDING_DELETION', []],
    ['DELETED', []],
  ])('%s is %j', async (status, expected) => {
    graph.answer('/message_templates', page([template('a', { status })]))
    expect((await sync())?.map((found) => found.status)).toEqual(expected)
  })
  test('passes over what is no template', async () => {
    graph.answer('/message_templates', page([null, 'x', { name: 'a' }, template('b')]))
    expect((await sync())?.map(({ name }) => name)).toEqual(['b'])
  })
  test('does not go on at another address, nor in a circle', async () => {
    graph.answer('/message_templates', page([template('a')], 'c1', 'https://evil.example/next?after=c1'))
    expect(await failure(sync())).toMatchObject({ code: 'paging' })
    graph.answer('/message_templates', page([], 'c1'), page([], 'c1'))
    expect(await failure(sync())).toMatchObject({ code: 'paging' })
    expect(graph.seen).toHaveLength(3)
  })
  test('does not go on for ever', async () => {
    graph.answer('/message_templates', ...Array.from({ length: 200 }, (_, index) => page([], `c${index}`)))
    expect(await failure(sync())).toMatchObject({ code: 'paging' })
    expect(graph.seen.length).toBeLessThanOrEqual(101)
  })
  test('fails as a whole when one page fails, because half a list would look like deletions', async () => {
    graph.answer('/message_templates', page([template('a')], 'c1'), { status: 400, body: { error: { code: 80007 } } })
    const error = await failure(sync())
    expect(error).toBeInstanceOf(GraphCallFailed)
    expect(error).toMatchObject({ outcome: 'retry', code: '80007' })
  })
  test('needs the id of the business account', async () => {
    const account = { ...graph.account, config: { graphUrl: graph.origin } }
    expect(await failure(sync(account))).toMatchObject({
      outcome: 'reconnect',
      message: expect.stringContaining('Business account'),
    })
  })
})

describe('asking whether the account works', () => {
  const check = (answer: CannedAnswer) => {
    graph.answer('fields=', answer)
    return channel.check?.(graph.account)
  }
  const id = '5550100'
  test('connected, with its name', async () => {
    const answer = {
      body: { id, verified_name: 'Lind', display_phone_number: '+1 555', quality_rating: 'GREEN', status: 'CONNECTED' },
    }
    expect(await check(answer)).toEqual({ state: 'connected', text: 'Connected: Lind, +1 555.' })
    expect(await check({ body: { id } })).toMatchObject({ state: 'connected' })
  })
  test.each([
    [{ body: { id, status: 'BANNED' } }, 'degraded'],
    [{ body: { id, status: 'CONNECTED', quality_rating: 'RED' } }, 'degraded'],
    [{ body: { id: '1', status: 'CONNECTED' } }, 'degraded'],
    [{ body: { data: [], status: 'CONNECTED' } }, 'degraded'],
    [{ status: 401, body: { error: { code: 190, error_subcode: 463, message: `Malformed ${TOKEN}` } } }, 'logged_out'],
    [{ status: 400, body: { error: { code: 100, error_subcode: 33 } } }, 'logged_out'],
    [{ status: 400, body: { error: { code: 4 } } }, 'degraded'],
    [{ status: 500, body: '<html>' }, 'degraded'],
  ])('%j is %s, without the token in its words', async (answer, state) => {
    const result = await check(answer)
    expect(result).toMatchObject({ state, text: expect.stringMatching(/\w/) })
    expect(result?.text).not.toContain(TOKEN)
  })
  test('unreachable is degraded, not set up is logged out', async () => {
    await graph.setMood('unreachable')
    expect(await channel.check?.(graph.account)).toMatchObject({ state: 'degraded' })
    expect(await channel.check?.({ ...graph.account, credentials: {} })).toMatchObject({ state: 'logged_out' })
  })
})

describe('whether a number is the account’s', () => {
  const owns = () => channel.owns?.(graph.account)
  const ask = async (...answers: CannedAnswer[]) => {
    graph.answer('/phone_numbers', ...answers)
    return await owns()
  }
  const error = (code: number, status = 400, more: object = {}): CannedAnswer => ({
    status,
    body: { error: { code, message: 'x', ...more } },
  })
  test('is yes where the token lists it in the business account, on whichever page', async () => {
    expect(await ask(page([{ id: '1' }], 'c1'), page([{ id: graph.account.externalId }]))).toBe('yes')
    expect(await ask(page([{ id: '1' }, { id: `${graph.account.externalId}0` }]))).toBe('no')
    expect(await ask({ body: { id: graph.account.externalId } })).toBe('no')
  })
  test('is not known where the list goes in a circle, or never ends', async () => {
    expect(await ask(page([], 'c1'), page([], 'c2'), page([], 'c1'))).toBe('unknown')
    expect(graph.seen).toHaveLength(3)
    expect(await ask(...Array.from({ length: 200 }, (_, index) => page([], `d${index}`)))).toBe('unknown')
  })
  test('is no only where asking again would not change it: too often, a disturbance and nonsense say nothing', async () => {
    expect(await ask(error(190, 401))).toBe('no')
    expect(await ask(error(100, 400, { error_subcode: 33 }))).toBe('no')
    for (const answer of [
      error(4),
      error(80007, 429),
      error(2, 500),
      { status: 429 },
      { status: 503 },
      { status: 200, body: [] },
    ])
      expect(await ask(answer as CannedAnswer)).toBe('unknown')
  })
})
