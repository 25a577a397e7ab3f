/**
 * Every request that this server makes goes through here. What is called may come from a tenant or from a stranger (the
 * address of a file, of a provider's API), so it must not lead into the machine or the network around it. A guard on the
 * look-up alone lets literals and rebinding names through: checked are the address as written, every address its name
 * stands for, and the one that the connection really has.
 */
import { type LookupAddress, type LookupOptions, lookup } from 'node:dns'
import { isIP } from 'node:net'
import ipaddr from 'ipaddr.js'
import { Agent, buildConnector } from 'undici'

/** Which private places may be called all the same. */
export interface Allowed {
  /** Names, compared without case: `graph-emulator`, `localhost`. Their addresses may be anything. */
  hosts: ReadonlySet<string>
  ranges: readonly [ipaddr.IPv4 | ipaddr.IPv6, number][]
}

/** Code of the error that a refused address becomes; fetch wraps it as `cause`. No byte of the request has left. */
export const blockedAddressCode = 'ERR_BLOCKED_ADDRESS'

export class BlockedAddress extends Error {
  readonly code = blockedAddressCode
  constructor(host: string) {
    super(`${host} is in a private network. To allow it, whoever runs this server adds it to PARLEY_OUTBOUND_ALLOW.`)
    this.name = 'BlockedAddress'
  }
}

/** Addresses, ranges (10.0.0.0/8) and names of hosts, separated by commas. Throws on what is none of them. */
export function parseAllowed(list: string): Allowed {
  const hosts = new Set<string>()
  const ranges: [ipaddr.IPv4 | ipaddr.IPv6, number][] = []
  for (const entry of list.split(',').map((part) => part.trim())) {
    if (entry === '') continue
    if (ipaddr.isValidCIDR(entry)) ranges.push(ipaddr.parseCIDR(entry))
    else if (ipaddr.isValid(entry)) ranges.push([ipaddr.process(entry), ipaddr.process(entry).kind() === 'ipv4' ? 32 : 128])
    else if (/^[a-z0-9_]([a-z0-9_.-]*[a-z0-9_])?$/i.test(entry)) hosts.add(entry.toLowerCase())
    else throw new Error(`${entry} is neither an address, nor a range like 10.0.0.0/8, nor the name of a host`)
  }
  return { hosts, ranges }
}

export function isAllowList(list: string): boolean {
  try {
    parseAllowed(list)
    return true
  } catch {
    return false
  }
}

/** Whether this address is a public one, or one that is allowed. IPv4 inside IPv6 counts as the IPv4 that it is. */
export function isReachable(address: string, allowed: Allowed): boolean {
  const plain = address.replace(/^\[|\]$/g, '').replace(/%.*$/, '')
  if (!ipaddr.isValid(plain)) return false
  const ip = ipaddr.process(plain)
  // ipaddr.js calls every special range by its name: only ordinary public addresses are `unicast`.
  if (ip.range() === 'unicast') return true
  return allowed.ranges.some(([range, bits]) => range.kind() === ip.kind() && ip.match(range, bits))
}

export interface Outbound {
  fetch: typeof fetch
  close(): Promise<void>
}

type Resolve = typeof lookup

export function createOutbound(allowed: Allowed, options: { resolve?: Resolve } = {}): Outbound {
  const resolve = options.resolve ?? lookup
  const mayBe = (host: string) => (address: string) => allowed.hosts.has(host.toLowerCase()) || isReachable(address, allowed)
  /** One bad address among a name's good ones refuses the name: which of them is used is not ours to choose. */
  const guardedLookup = (host: string, given: LookupOptions, done: LookupDone) =>
    resolve(host, { ...given, all: true }, (error, addresses) => {
      if (error) return done(error, [])
      if (!addresses.every(({ address }) => mayBe(host)(address))) return done(new BlockedAddress(host), [])
      if (given.all) return done(null, addresses)
      const [first] = addresses
      return first ? done(null, first.address, first.family) : done(new Error(`${host} has no address`), [])
    })
  const connect = buildConnector({ lookup: guardedLookup as never, timeout: 10_000, keepAlive: true })
  const agent = new Agent({
    keepAliveTimeout: 10_000,
    connect(opts, done) {
      const host = opts.hostname.replace(/^\[|\]$/g, '')
      // Node looks up names only: a literal would never meet the look-up.
      if (isIP(host) !== 0 && !mayBe(host)(host)) return done(new BlockedAddress(host), null)
      connect(opts, (error, socket) => {
        if (error) return done(error, null)
        const remote = socket.remoteAddress
        if (remote === undefined || !mayBe(host)(remote)) {
          socket.destroy()
          return done(new BlockedAddress(host), null)
        }
        return done(null, socket)
      })
    },
  })
  return {
    fetch: (input, init) => fetch(input, { ...init, dispatcher: agent } as RequestInit),
    close: () => agent.close(),
  }
}

type LookupDone = (error: NodeJS.ErrnoException | null, address: string | LookupAddress[], family?: number) => void
