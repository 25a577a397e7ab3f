import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Allowed, createOutbound, isReachable, type Outbound, parseAllowed } from './outbound.ts'

const nothing = parseAllowed('')
let server: Server
let port: number
let asked: string[]
const open: Outbound[] = []
const outbound = (allowed: Allowed, resolve?: Parameters<typeof createOutbound>[1]) => {
  const made = createOutbound(allowed, resolve)
  open.push(made)
  return made
}

beforeAll(async () => {
  asked = []
  server = createServer((request, response) => {
    asked.push(request.url ?? '')
    if (request.url === '/away') response.writeHead(302, { location: `http://127.0.0.1:${port}/inside` })
    response.end('from inside')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  port = (server.address() as AddressInfo).port
})
afterAll(async () => {
  for (const each of open) await each.close()
  await new Promise((resolve) => server.close(resolve))
})

/** How a request ended: the code of what stopped it, or the status. */
async function ends(fetcher: typeof fetch, url: string): Promise<string | number> {
  try {
    const response = await fetcher(url, { signal: AbortSignal.timeout(5000) })
    return response.status
  } catch (error) {
    return ((error as Error).cause as { code?: string } | undefined)?.code ?? (error as Error).name
  }
}

describe('an address in this machine or the network around it is never called', () => {
  const literals = [
    'http://127.0.0.1:PORT/',
    'http://127.1:PORT/',
    'http://2130706433:PORT/',
    'http://0x7f000001:PORT/',
    'http://0177.0.0.1:PORT/',
    'http://①②⑦.⓪.⓪.①:PORT/',
    'http://127.0.0.1.:PORT/',
    'http://0.0.0.0:PORT/',
    'http://[::1]:PORT/',
    'http://[::]:PORT/',
    'http://[::ffff:127.0.0.1]:PORT/',
    'http://[::ffff:7f00:1]:PORT/',
    'http://[64:ff9b::7f00:1]:PORT/',
    'http://[2002:7f00:1::]:PORT/',
    'http://[fe80::1]:PORT/',
    'http://[fd00::1]:PORT/',
    'http://[fec0::1]:PORT/',
    'http://10.0.0.1:PORT/',
    'http://172.16.0.1:PORT/',
    'http://192.168.1.1:PORT/',
    'http://169.254.169.254:PORT/latest/meta-data/',
    'http://100.64.0.1:PORT/',
    'http://192.0.0.1:PORT/',
    'http://198.18.0.1:PORT/',
    'http://224.0.0.1:PORT/',
    'http://255.255.255.255:PORT/',
    'https://127.0.0.1:PORT/',
  ]
  test.each(literals)('%s', async (url) => {
    const before = asked.length
    expect(await ends(outbound(nothing).fetch, url.replace('PORT', String(port)))).toBe('ERR_BLOCKED_ADDRESS')
    expect(asked.length).toBe(before)
  })

  const named = (...addresses: string[]) => ({
    resolve: ((_host: string, _options: unknown, done: (error: null, found: unknown) => void) =>
      done(
        null,
        addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
      )) as never,
  })
  test('nor a name that stands for one', async () => {
    expect(await ends(outbound(nothing, named('127.0.0.1')).fetch, `http://files.example:${port}/`)).toBe('ERR_BLOCKED_ADDRESS')
  })
  test('nor a name that has a public address beside it', async () => {
    const fetcher = outbound(nothing, named('93.184.215.14', '127.0.0.1')).fetch
    expect(await ends(fetcher, `http://files.example:${port}/`)).toBe('ERR_BLOCKED_ADDRESS')
  })
  test('nor a name that answers otherwise the second time', async () => {
    const answers = ['93.184.215.14', '127.0.0.1']
    let n = 0
    const resolve = ((_host: string, _options: unknown, done: (error: null, found: unknown) => void) =>
      done(null, [{ address: answers[n++] ?? '127.0.0.1', family: 4 }])) as never
    // Each connection asks once and is made to what was checked: nothing is looked up again after the check.
    n = 1
    expect(await ends(outbound(nothing, { resolve }).fetch, `http://rebinding.example:${port}/`)).toBe('ERR_BLOCKED_ADDRESS')
    expect(n).toBe(2)
  })
  test('nor where a place that may be called sends one on to it', async () => {
    const fetcher = outbound(parseAllowed('emulator.example'), named('127.0.0.1')).fetch
    const before = asked.length
    expect(await ends(fetcher, `http://emulator.example:${port}/away`)).toBe('ERR_BLOCKED_ADDRESS')
    expect(asked.slice(before)).toEqual(['/away'])
  })
})

describe('what whoever runs the server allows', () => {
  test.each([['127.0.0.0/8'], ['127.0.0.1']])('%s is called', async (entry) => {
    expect(await ends(outbound(parseAllowed(entry)).fetch, `http://127.0.0.1:${port}/`)).toBe(200)
  })
  test('a name is, and its address without the name is not', async () => {
    const { fetch: fetcher } = outbound(parseAllowed('10.0.0.0/8, LocalHost'))
    expect(await ends(fetcher, `http://localhost:${port}/`)).toBe(200)
    expect(await ends(fetcher, `http://127.0.0.1:${port}/`)).toBe('ERR_BLOCKED_ADDRESS')
  })
  test('a body of a form arrives as with any fetch', async () => {
    const form = new FormData()
    form.append('file', new Blob(['x']), 'x.txt')
    const response = await outbound(parseAllowed('127.0.0.1')).fetch(`http://127.0.0.1:${port}/`, {
      method: 'POST',
      body: form,
    })
    expect(response.status).toBe(200)
  })
  test.each(['10.0.0.0/99', 'http://10.0.0.1', 'a b'])('%s is no entry', (entry) => {
    expect(() => parseAllowed(entry)).toThrow(/neither/)
  })
})

test.each(['8.8.8.8', '2606:4700:4700::1111', '::ffff:8.8.8.8'])('%s is a public address', (address) => {
  expect(isReachable(address, nothing)).toBe(true)
})
