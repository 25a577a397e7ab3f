/**
 * Fifty people at work, in a process of their own: each has the live stream open, and asks for something, thinks, asks again.
 * argv: url, a file with their keys and what they may look for, seconds. Prints one JSON line.
 */
import { readFileSync } from 'node:fs'
import { Agent, request } from 'node:http'

interface Given {
  keys: string[]
  filters: string[]
  words: string[]
  names: string[]
}
export type Kind = 'list' | 'open' | 'search' | 'contacts'

const [url = '', file = '', seconds = '8'] = process.argv.slice(2)
const { keys, filters, words, names } = JSON.parse(readFileSync(file, 'utf8')) as Given
const target = new URL(url)
const agent = new Agent({ keepAlive: true, maxSockets: Infinity })
const until = performance.now() + Number(seconds) * 1000
const took: Record<Kind, number[]> = { list: [], open: [], search: [], contacts: [] }
let failed = 0
let told = 0

const one = <T>(of: readonly T[]): T => of[Math.floor(Math.random() * of.length)] as T
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

function get(key: string, path: string): Promise<{ items?: { id: string }[] }> {
  return new Promise((resolve) => {
    const call = request(
      { agent, host: target.hostname, port: target.port, path: `/api${path}`, headers: { authorization: `Bearer ${key}` } },
      (response) => {
        const chunks: Buffer[] = []
        response.on('data', (chunk: Buffer) => chunks.push(chunk))
        response.once('end', () => {
          if (response.statusCode !== 200) failed += 1
          resolve(response.statusCode === 200 ? JSON.parse(Buffer.concat(chunks).toString()) : {})
        })
      },
    )
    call.once('error', () => {
      failed += 1
      resolve({})
    })
    call.end()
  })
}

/** Stays open until the process ends; comes back where it was cut off. */
function listen(key: string): void {
  const call = request(
    {
      host: target.hostname,
      port: target.port,
      path: '/api/stream',
      headers: { authorization: `Bearer ${key}` },
      agent: false,
    },
    (response) => {
      response.on('data', (chunk: Buffer) => {
        told += chunk.includes('event: batch') ? 1 : 0
      })
      response.once('close', () => performance.now() < until && listen(key))
    },
  )
  call.once('error', () => {})
  call.end()
}

async function timed<T>(kind: Kind, work: () => Promise<T>): Promise<T> {
  const began = performance.now()
  const answer = await work()
  took[kind].push(performance.now() - began)
  return answer
}

async function person(key: string): Promise<void> {
  listen(key)
  await pause(Math.random() * 1500)
  while (performance.now() < until) {
    const think = () => pause(1000 + Math.random() * 1000)
    const { items = [] } = await timed('list', () => get(key, `/conversations?${one(filters)}`))
    await think()
    const id = items.length > 0 ? one(items).id : undefined
    if (id)
      // Both at once, as the console asks.
      await timed('open', () => Promise.all([get(key, `/conversations/${id}`), get(key, `/conversations/${id}/messages`)]))
    await think()
    await timed('search', () => get(key, `/search?q=${encodeURIComponent(one(words))}`))
    await think()
    await timed('contacts', () => get(key, `/contacts?q=${encodeURIComponent(one(names))}`))
    await think()
  }
}

await Promise.all(keys.map(person))
process.stdout.write(`${JSON.stringify({ took, failed, told })}\n`)
process.exit()
