import { describe, expect, test } from 'vitest'
import { check, disconnect, state } from './conversation.ts'
import { centre, granted, json, scripted } from './scripted.ts'

const stateOf = (answer: Response) => state(scripted([granted('token-1')], [answer]).deps, centre, 'conv-1')
const part = (purpose: string, ...states: string[]) => ({ purpose, messages: states.map((each) => ({ state: each })) })

describe('a conversation', () => {
  test('is open while the customer’s part is, whoever of the agents has gone', async () => {
    const participants = [part('customer', 'connected'), part('agent', 'disconnected'), part('agent', 'connected')]
    expect(await stateOf(json({ participants }))).toBe('open')
    expect(await stateOf(json({ participants: [part('customer', 'connected'), part('agent', 'disconnected')] }))).toBe('open')
  })
  test('has ended when the customer’s part has', async () => {
    expect(await stateOf(json({ participants: [part('customer', 'disconnected'), part('acd', 'connected')] }))).toBe('ended')
    expect(await stateOf(json({ participants: [part('customer', 'disconnected', 'terminated')] }))).toBe('ended')
    expect(await stateOf(json({ participants: [{ purpose: 'customer', state: 'disconnected' }] }))).toBe('ended')
    expect(await stateOf(json({ participants: [], endTime: '2026-11-20T10:00:00Z' }))).toBe('ended')
  })
  test('without a customer is open while anybody is in it', async () => {
    expect(await stateOf(json({ participants: [part('agent', 'disconnected'), part('acd', 'connected')] }))).toBe('open')
    expect(await stateOf(json({ participants: [part('agent', 'disconnected')] }))).toBe('ended')
  })
  test('that is gone has ended, but not where only somebody in between says so', async () => {
    expect(await stateOf(json({ code: 'not.found' }, 404))).toBe('ended')
    expect(await stateOf(new Response('<html>', { status: 404 }))).toBe('unknown')
    for (const answer of [json({}), json({}, 500), json({}, 403)]) expect(await stateOf(answer)).toBe('unknown')
  })
  test('is ended by its id, and one that is gone has been', async () => {
    const { deps, asked } = scripted([granted('token-1')], [new Response(null, { status: 202 }), json({}, 404), json({}, 503)])
    expect(await disconnect(deps, centre, 'conv-1')).toEqual({ outcome: 'accepted', conversationId: 'conv-1' })
    expect(asked[1]?.url).toBe('https://api.region.example/api/v2/conversations/conv-1/disconnect')
    expect(await disconnect(deps, centre, 'conv-1')).toMatchObject({ outcome: 'accepted' })
    expect(await disconnect(deps, centre, 'conv-1')).toMatchObject({ outcome: 'retry' })
  })
})

test.each([
  [json({ name: 'Relay', createStatus: 'Completed' }), 'connected', 'Relay'],
  [json({}), 'connected', 'int-1'],
  [json({ name: 'Relay', createStatus: 'Initiated' }), 'degraded', 'still making'],
  [json({ name: 'Relay', createStatus: 'Error' }), 'degraded', 'could not make'],
  [json({ code: 'not.found' }, 404), 'logged_out', 'does not know the integration'],
  [json({}, 403), 'logged_out', 'permission'],
  [json({}, 503), 'degraded', 'not available'],
])('the integration is looked at: %#', async (answer, expected, words) => {
  const { deps, asked } = scripted([granted('token-1')], [answer])
  const { state: found, text } = await check(deps, centre)
  expect(found).toBe(expected)
  expect(text).toContain(words)
  expect(asked[1]?.url).toBe('https://api.region.example/api/v2/conversations/messaging/integrations/open/int-1')
})
