import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { requirePart } from '../../test/house/requires.ts'
import { digits, makeAccount, type TestAccount } from '../../test/world/arrange.ts'
import { createTestDatabase, type TestDatabase } from '../../test/world/database.ts'
import { silent } from '../../test/world/people.ts'
import { type DatabaseProxy, startDatabaseProxy } from '../../test/world/proxy.ts'
import { openRabbit, type Rabbit, rabbitPresent, rabbitUrl } from '../../test/world/rabbitmq.ts'
import { scriptedChannel } from '../../test/world/scripted-channel.ts'
import { until } from '../../test/world/until.ts'
import { createEventReplayer } from '../conversations/replay.ts'
import { keepDeadLetters } from '../dead-letters/keeper.ts'
import { type Broker, connectBroker, deadLetters } from '../platform/broker.ts'
import { createBus } from '../platform/bus.ts'
import { createQueueReplayer, type IntegrationReader, readIntegrationQueues } from './consume.ts'
import { type ConsumedName, integrationTopology, newsExchange, published, tenantHeader } from './names.ts'
import { type Publisher, startPublisher } from './publish.ts'

describe.skipIf(!requirePart('RabbitMQ', rabbitPresent))('the integration queues', () => {
  let db: TestDatabase
  let rabbit: Rabbit
  let proxy: DatabaseProxy
  let broker: Broker
  let reader: IntegrationReader
  let publisher: Publisher
  let bus: ReturnType<typeof createBus>
  let account: TestAccount
  const channel = scriptedChannel()
  const channels = new Map([[channel.provider, channel]])
  const events = createEventReplayer({ channels })
  const queues = [...integrationTopology.queues.map(({ name }) => name), deadLetters]

  beforeAll(async () => {
    db = await createTestDatabase()
    rabbit = await openRabbit(queues, [newsExchange, deadLetters])
    proxy = await startDatabaseProxy(rabbitUrl)
    broker = connectBroker({ url: proxy.url, prefix: rabbit.prefix, topology: integrationTopology, log: silent })
    await until('it is connected', () => broker.ready())
    for (const name of queues) await until(`${name} is there`, async () => (await rabbit.depth(name)) !== null)
    bus = createBus({ log: silent })
    const nothing = () => {}
    reader = readIntegrationQueues({ db, log: silent, broker, channels, events, changed: nothing, wakeDispatch: nothing })
    publisher = startPublisher({ db, log: silent, broker, bus })
  })
  afterAll(async () => {
    await publisher?.stop()
    await reader?.stop()
    await broker?.stop()
    await bus?.stop()
    await proxy?.close()
    await rabbit?.close()
    await db?.drop()
  })
  beforeEach(async () => {
    account = await makeAccount(db)
    // What happened before is not published: the business is known from here on.
    await publisher.look()
    for (const name of [...published, deadLetters]) while (await rabbit.take(name)) {}
  })

  const put = (queue: ConsumedName, payload: unknown, given: { id?: string; tenant?: string | null } = {}) => {
    const sender = rabbit.connection.createPublisher({ confirm: true })
    const tenant = given.tenant === undefined ? account.tenantId : given.tenant
    return sender
      .send(
        {
          routingKey: rabbit.prefix + queue,
          messageId: given.id ?? randomUUID(),
          headers: tenant ? { [tenantHeader]: tenant } : {},
          mandatory: true,
        },
        Buffer.from(typeof payload === 'string' ? payload : JSON.stringify(payload)),
      )
      .then(() => sender.close())
  }
  /** What is published there, looked for until it is. */
  const news = async (
    queue: string,
  ): Promise<{ messageId?: string; headers: Record<string, unknown>; payload: Record<string, unknown> }> => {
    const found = await until(`something is in ${queue}`, async () => {
      void publisher.look()
      return await rabbit.take(queue)
    })
    const payload = Buffer.isBuffer(found.body)
      ? JSON.parse(found.body.toString())
      : typeof found.body === 'string'
        ? JSON.parse(found.body)
        : found.body
    return { ...found, payload }
  }
  const inbound = (given: object = {}) => ({
    wa_id: `1650${digits(7)}`,
    wamid: `wamid.${randomUUID()}`,
    message_text: 'hello',
    contact_name: 'Ada',
    timestamp: new Date().toISOString(),
    phone_number_id: account.externalId,
    ...given,
  })
  const rows = async (sql: string, values: unknown[] = []) => (await db.owner.query(sql, values)).rows
  const letters = () =>
    rows('SELECT reason, source, queue, error_message FROM dead_letters WHERE tenant_id = $1 ORDER BY id', [account.tenantId])
  /** A line taken in, with its session. */
  async function begun(): Promise<{ line: ReturnType<typeof inbound>; mappingId: string; conversation: string }> {
    const line = inbound()
    await put('inbound-message.v1', line)
    const { payload } = await news('enriched-inbound-message.v1')
    const conversation = `genesys-${randomUUID()}`
    await put('conversation-correlation.v1', {
      conversation_id: conversation,
      communication_id: 'c',
      whatsapp_message_id: line.wamid,
    })
    await until(
      'it is known',
      async () => (await rows('SELECT 1 FROM conversation_mappings WHERE conversation_id = $1', [conversation]))[0],
    )
    return { line, mappingId: payload.mapping_id as string, conversation }
  }

  test("a customer's line is taken in once, and told with its session to whoever listens", async () => {
    const line = inbound()
    for (let n = 0; n < 50; n++) await put('inbound-message.v1', line)
    const { headers, messageId, payload } = await news('enriched-inbound-message.v1')
    expect(headers[tenantHeader]).toBe(account.tenantId)
    expect(payload).toEqual({
      ...line,
      display_phone_number: '+15550783881',
      timestamp: new Date(line.timestamp).toISOString(),
      mapping_id: expect.any(String),
      conversation_id: null,
      is_new_conversation: true,
    })
    const [stored] = await rows('SELECT id FROM messages WHERE external_message_id = $1', [line.wamid])
    expect(messageId).toBe(stored.id)
    await until('all were read', async () => (await broker.depths()).get('inbound-message.v1') === 0)
    await publisher.look()
    expect(await rabbit.take('enriched-inbound-message.v1')).toBeUndefined()
    expect(await rows('SELECT count(*)::int AS n FROM messages WHERE external_message_id = $1', [line.wamid])).toEqual([
      { n: 1 },
    ])

    const second = inbound({ wa_id: line.wa_id, message_text: 'again' })
    await put('inbound-message.v1', second)
    expect((await news('enriched-inbound-message.v1')).payload).toMatchObject({
      wamid: second.wamid,
      mapping_id: payload.mapping_id,
      is_new_conversation: false,
    })
  })

  test('correlated by any message, also by one that is not here yet; another conversation is a conflict and the first is kept', async () => {
    const { line, mappingId, conversation } = await begun()
    const next = inbound({ wa_id: line.wa_id })
    await put('inbound-message.v1', next)
    expect((await news('enriched-inbound-message.v1')).payload).toMatchObject({
      conversation_id: conversation,
      mapping_id: mappingId,
    })
    await put('conversation-correlation.v1', {
      conversation_id: 'another',
      communication_id: 'c',
      whatsapp_message_id: next.wamid,
    })
    await until('the conflict is kept', async () => (await letters()).length === 1)
    expect(await letters()).toMatchObject([{ reason: 'state_violation' }])
    expect(await rows('SELECT conversation_id FROM conversation_mappings WHERE id = $1', [mappingId])).toEqual([
      { conversation_id: conversation },
    ])
  })

  test('what no database could keep as it came is put away all the same, once, and does not come again for ever', async () => {
    const id = `id-\u0000-${randomUUID()}`
    await put('inbound-message.v1', '\u0000 is not JSON')
    await put('inbound-message.v1', `{"wa_id":${'['.repeat(20_000)}${']'.repeat(20_000)}}`)
    await put('inbound-message.v1', inbound({ phone_number_id: 'no\u0000body' }))
    for (let n = 0; n < 2; n++) await put('inbound-message.v1', '{', { id })
    const nobodys = inbound()
    await put('inbound-message.v1', nobodys, { tenant: 'no\u0000body' })
    await until('all of them are letters', async () => {
      const [{ n }] = await rows(
        `SELECT count(*)::int AS n FROM dead_letters WHERE tenant_id = $1 OR (tenant_id IS NULL AND original_payload ->> 'wamid' = $2)`,
        [account.tenantId, nobodys.wamid],
      )
      return n === 5
    })
    expect(new Set((await letters()).map(({ error_message }) => error_message))).toEqual(
      new Set([
        'The body is not JSON.',
        'The body is nested deeper than 64 levels.',
        'The business has no number with the id nobody.',
      ]),
    )
    const told: unknown[] = []
    await until('each was told', async () => {
      for (let one = await rabbit.take(deadLetters); one; one = await rabbit.take(deadLetters)) told.push(one)
      return told.length >= 6
    })
  })

  test('what an agent wrote goes to the customer once, and is told', async () => {
    const { line, mappingId, conversation } = await begun()
    const said = { conversation_id: conversation, genesys_message_id: randomUUID(), message_text: 'Good day' }
    for (let n = 0; n < 5; n++) await put('outbound-message.v1', said)
    const { payload } = await news('enriched-outbound-message.v1')
    expect(payload).toEqual({ ...said, wa_id: line.wa_id, mapping_id: mappingId })
    await until('all were read', async () => (await broker.depths()).get('outbound-message.v1') === 0)
    const sent = await rows(
      `SELECT m.content, m.sender, t.status FROM message_tracking t JOIN messages m ON m.tenant_id = t.tenant_id AND m.id = t.id WHERE t.tenant_id = $1 AND t.direction = 'OUTBOUND'`,
      [account.tenantId],
    )
    expect(sent).toEqual([{ content: 'Good day', sender: 'agent', status: 'queued' }])
  })

  test('a status moves the message and is told as a change of state', async () => {
    const { conversation } = await begun()
    await put('outbound-message.v1', { conversation_id: conversation, genesys_message_id: randomUUID(), message_text: 'x' })
    await news('enriched-outbound-message.v1')
    const wamid = `wamid.${randomUUID()}`
    const [own] = await rows(`SELECT id FROM message_tracking WHERE tenant_id = $1 AND direction = 'OUTBOUND'`, [
      account.tenantId,
    ])
    await db.owner.query(`UPDATE message_tracking SET wamid = $2, status = 'sent' WHERE id = $1`, [own.id, wamid])
    await db.owner.query(
      `INSERT INTO provider_refs (tenant_id, channel_account_id, external_id, message_id) VALUES ($1, $2, $3, $4)`,
      [account.tenantId, account.accountId, wamid, own.id],
    )
    for (const status of ['read', 'delivered'])
      await put('status-update.v1', { wamid, status, timestamp: new Date().toISOString() })
    const { payload } = await news('state-change.v1')
    expect(payload).toMatchObject({ wamid, direction: 'OUTBOUND', conversation_id: conversation })
    await until(
      'it is read',
      async () => (await rows('SELECT status FROM message_tracking WHERE id = $1', [own.id]))[0].status === 'read',
    )
  })

  describe('what cannot be done is put away with its reason, here and for others, and holds nobody up', () => {
    async function refused(queue: ConsumedName, payload: unknown, reason: string): Promise<void> {
      const before = (await letters()).length
      const id = randomUUID()
      await put(queue, payload, { id })
      const told = await news(deadLetters)
      expect(told).toMatchObject({ messageId: id, headers: { queue, [tenantHeader]: account.tenantId } })
      expect(told.payload).toMatchObject({
        reason,
        original_payload: payload,
        retry_count: 0,
        error_message: expect.any(String),
      })
      expect((await letters()).slice(before)).toMatchObject([{ reason, queue, source: `queue:${queue}` }])
    }
    const out = (given: object) => ({
      conversation_id: 'nowhere',
      genesys_message_id: randomUUID(),
      message_text: 'x',
      ...given,
    })

    test('invalid_payload', async () => {
      await refused('inbound-message.v1', { wamid: 'x' }, 'invalid_payload')
      await refused('inbound-message.v1', inbound({ phone_number_id: '12345' }), 'invalid_payload')
      await refused('outbound-message.v1', { conversation_id: 'a', genesys_message_id: 'b' }, 'invalid_payload')
    })
    test('invalid_media_url, without asking anybody', async () => {
      for (const address of [
        'http://127.0.0.1/x',
        'http://169.254.169.254/latest',
        'https://[::1]/x',
        'http://intranet/x',
        'http://10.1.2.3/x',
      ])
        await refused('inbound-message.v1', inbound({ media_url: address }), 'invalid_media_url')
    })
    test('mapping_not_found', async () => {
      await refused('outbound-message.v1', out({}), 'mapping_not_found')
      await refused(
        'status-update.v1',
        { wamid: 'wamid.nobody', status: 'read', timestamp: new Date().toISOString() },
        'mapping_not_found',
      )
    })
    test.each([
      ['closed', 'mapping_status_closed'],
      ['expired', 'mapping_status_expired'],
    ])('%s: %s', async (status, reason) => {
      const { mappingId, conversation } = await begun()
      await db.owner.query('UPDATE conversation_mappings SET status = $2 WHERE id = $1', [mappingId, status])
      await refused('outbound-message.v1', out({ conversation_id: conversation }), reason)
      expect(
        await rows(`SELECT FROM message_tracking WHERE tenant_id = $1 AND direction = 'OUTBOUND'`, [account.tenantId]),
      ).toEqual([])
    })
    test.each(['bot', 'ai'])('state_violation while %s has the conversation', async (control) => {
      const { conversation } = await begun()
      await db.owner.query('UPDATE conversations SET control = $2 WHERE tenant_id = $1', [account.tenantId, control])
      await refused('outbound-message.v1', out({ conversation_id: conversation }), 'state_violation')
      expect(
        await rows(`SELECT FROM message_tracking WHERE tenant_id = $1 AND direction = 'OUTBOUND'`, [account.tenantId]),
      ).toEqual([])
    })
    test('state_violation', async () => {
      const { line } = await begun()
      await refused(
        'status-update.v1',
        { wamid: line.wamid, status: 'read', timestamp: new Date().toISOString() },
        'state_violation',
      )
    })
    test('lock_timeout, and it is tried again by itself', async () => {
      const { conversation, mappingId } = await begun()
      const holder = await db.owner.connect()
      await holder.query('BEGIN')
      await holder.query('SELECT FROM conversations WHERE tenant_id = $1 FOR UPDATE', [account.tenantId])
      const said = out({ conversation_id: conversation })
      try {
        await refused('outbound-message.v1', said, 'lock_timeout')
      } finally {
        await holder.query('ROLLBACK')
        holder.release()
      }
      const later = new Date(Date.now() + 6 * 60_000)
      const replayers = [createQueueReplayer({ channels, events })]
      const keeper = keepDeadLetters({ db, log: silent, replayers, changed: () => {}, everyMs: 3_600_000, now: () => later })
      await keeper.look()
      await keeper.stop()
      expect((await news('enriched-outbound-message.v1')).payload).toMatchObject({
        mapping_id: mappingId,
        genesys_message_id: said.genesys_message_id,
      })
    })
    test('database_error', async () => {
      await db.owner.query(
        `CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'the disk is on fire'; END $$;
         CREATE TRIGGER refuse BEFORE INSERT ON contacts FOR EACH ROW WHEN (NEW.name = 'Vulcan') EXECUTE FUNCTION refuse()`,
      )
      await refused('inbound-message.v1', inbound({ contact_name: 'Vulcan' }), 'database_error')
    })
    test('what names no business is nobody’s', async () => {
      for (const tenant of [null, 'nobody-here', randomUUID()]) {
        await put('inbound-message.v1', inbound(), { tenant })
        expect((await news(deadLetters)).payload).toMatchObject({ reason: 'invalid_payload' })
      }
      await put('inbound-message.v1', 'no JSON', { tenant: null })
      expect((await news(deadLetters)).payload).toMatchObject({ original_payload: 'no JSON' })
    })
    test('another business’s conversation is not found', async () => {
      const { conversation } = await begun()
      account = await makeAccount(db)
      await refused('outbound-message.v1', out({ conversation_id: conversation }), 'mapping_not_found')
    })
  })

  test('while RabbitMQ is away nothing that happens is forgotten; afterwards it is told in order, with the ids it has', async () => {
    const wa_id = `1650${digits(7)}`
    const lines = Array.from({ length: 30 }, (_, n) => inbound({ wa_id, message_text: `line ${n}` }))
    for (const line of lines.slice(0, 10)) await put('inbound-message.v1', line)
    await until(
      'ten are stored',
      async () => (await rows('SELECT FROM messages WHERE tenant_id = $1', [account.tenantId])).length === 10,
    )
    proxy.mode('cut')
    await until('it has noticed', () => !broker.ready())
    for (const line of lines.slice(10)) await put('inbound-message.v1', line)
    await publisher.look()
    proxy.mode('pass')
    await until(
      'all are stored',
      async () => (await rows('SELECT FROM messages WHERE tenant_id = $1', [account.tenantId])).length === 30,
      {
        timeoutMs: 20_000,
      },
    )
    const told = new Map<string, string>()
    await until(
      'all were told',
      async () => {
        void publisher.look()
        const one = await rabbit.take('enriched-inbound-message.v1')
        if (one) {
          const { wamid } = one.body as { wamid: string }
          if (!told.has(wamid)) told.set(wamid, one.messageId ?? '')
          else expect(one.messageId).toBe(told.get(wamid))
        }
        return told.size === 30
      },
      { timeoutMs: 20_000 },
    )
    expect([...told.keys()]).toEqual(lines.map(({ wamid }) => wamid))
    const ids = await rows('SELECT id FROM messages WHERE tenant_id = $1 ORDER BY seq', [account.tenantId])
    expect([...told.values()]).toEqual(ids.map(({ id }) => id))
  })
})
