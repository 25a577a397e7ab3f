import { describe, expect, test } from 'vitest'
import { requirePart } from '../../test/house/requires.ts'
import { rabbitPresent, rabbitUrl } from '../../test/world/rabbitmq.ts'
import { rabbitmq } from './doctor-rabbitmq.ts'

const at = (change: (url: URL) => void): string => {
  const url = new URL(rabbitUrl)
  change(url)
  return url.toString()
}

describe('what is said of a RabbitMQ', () => {
  test('that is not there says so, and that one may do without', async () => {
    const gone = await rabbitmq('amqp://guest:sesame-street@127.0.0.1:1', 'parley.')
    expect(gone).toMatchObject({ ok: false, note: expect.stringMatching(/cannot be reached.*take RABBITMQ_URL out/) })
    expect(gone.note).not.toContain('sesame')
  })

  describe.skipIf(!requirePart('RabbitMQ', rabbitPresent))('that is there', () => {
    test('and works: it makes the queues that are needed', async () => {
      expect(await rabbitmq(rabbitUrl, 'parley-test-doctor.')).toEqual({
        what: 'RabbitMQ',
        ok: true,
        note: 'answers, and makes quorum queues',
      })
    })
    test('and does not let one in says what to compare', async () => {
      const found = await rabbitmq(
        at((url) => {
          url.password = 'sesame-street'
        }),
        'parley.',
      )
      expect(found).toMatchObject({ ok: false, note: expect.stringMatching(/does not take the name or password/) })
      expect(found.note).not.toContain('sesame')
    })
    test('and has no such vhost says how to make it', async () => {
      const found = await rabbitmq(
        at((url) => {
          url.pathname = '/there-is-none'
        }),
        'parley.',
      )
      expect(found).toMatchObject({ ok: false, note: expect.stringMatching(/vhost/) })
    })
  })
})
