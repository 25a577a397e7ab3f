import { spawn } from 'node:child_process'
import * as nodeFiles from 'node:fs/promises'
import { mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { until } from '../../test/world/until.ts'
import { newId } from '../kernel/ids.ts'
import { createLogger } from './log.ts'
import { openSpool, type Spool, type Spooled, SpoolFull } from './spool.ts'

let folder: string
const spools: Spool[] = []
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'parley-spool-'))
})
afterEach(async () => {
  // One that does not stop fails its own test alone.
  for (const spool of spools.splice(0)) await spool.stop()
  await rm(folder, { recursive: true, force: true })
})

class Away extends Error {}
const log = createLogger({ level: 'CRITICAL' })

async function open(take: (item: Spooled) => Promise<void>, more: Partial<Parameters<typeof openSpool>[0]> = {}) {
  const spool = await openSpool({
    ...{ folder, log, take, isPassing: (error) => error instanceof Away, maxBytes: 1024 * 1024, everyMs: 3_600_000 },
    ...more,
  })
  spools.push(spool)
  return spool
}
const put = (spool: Spool, text: string, source = 'a') =>
  spool.put({ source, receivedAt: new Date('2026-11-20T10:00:00Z'), about: { text }, body: Buffer.from(`body of ${text}`) })
const kept = async () => (await readdir(folder)).filter((name) => name.endsWith('.spool'))

test('what was put is handed on in order, as it came, and is gone afterwards', async () => {
  const got: Spooled[] = []
  const spool = await open(async (item) => void got.push(item))
  const odd = Buffer.from([0, 10, 255, 10, 0])
  await put(spool, 'one')
  await spool.put({ source: 'b', receivedAt: new Date(5), about: {}, body: odd })
  await put(spool, 'three')
  expect([spool.waiting().files, spool.waiting('a').files, spool.waiting('nobody').files]).toEqual([3, 2, 0])
  await spool.drain()
  // Two sources do not wait for each other.
  const [ofA, ofB] = ['a', 'b'].map((source) => got.filter((item) => item.source === source)) as [Spooled[], Spooled[]]
  expect([ofA.map(({ about }) => about), ofB.map(({ about }) => about)]).toEqual([[{ text: 'one' }, { text: 'three' }], [{}]])
  expect(ofA[0]).toMatchObject({ receivedAt: new Date('2026-11-20T10:00:00Z'), body: Buffer.from('body of one') })
  expect(ofB[0]?.body.equals(odd)).toBe(true)
  expect([await kept(), spool.waiting()]).toEqual([[], { files: 0, bytes: 0, oldestMs: 0 }])
})

test('while nobody takes it everything waits, in order; once somebody does, it goes on where it stopped', async () => {
  let away = true
  const got: unknown[] = []
  const spool = await open(async ({ about }) => {
    if (away && about.text === 'two') throw new Away()
    got.push(about.text)
  })
  for (const text of ['one', 'two', 'three']) await put(spool, text)
  await spool.drain()
  expect([got, spool.waiting().files]).toEqual([['one'], 2])
  away = false
  await spool.drain()
  expect([got, spool.waiting().files]).toEqual([['one', 'two', 'three'], 0])
})

test('what is about one thing keeps its order; others do not wait for it, and those about nothing wait for all before them', async () => {
  const [began, ended]: [string[], string[]] = [[], []]
  const open1: Record<string, () => void> = {}
  const spool = await open(async ({ about }) => {
    const text = about.text as string
    began.push(text)
    await new Promise<void>((go) => {
      open1[text] = go
    })
    ended.push(text)
  })
  const line = (text: string, order?: string) =>
    spool.put({ source: 'a', ...(order ? { order } : {}), receivedAt: new Date(), about: { text }, body: Buffer.from('') })
  await line('ada 1', 'ada')
  await line('ada 2', 'ada')
  await line('bob 1', 'bob')
  await line('all')
  await line('bob 2', 'bob')
  expect([spool.isBehind('a', 'ada'), spool.isBehind('a', 'eve'), spool.isBehind('a'), spool.isBehind('b', 'ada')]).toEqual([
    ...[true, true, true, false],
  ])
  const drained = spool.drain()
  // What waits for nobody is read from the disk at the same time: either may be first.
  const reached = (...texts: string[]) =>
    until(`${texts} began`, async () => began.toSorted().join() === texts.toSorted().join())
  const finish = (text: string) => open1[text]?.()
  await reached('ada 1', 'bob 1')
  finish('bob 1')
  finish('ada 1')
  await reached('ada 1', 'bob 1', 'ada 2')
  finish('ada 2')
  await reached('ada 1', 'bob 1', 'ada 2', 'all')
  expect(spool.isBehind('a', 'eve')).toBe(true)
  finish('all')
  await reached('ada 1', 'bob 1', 'ada 2', 'all', 'bob 2')
  expect([spool.isBehind('a', 'eve'), spool.isBehind('a', 'bob')]).toEqual([false, true])
  finish('bob 2')
  await drained
  expect([ended.at(-1), await kept()]).toEqual(['bob 2', []])
})

test('what is held waits with what is behind it; however much of that there is, all others go on', async () => {
  class Held extends Error {}
  let held = true
  const got: string[] = []
  const take = async ({ about }: Spooled) => {
    if (held && String(about.text).startsWith('held')) throw new Held()
    got.push(about.text as string)
  }
  const spool = await open(take, { isHeld: (error) => error instanceof Held })
  const line = (text: string, order: string, source = 'a') =>
    spool.put({ source, order, receivedAt: new Date(), about: { text }, body: Buffer.from('') })
  for (let n = 1; n <= 6; n++) await line(`held ${n}`, `order ${n}`)
  await line('behind 1', 'order 1')
  await line('free', 'order 7')
  await line('another source', 'order 1', 'b')
  await spool.drain()
  // Neither waits for the other.
  expect(got.toSorted()).toEqual(['another source', 'free'])
  held = false
  await spool.drain()
  expect(got.indexOf('behind 1')).toBeGreaterThan(got.indexOf('held 1'))
  expect([got.length, await kept()]).toEqual([9, []])
})

test('what came first goes first, though it was longer on its way to the disk', async () => {
  const got: unknown[] = []
  const spool = await open(async ({ about }) => void got.push(about.text))
  const [first, second] = [newId(), newId()]
  const line = (id: string, text: string) =>
    spool.put({ id, source: 'a', order: 'ada', receivedAt: new Date(), about: { text }, body: Buffer.from('') })
  await line(second, 'second')
  await line(first, 'first')
  await spool.drain()
  expect(got).toEqual(['first', 'second'])
})

test('a new process knows again what has to keep its order', async () => {
  const first = await open(async () => {
    throw new Away()
  })
  await first.put({ source: 'a', order: 'ada', receivedAt: new Date(), about: {}, body: Buffer.from('1') })
  await first.stop()
  const second = await open(async () => {})
  expect([second.isBehind('a', 'ada'), second.isBehind('a', 'bob')]).toEqual([true, false])
})

test('what cannot be taken for good is set aside, and what comes behind it goes on', async () => {
  const got: unknown[] = []
  const spool = await open(async ({ about }) => {
    if (about.text === 'poison') throw new Error('never')
    got.push(about.text)
  })
  const id = await put(spool, 'poison')
  await put(spool, 'fine')
  await spool.drain()
  expect([got, await readdir(join(folder, 'failed')), spool.totals().setAside]).toEqual([['fine'], [`${id}.spool`], 1])
})

test('beyond its bytes nothing is taken, and what was taken is not touched', async () => {
  const spool = await open(async () => {}, { maxBytes: 400 })
  await put(spool, 'one')
  await put(spool, 'two')
  await expect(put(spool, 'x'.repeat(300))).rejects.toThrow(SpoolFull)
  expect([spool.waiting().files, (await kept()).length, spool.totals().refused]).toEqual([2, 2, 1])
  await spool.drain()
  await expect(put(spool, 'three')).resolves.toBeTypeOf('string')
})

test('a disk that fails refuses, keeps nothing half, and counts nothing', async () => {
  const spool = await open(async () => {}, {
    files: { ...nodeFiles, rename: () => Promise.reject(new Error('no space left on device')) },
  })
  await expect(put(spool, 'one')).rejects.toThrow('no space')
  expect([await readdir(folder), spool.waiting().bytes]).toEqual([['failed'], 0])
})

test('a new process finds what the one before it took, in order, and leaves drafts alone', async () => {
  const first = await open(async () => {
    throw new Away()
  })
  for (const text of ['one', 'two', 'three']) await put(first, text)
  await first.stop()
  await writeFile(join(folder, '.half.spool'), 'a draft of somebody who lives')
  const got: unknown[] = []
  const second = await open(async ({ about }) => void got.push(about.text))
  expect(second.waiting('a').files).toBe(3)
  await second.drain()
  expect([got, await kept()]).toEqual([['one', 'two', 'three'], ['.half.spool']])
})

test('what the disk gives back damaged is set aside, and neither stops the start nor what comes behind it', async () => {
  const damage = async (id: string, bytes: number) => {
    const path = join(folder, `${id}.spool`)
    await truncate(path, bytes < 0 ? (await readFile(path)).length + bytes : bytes)
  }
  const got: unknown[] = []
  const first = await open(async ({ about }) => void got.push(about.text))
  await damage(await put(first, 'no head'), 3)
  await damage(await put(first, 'half a body'), -2)
  await put(first, 'whole')
  await first.drain()
  expect([got, first.totals().setAside, (await readdir(join(folder, 'failed'))).length]).toEqual([['whole'], 2, 2])
  await damage(await put(first, 'nothing'), 0)
  await put(first, 'whole again')
  await first.stop()
  const second = await open(async ({ about }) => void got.push(about.text))
  await second.drain()
  expect([got, second.waiting().bytes, await kept()]).toEqual([['whole', 'whole again'], 0, []])
})

test('killed at any step, what was promised is there afterwards, whole; what was not is not half there', async () => {
  // Each life counts the disk's operations and ends at the n-th, before or after it was done.
  const life = (n: number, when: 'before' | 'after') =>
    new Promise<string>((resolve) => {
      const child = spawn(process.execPath, ['--input-type=module', '-e', dying, folder, String(n), when], {
        cwd: new URL('../..', import.meta.url).pathname,
      })
      let said = ''
      child.stdout.on('data', (text) => {
        said += text
      })
      child.on('exit', () => resolve(said))
    })
  const promised: string[] = []
  for (const when of ['before', 'after'] as const)
    for (let n = 1; n <= 9; n++) promised.push(...(await life(n, when)).split('\n').filter(Boolean))
  // Three operations to each: killed in the first, the second and the third.
  expect(promised.length).toBe(2 * 3 * (0 + 1 + 2))
  const got: string[] = []
  const spool = await open(async ({ body }) => void got.push(body.toString()))
  await spool.drain()
  for (const text of promised) expect(got).toContain(text)
  for (const text of got) expect(text).toMatch(/^body \d (before|after) \d x{2000} end$/)
  expect(new Set(got).size).toBe(got.length)
}, 60_000)

const dying = `
import * as nodeFiles from 'node:fs/promises'
import { openSpool } from './src/platform/spool.ts'
const [folder, at, when] = process.argv.slice(1)
let count = 0
const step = (work) => async (...args) => {
  count += 1
  if (count === Number(at) && when === 'before') process.kill(process.pid, 'SIGKILL')
  const result = await work(...args)
  if (count === Number(at) && when === 'after') process.kill(process.pid, 'SIGKILL')
  return result
}
const files = { ...nodeFiles, writeFile: step(nodeFiles.writeFile), rename: step(nodeFiles.rename), open: step(nodeFiles.open) }
const log = { debug() {}, info() {}, warn() {}, error() {}, critical() {} }
const spool = await openSpool({ folder, log, files, take: async () => {}, isPassing: () => true, maxBytes: 1e9, everyMs: 1e9 })
for (let n = 0; n < 3; n++) {
  const text = 'body ' + at + ' ' + when + ' ' + n + ' ' + 'x'.repeat(2000) + ' end'
  await spool.put({ source: 's', receivedAt: new Date(), about: {}, body: Buffer.from(text) })
  process.stdout.write(text + '\\n')
}
await spool.stop()
process.exit(0)
`
