import { describe, expect, it } from 'vitest'
import { createAgenda } from './agenda.ts'
import { realClock, virtualClock } from './clock.ts'
import { seededRandom } from './random.ts'

describe('the virtual clock', () => {
  it('runs work in order of time and stands at the due time while it runs', async () => {
    const clock = virtualClock(0)
    const seen: string[] = []
    clock.schedule(20, () => void seen.push(`b${clock.now()}`))
    clock.schedule(10, () => {
      seen.push(`a${clock.now()}`)
      clock.schedule(5, () => void seen.push(`c${clock.now()}`))
    })
    await clock.advance(100)
    expect(seen).toEqual(['a10', 'c15', 'b20'])
    expect(clock.now()).toBe(100)
  })

  it('waits for work that takes a while before it moves on', async () => {
    const clock = virtualClock(0)
    const seen: string[] = []
    clock.schedule(1, async () => {
      await new Promise((resolve) => setImmediate(resolve))
      seen.push('slow')
    })
    clock.schedule(2, () => void seen.push('next'))
    await clock.advance(5)
    expect(seen).toEqual(['slow', 'next'])
  })

  it('leaves what is not due yet and forgets what was cancelled', async () => {
    const clock = virtualClock(0)
    const seen: string[] = []
    clock.schedule(10, () => void seen.push('late'))
    clock.schedule(1, () => void seen.push('cancelled'))()
    await clock.advance(9)
    expect(seen).toEqual([])
    await clock.advance(1)
    expect(seen).toEqual(['late'])
  })
})

describe('the agenda', () => {
  it('is idle once the work within the horizon is done, whatever is planned beyond', async () => {
    const agenda = createAgenda(realClock())
    let done = 0
    agenda.in(1, () => void done++)
    agenda.in(3_600_000, () => void done++)
    await agenda.idle(1000)
    expect(done).toBe(1)
    agenda.clear()
    await agenda.idle(7_200_000)
    expect(done).toBe(1)
  })
})

describe('seeded randomness', () => {
  it('repeats per seed and stream and differs between them', () => {
    const ids = (seed: number, stream: string) => seededRandom(seed, stream).hex(32)
    expect(ids(1, 'ids')).toBe(ids(1, 'ids'))
    expect(ids(1, 'ids')).not.toBe(ids(2, 'ids'))
    expect(ids(1, 'ids')).not.toBe(ids(1, 'faults'))
  })

  it('stays within the bounds and keeps every element when it shuffles', () => {
    const random = seededRandom(7, 'x')
    const drawn = Array.from({ length: 200 }, () => random.between([3, 5]))
    expect(new Set(drawn)).toEqual(new Set([3, 4, 5]))
    expect(random.shuffled([1, 2, 3, 4]).sort()).toEqual([1, 2, 3, 4])
  })
})
