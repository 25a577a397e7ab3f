import { setTimeout as pause } from 'node:timers/promises'
import { afterEach, expect, test } from 'vitest'
import { createLogger } from './log.ts'
import { startWorker, type Worker } from './worker.ts'

const log = createLogger({ level: 'CRITICAL' })
let worker: Worker | undefined
afterEach(() => worker?.stop())

/** Work of which each piece is shown to one look only, as rows that another transaction has locked are. */
function shop(pieces: number, options: { claimMs: number }) {
  const left = Array.from({ length: pieces }, (_, n) => n)
  const carried: number[] = []
  const looks = { now: 0, most: 0 }
  const start = () =>
    startWorker<number>(log, {
      operation: 'test',
      limit: 4,
      pollMs: 1,
      async claim(limit) {
        looks.now += 1
        looks.most = Math.max(looks.most, looks.now)
        const got = left.splice(0, limit)
        await pause(got.length > 0 ? options.claimMs : 0)
        looks.now -= 1
        return got
      },
      async carry(piece) {
        await pause(1)
        carried.push(piece)
      },
    })
  return { left, carried, looks, start }
}

test('it is idle only when all that was ready is carried out, however often it is woken in between', async () => {
  const work = shop(200, { claimMs: 3 })
  worker = work.start()
  const waking = setInterval(() => worker?.wake(), 1)
  try {
    await worker.idle()
    expect(work.carried).toHaveLength(200)
    for (let round = 0; round < 20; round++) {
      work.left.push(round)
      await worker.idle()
      expect(work.carried).toHaveLength(201 + round)
    }
  } finally {
    clearInterval(waking)
  }
  expect(work.looks.most).toBe(1)
})

test('a look that could not ask is not taken for nothing to do', async () => {
  const answers: (number[] | Error)[] = [new Error('away'), new Error('away'), [1, 2], new Error('away')]
  const carried: number[] = []
  worker = startWorker<number>(log, {
    operation: 'test',
    limit: 4,
    pollMs: 1,
    async claim() {
      const answer = answers.shift() ?? []
      if (answer instanceof Error) throw answer
      return answer
    },
    async carry(piece) {
      carried.push(piece)
    },
  })
  await worker.idle()
  expect(carried).toEqual([1, 2])
})
