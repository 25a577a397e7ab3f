import { expect, test } from 'vitest'
import { dayBars, readPeriod, stepsOf } from './funnel.ts'

const steps = {
  ...{ calls: 10, missed: 8, texted: 6, replied: 3, talked: 0, leads: 7, qualified: 2, scheduled: 0, completed: 0, lost: 1 },
  ...{ estimatedValue: 0, wonValue: 0 },
}

test('each step is a share of the one it comes of, and as wide as it is of the most', () => {
  const drawn = Object.fromEntries(stepsOf(steps).map((one) => [one.step, [one.of, one.share, one.width]]))
  expect(drawn).toMatchObject({
    calls: [null, null, 1],
    missed: ['calls', 0.8, 0.8],
    texted: ['missed', 0.75, 0.6],
    replied: ['texted', 0.5, 0.3],
    talked: ['replied', 0, 0],
    leads: ['missed', 7 / 8, 0.7],
    scheduled: ['qualified', 0, 0],
    // Of no appointment there is no share.
    completed: ['scheduled', null, 0],
    lost: ['leads', 1 / 7, 0.1],
  })
})

test('days are as high as they are of the busiest, also where nobody rang at all', () => {
  const day = (date: string, calls: number, missed: number) => ({ ...steps, date, calls, missed })
  expect(dayBars([day('2030-01-01', 4, 1), day('2030-01-02', 0, 0), day('2030-01-03', 2, 2)])).toEqual([
    { date: '2030-01-01', calls: 4, missed: 1, height: 1, missedShare: 0.25 },
    { date: '2030-01-02', calls: 0, missed: 0, height: 0, missedShare: 0 },
    { date: '2030-01-03', calls: 2, missed: 2, height: 0.5, missedShare: 1 },
  ])
  expect(dayBars([day('2030-01-01', 0, 0)])[0]?.height).toBe(0)
})

test('the address says only periods that there are, and the usual one is not in it', () => {
  expect([{ days: '90' }, { days: 365 }, { days: 30 }, { days: 'x' }, {}].map(readPeriod)).toEqual([
    ...[{ days: 90 }, { days: 365 }],
    ...[{}, {}, {}],
  ])
})
