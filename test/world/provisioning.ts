/** A world with the platform's own app at Meta, and whoever runs the server making businesses in it by key. */
import { expect } from 'vitest'
import type { PlatformAction } from '../../src/tenancy/can.ts'
import { createPlatformKey } from '../../src/tenancy/operators.ts'
import { type Caller, credentials } from './api.ts'
import { platformApp, withPlatformApp } from './platforms-day.ts'
import { createWorld, type World } from './world.ts'

export interface Answer {
  status: number
  // biome-ignore lint/suspicious/noExplicitAny: the shapes are checked by what is expected of them
  body: any
}

export interface Provisioning {
  world: World
  operator: { key: string }
  platformKey(scopes?: PlatformAction[]): Promise<{ key: string }>
  /** At the literal address, without /api. */
  call(method: string, path: string, as: Caller, body?: unknown): Promise<Answer>
  /** A business, as it is answered. */
  make(given?: Record<string, unknown>): Promise<Answer['body']>
}

export async function createProvisioning(): Promise<Provisioning> {
  const world = await createWorld({ settings: withPlatformApp })
  world.simulator.addApp({ ...platformApp, webhookUrl: `${world.app.localUrl()}/webhooks/whatsapp` })
  const platformKey = async (scopes?: PlatformAction[]) => ({
    key: (await createPlatformKey(world.app.db, { name: 'Provisioning', createdBy: 'test', scopes })).key,
  })
  const operator = await platformKey()
  const call: Provisioning['call'] = async (method, path, as, body) => {
    const response = await fetch(`${world.url}${path}`, {
      method,
      headers: {
        ...credentials(world.business, as),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      body: body === undefined ? undefined : JSON.stringify(body),
    })
    const text = await response.text()
    return { status: response.status, body: text === '' ? null : JSON.parse(text) }
  }
  const make: Provisioning['make'] = async (given = {}) => {
    const made = await call('POST', '/tenants', operator, {
      name: 'Harbour Plumbing',
      email: 'office@harbour.example',
      ...given,
    })
    expect(made.status).toBe(201)
    return made.body
  }
  return { world, operator, platformKey, call, make }
}
