import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { clientSecret, integrationId, type Scene, startScene, webhookSecret } from './test-kit.ts'

let scene: Scene
beforeEach(async () => {
  scene = await startScene({ publishReceipts: false })
})
afterEach(() => scene.stop())

const opened = async () => String((await scene.write()).body.conversationId)

describe('over HTTP', () => {
  it('an agent answers, types, says, attaches, passes on and ends', async () => {
    const id = await opened()
    const act = (what: string, body: object) => scene.control('POST', `conversations/${id}/${what}`, body)
    expect((await act('answer', { agent: 'agent-1' })).body).toMatchObject({ name: 'Nora' })
    expect((await act('typing', {})).status).toBe(200)
    const files = [{ base64: 'YQ==', mimeType: 'image/png', fileName: 'a.png' }]
    expect((await act('say', { text: 'Hi', quickReplies: [{ text: 'A' }], files })).body.ids).toHaveLength(2)
    expect((await act('transfer', { agent: 'agent-2' })).body).toMatchObject({ name: 'Omar' })
    expect((await act('disconnect', {})).status).toBe(200)
    expect((await act('say', { text: 'late' })).body).toMatchObject({ error: expect.stringContaining('has ended') })
  })
  it('what was taken is told, of all or of one conversation, in order', async () => {
    const id = await opened()
    await scene.write({ channel: { from: { id: 'x', idType: 'Opaque' }, time: '2026-11-01T12:00:00Z', messageId: 'other' } })
    expect((await scene.control('GET', 'taken')).body).toMatchObject({ total: 2 })
    expect((await scene.control('GET', `taken?conversation=${id}`)).body).toMatchObject({
      total: 1,
      taken: [{ kind: 'message', messageId: 'wamid.1', repeated: false, body: { text: 'Hello' } }],
    })
  })
  it('who has seen a conversation is told nothing twice', async () => {
    const id = await opened()
    const { body } = await scene.control('GET', `conversations/${id}`)
    expect(body).toMatchObject({ customer: { nickname: 'Ada' }, waiting: 1, messages: [{ text: 'Hello' }], typing: false })
    expect((await scene.control('GET', `conversations/${id}?since=${body.stamp}`)).status).toBe(204)
    scene.simulator.say(id, { text: 'Hi' })
    expect((await scene.control('GET', `conversations/${id}?since=${body.stamp}`)).body).toMatchObject({
      waiting: 0,
      agent: 'Nora',
    })
  })
  it('the state has no secret and no token', async () => {
    await opened()
    const text = JSON.stringify((await scene.control('GET', 'state')).body)
    for (const secret of [clientSecret, webhookSecret, ...scene.simulator.world.tokens.keys()])
      expect(text).not.toContain(secret)
  })
  it('everything can be set up: clients, integrations, agents, scripts, faults, moods', async () => {
    expect((await scene.control('POST', 'clients', { id: 'c2', secret: 's2' })).body).toEqual({ id: 'c2' })
    expect((await scene.signIn('c2', 's2')).status).toBe(200)
    const integration = { id: 'int-2', name: 'Second', webhookUrl: scene.receiver.url, secret: 'sixteen characters at least' }
    expect((await scene.control('POST', 'integrations', integration)).body).toEqual({ id: 'int-2' })
    expect((await scene.control('PATCH', 'integrations/int-2', { name: 'Renamed' })).status).toBe(200)
    expect((await scene.control('POST', 'agents', { name: 'Pia' })).body).toMatchObject({ name: 'Pia' })
    expect((await scene.control('POST', 'scripts', { on: 'message', steps: [{ do: 'say', text: 'x' }] })).body).toEqual({
      id: 'script-1',
    })
    const { body } = await scene.control('POST', 'faults', { times: 1, action: { kind: 'delay', ms: 1 } })
    expect((await scene.control('DELETE', `faults/${body.id}`)).body).toEqual({ ok: true })
    expect((await scene.control('POST', 'mood', { mood: 'down' })).status).toBe(200)
    expect((await scene.control('GET', 'faults')).body.faults).toMatchObject([{ action: { status: 503 } }])
    expect((await scene.control('GET', 'moods')).body.moods).toContain('losesAnswers')
    expect((await scene.control('GET', 'state')).body).toMatchObject({
      integrations: [{ name: 'Relay' }, { name: 'Renamed' }],
      scripts: [{ on: 'message' }],
    })
  })
  it('what is wrong is a sentence', async () => {
    expect(await scene.control('POST', 'mood', { mood: 'grumpy' })).toMatchObject({
      status: 400,
      body: { error: expect.stringContaining('losesAnswers') },
    })
    expect(await scene.control('POST', 'faults', { action: { kind: 'odd' } })).toMatchObject({ status: 400 })
    expect(await scene.control('GET', 'conversations/nothing')).toMatchObject({
      status: 400,
      body: { error: expect.stringContaining('nothing') },
    })
  })
  it('any body can be sent signed, and deliveries can be read', async () => {
    const { body } = await scene.control('POST', 'raw', { integrationId, payload: { type: 'Odd' } })
    await scene.control('POST', 'clock/advance', { ms: 1_000 })
    expect(scene.receiver.received[0]?.json).toEqual({ type: 'Odd' })
    expect((await scene.control('GET', `deliveries/${body.delivery}`)).body).toMatchObject({
      statuses: [200],
      body: '{"type":"Odd"}',
    })
  })
  it('a reset forgets what happened and keeps what was set up at the start', async () => {
    await opened()
    await scene.control('POST', 'agents', { name: 'Pia' })
    await scene.control('POST', 'reset')
    expect((await scene.control('GET', 'state')).body).toMatchObject({
      conversations: [],
      taken: 0,
      integrations: [{ id: integrationId }],
      agents: [{ name: 'Nora' }, { name: 'Omar' }],
    })
  })
})

describe('the page', () => {
  it('is served with its parts, allows nothing of others, and has a slash', async () => {
    const page = await fetch(`${scene.url}/`)
    expect(page.headers.get('content-security-policy')).toContain("default-src 'self'")
    const html = await page.text()
    for (const part of ['desk.js', 'render.js', 'faults.js', 'desk.css'])
      expect((await fetch(`${scene.url}/${part}`)).status).toBe(200)
    expect(html).toContain('Agent desk')
  })
  it('works under a prefix', async () => {
    await scene.stop()
    scene = await startScene({ prefix: '/genesys' })
    const bare = await fetch(scene.url, { redirect: 'manual' })
    expect(bare.headers.get('location')).toBe('/genesys/')
    expect((await scene.write()).status).toBe(200)
    const { id } = scene.simulator.conversations[0] ?? {}
    const [message] = scene.simulator.say(id ?? '', { files: [{ base64: 'YQ==', mimeType: 'image/png', fileName: 'a.png' }] })
    expect(message?.content).toMatchObject([{ attachment: { url: expect.stringContaining(`${scene.url}/downloads/`) } }])
  })
})
