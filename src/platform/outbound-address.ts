/** Addresses of providers that somebody may set: a proxy, a simulator. */
import ipaddr from 'ipaddr.js'

/** A token over plain HTTP stays on this machine or in a private network; names of containers there have no dot. */
const nearRanges: ReadonlySet<string> = new Set(['loopback', 'private', 'uniqueLocal'])

/** An address that credentials may be sent to: https, or http to a near host; without user, query and fragment. */
export const isSafeAddress = (text: string): boolean => {
  if (!URL.canParse(text)) return false
  const { protocol, hostname, username, search, hash } = new URL(text)
  const host = hostname.replace(/^\[|\]$/g, '')
  const isNear = ipaddr.isValid(host) ? nearRanges.has(ipaddr.parse(host).range()) : !host.includes('.')
  return username === '' && search === '' && hash === '' && (protocol === 'https:' || (protocol === 'http:' && isNear))
}
