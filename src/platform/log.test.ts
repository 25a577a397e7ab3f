import { expect, test } from 'vitest'
import { createLogger } from './log.ts'

function collect(level?: string) {
  const lines: Record<string, unknown>[] = []
  let time = 0
  const log = createLogger({ level, write: (line) => lines.push(JSON.parse(line)), now: () => time })
  return { lines, log, pass: (ms: number) => (time += ms) }
}

test('a line is one JSON object with time, level, service, message and context', () => {
  const { lines, log } = collect()
  log.info('Mapping resolved', { operation: 'identity', duration_ms: 8, conversation_id: 'c-1' })
  expect(lines).toHaveLength(1)
  expect(lines[0]).toMatchObject({
    level: 'INFO',
    service: 'parley',
    message: 'Mapping resolved',
    operation: 'identity',
    duration_ms: 8,
    conversation_id: 'c-1',
  })
  expect(Number.isNaN(Date.parse(lines[0]?.timestamp as string))).toBe(false)
})

test('numbers, names and secrets are not written in clear', () => {
  const { lines, log } = collect()
  log.warn('Refused', {
    wa_id: '919876543210',
    phone: '+16505551234',
    access_token: 'EAAG123',
    password: 'x',
    appSecret: 'y',
    email: 'a@b.example',
  })
  const text = JSON.stringify(lines)
  for (const hidden of ['919876543210', '16505551234', 'EAAG123', 'a@b.example', '"x"', '"y"'])
    expect(text).not.toContain(hidden)
})

test('the level filters, in both cases; an unknown level falls back to the lowest', () => {
  for (const [level, count] of [
    ['DEBUG', 5],
    ['info', 4],
    ['WARN', 3],
    ['ERROR', 2],
    ['CRITICAL', 1],
    ['loud', 5],
  ] as const) {
    const { lines, log } = collect(level)
    log.debug('a')
    log.info('b')
    log.warn('c')
    log.error('d')
    log.critical('e')
    expect(lines, level).toHaveLength(count)
  }
})

test('the same warning is written once in ten seconds, then with how often it was repeated', () => {
  const { lines, log, pass } = collect()
  for (let i = 0; i < 5; i++) log.warn('The database is away')
  pass(10_001)
  log.warn('The database is away')
  expect(lines.map((line) => line.repeated)).toEqual([undefined, 4])
})
