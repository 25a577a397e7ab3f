/** A TCP proxy before PostgreSQL, to take the database away from a server without stopping it for the others. */

import type { AddressInfo } from 'node:net'
import { createServer, connect as dial, type Socket } from 'node:net'

/**
 * pass: as if it were not there. cut: connections end and new ones are refused. blackhole: bytes go nowhere, nothing ends.
 * starting: new connections are told that the database recovers.
 */
export type ProxyMode = 'pass' | 'cut' | 'blackhole' | 'starting'

/** As PostgreSQL says it: https://www.postgresql.org/docs/current/protocol-message-formats.html (ErrorResponse) */
function startingUp(): Buffer {
  const fields = Buffer.from('SFATAL\0VFATAL\0C57P03\0Mthe database system is starting up\0\0')
  const head = Buffer.alloc(5)
  head.write('E')
  head.writeInt32BE(4 + fields.length, 1)
  return Buffer.concat([head, fields])
}

export interface DatabaseProxy {
  /** The database's address through the proxy. */
  url: string
  mode(mode: ProxyMode): void
  /** Connections that asked something which went nowhere. */
  swallowed(): number
  close(): Promise<void>
}

/** `url` may name a host and port or, by ?host=/folder, a Unix socket. */
function target(url: URL): { path: string } | { host: string; port: number } {
  const port = Number(url.port || 5432)
  const folder = url.searchParams.get('host')
  return folder?.startsWith('/') ? { path: `${folder}/.s.PGSQL.${port}` } : { host: folder ?? url.hostname, port }
}

export async function startDatabaseProxy(databaseUrl: string): Promise<DatabaseProxy> {
  const to = target(new URL(databaseUrl))
  const open = new Set<Socket>()
  let mode: ProxyMode = 'pass'
  const unheard = new Set<Socket>()
  const server = createServer((client) => {
    if (mode === 'cut') return void client.destroy()
    if (mode === 'starting') {
      client.on('error', () => {})
      return void client.once('data', () => client.end(startingUp()))
    }
    const upstream = dial(to)
    for (const [from, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      open.add(from)
      from.on('data', (bytes) => {
        if (mode === 'pass') other.write(bytes)
        else if (from === client) unheard.add(client)
      })
      from.on('error', () => {})
      from.on('close', () => {
        open.delete(from)
        other.destroy()
      })
    }
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const through = new URL(databaseUrl)
  through.searchParams.delete('host')
  through.hostname = '127.0.0.1'
  through.port = String((server.address() as AddressInfo).port)
  const drop = () => {
    for (const socket of open) socket.destroy()
  }
  return {
    url: through.toString(),
    mode(next) {
      mode = next
      if (next === 'cut') drop()
      // What a black hole swallowed is gone: such a connection can never be used again.
    },
    swallowed: () => unheard.size,
    async close() {
      drop()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
