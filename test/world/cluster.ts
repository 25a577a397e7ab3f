/** Several processes of a server on one database, behind a balancer as an operator would put it: a request goes to one that takes it. */
import { request as ask, createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { freePort, type ServerProcess, startProcess } from './process.ts'

export type Role = 'web' | 'worker' | 'all'

export interface Member {
  role: Role
  url: string
  process: ServerProcess
}

export interface Cluster {
  /** The balancer's address. */
  url: string
  members(): readonly Member[]
  /** Starts one more and waits until it runs. */
  start(role: Role): Promise<Member>
  /** Ends one and takes it out; answers how it ended. */
  end(member: Member, signal: NodeJS.Signals): Promise<{ code: number | null; signal: NodeJS.Signals | null }>
  close(): Promise<void>
}

/** `settings` as a process sees them, without PORT and role. */
export async function startCluster(settings: Record<string, string>): Promise<Cluster> {
  const members: Member[] = []
  const balancer = await startBalancer(() => members.filter(({ role }) => role !== 'worker').map(({ url }) => url))
  return {
    url: balancer.url,
    members: () => members,
    async start(role) {
      // A database that starts, or a port that somebody took meanwhile: whoever looks after it starts it again.
      for (let tries = 10; ; tries--) {
        const port = await freePort()
        const process = startProcess({ ...settings, PORT: String(port) }, ['start', '--role', role])
        const member: Member = { role, url: `http://127.0.0.1:${port}`, process }
        try {
          await process.ready
          members.push(member)
          return member
        } catch (error) {
          if (tries <= 1) throw error
        }
      }
    },
    async end(member, signal) {
      members.splice(members.indexOf(member), 1)
      return await member.process.end(signal)
    },
    async close() {
      await Promise.all(members.splice(0).map(({ process }) => process.end('SIGKILL')))
      await balancer.close()
    },
  }
}

/** Round robin. Who refuses the connection is passed over; where an answer broke off, the caller is told so and may repeat. */
async function startBalancer(targets: () => string[]): Promise<{ url: string; close(): Promise<void> }> {
  let turn = 0
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const all = targets()
    const first = turn++
    for (let n = 0; n < all.length; n++) {
      const target = all[(first + n) % all.length] as string
      const outcome = await pass(target, request, Buffer.concat(chunks), response)
      if (outcome === 'answered') return
      if (outcome === 'broken') break
    }
    if (!response.headersSent) response.writeHead(502)
    response.end()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

const pass = (
  target: string,
  from: IncomingMessage,
  body: Buffer,
  to: ServerResponse,
): Promise<'answered' | 'refused' | 'broken'> =>
  new Promise((resolve) => {
    const headers = { ...from.headers, connection: 'close' }
    const asked = ask(
      new URL(from.url ?? '/', target),
      { method: from.method, headers, timeout: 20_000, agent: false },
      (answer) => {
        to.writeHead(answer.statusCode ?? 502, answer.headers)
        answer.pipe(to)
        answer.on('end', () => resolve('answered'))
        answer.on('error', () => resolve('broken'))
      },
    )
    asked.on('timeout', () => asked.destroy(new Error('no answer')))
    asked.on('error', (error: NodeJS.ErrnoException) => resolve(error.code === 'ECONNREFUSED' ? 'refused' : 'broken'))
    asked.end(body)
  })
