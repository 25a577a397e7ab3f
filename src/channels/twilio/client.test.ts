import { expect, test } from 'vitest'
import type { AccountConnection } from '../../ports/channel.ts'
import { createTwilioSms, createTwilioWhatsApp } from './index.ts'
import { ACCOUNT, ADA, SHOP } from './sample-forms.ts'

interface Asked {
  url: string
  init: RequestInit
}
/** Answers in turn, and keeps what was asked. */
function scripted(...answers: (() => Response | Promise<Response>)[]) {
  const asked: Asked[] = []
  const fetch = (async (input, init = {}) => {
    asked.push({ url: String(input), init })
    const answer = answers[asked.length - 1]
    if (!answer) throw new Error('Nothing more was expected.')
    return await answer()
  }) as typeof globalThis.fetch
  return { fetch, asked, publicUrl: () => 'https://parley.example' }
}
const json =
  (status: number, body: object, headers: Record<string, string> = {}) =>
  () =>
    new Response(JSON.stringify(body), { status, headers })
const account = (more: Partial<AccountConnection> = {}): AccountConnection => ({
  ...{ tenantId: 't', accountId: 'a', externalId: SHOP, config: { accountSid: ACCOUNT, appSlug: 'app' } },
  credentials: { authToken: 'the-auth-token' },
  ...more,
})
const hello = {
  messageId: '0190cccc-0000-7000-8000-000000000001',
  to: [{ kind: 'phone' as const, value: ADA, scope: '' as const }],
  body: { type: 'text' as const, text: 'Hello' },
}
const send = (given: ReturnType<typeof scripted>, of = account()) => createTwilioSms(given).send(of, hello)

test('a message goes to Twilio’s own host, from the number and through its service, and names where its receipts go', async () => {
  const given = scripted(json(201, { sid: 'SM1' }))
  const messagingServiceSid = `MG${'1'.repeat(32)}`
  const of = account({ config: { accountSid: ACCOUNT, appSlug: 'app', messagingServiceSid } })
  expect(await send(given, of)).toEqual({ outcome: 'accepted', externalId: 'SM1' })
  const [{ url, init }] = given.asked as [Asked]
  expect(url).toBe(`https://api.twilio.com/2010-04-01/Accounts/${ACCOUNT}/Messages.json`)
  expect(init.headers).toMatchObject({ authorization: `Basic ${Buffer.from(`${ACCOUNT}:the-auth-token`).toString('base64')}` })
  expect(Object.fromEntries(new URLSearchParams(String(init.body)))).toEqual({
    ...{ To: ADA, Body: 'Hello', From: SHOP, MessagingServiceSid: messagingServiceSid },
    StatusCallback: `https://parley.example/webhooks/twilio/app?account=${encodeURIComponent(SHOP)}&message=${hello.messageId}`,
  })
})

test('calls are made with an API key where there is one', async () => {
  const given = scripted(json(201, { sid: 'SM1' }))
  const apiKeySid = `SK${'1'.repeat(32)}`
  await send(given, account({ credentials: { authToken: 'the-auth-token', apiKeySid, apiKeySecret: 'the-secret' } }))
  expect(given.asked[0]?.init.headers).toMatchObject({
    authorization: `Basic ${Buffer.from(`${apiKeySid}:the-secret`).toString('base64')}`,
  })
})

test.each([
  ['a page of somebody in between', () => new Response('<html>', { status: 502 })],
  ['an error of Twilio’s own', json(500, { code: 20500, message: 'Internal Server Error', status: 500 })],
  ['success that cannot be read', () => new Response('ok', { status: 201 })],
])('after %s nobody knows whether the message was taken', async (_what, answer) => {
  expect(await send(scripted(answer))).toMatchObject({ outcome: 'unknown' })
})

test('a redirect is not followed: the credentials stay, and the address in the settings is wrong', async () => {
  const given = scripted(() => new Response(null, { status: 307, headers: { location: 'https://elsewhere.example/' } }))
  expect(await send(given)).toMatchObject({ outcome: 'reconnect' })
  expect(given.asked.map(({ init }) => init.redirect)).toEqual(['manual'])
})

test('how long to wait says Twilio', async () => {
  const given = scripted(json(429, { code: 20429, message: 'Too Many Requests', status: 429 }, { 'retry-after': '7' }))
  const result = await send(given)
  expect(result).toMatchObject({ outcome: 'retry', scope: 'account' })
  if (result.outcome === 'retry') expect(result.retryAfterMs).toBeGreaterThanOrEqual(7000)
})

test('words that quote a secret do not get out', async () => {
  const result = await send(scripted(json(400, { code: 21211, message: 'Bad the-auth-token here', status: 400 })))
  expect(result).toMatchObject({ outcome: 'reject', text: expect.stringContaining('Bad [secret] here') })
})

test('an account that is not set up is said to be so, by the names of what is wrong and never by its values', async () => {
  const given = scripted()
  const result = await send(given, account({ config: { accountSid: 'AC1' }, credentials: { authToken: 'has spaces in it' } }))
  expect(result).toEqual({
    outcome: 'reconnect',
    code: 'config',
    text: 'The connection is not complete: accountSid, authToken.',
  })
  expect(given.asked).toEqual([])
})

test('a list of templates that goes on at somebody else’s is given up', async () => {
  const page = (next: string | null) => json(200, { contents: [], meta: { next_page_url: next } })
  const given = scripted(page('https://content.twilio.com.example/v1/Content?Page=1'))
  await expect(createTwilioWhatsApp(given).syncTemplates?.(account())).rejects.toThrow('not Twilio’s')
  expect(given.asked).toHaveLength(1)
  const good = scripted(page('https://content.twilio.com/v1/ContentAndApprovals?Page=1'), page(null))
  expect(await createTwilioWhatsApp(good).syncTemplates?.(account())).toEqual([])
  expect(good.asked[1]?.url).toBe('https://content.twilio.com/v1/ContentAndApprovals?Page=1')
})

test('a file that is sent on to a place without encryption is not fetched', async () => {
  const media = { url: `https://api.twilio.com/2010-04-01/Accounts/${ACCOUNT}/Messages/MM1/Media/ME1` }
  const to = (location: string) => () => new Response(null, { status: 307, headers: { location } })
  const plain = scripted(to('http://files.example/x'))
  expect(await createTwilioSms(plain).download?.(account(), media, { maxBytes: 9 })).toMatchObject({ code: 'media_redirect' })
  const fine = scripted(to('https://files.example/x'), () => new Response('content', { status: 200 }))
  expect(await createTwilioSms(fine).download?.(account(), media, { maxBytes: 9 })).toMatchObject({ outcome: 'stored' })
  expect(fine.asked.map(({ init }) => 'authorization' in (init.headers as object))).toEqual([true, false])
  const round = scripted(...Array.from({ length: 4 }, () => to('https://files.example/x')))
  expect(await createTwilioSms(round).download?.(account(), media, { maxBytes: 9 })).toMatchObject({ outcome: 'refused' })
})
