/** Background work, given the own business with something of the neighbour's. */
import { jobNames } from '../../src/app/build.ts'
import { inTransaction } from '../../src/platform/db/tx.ts'
import { until } from '../world/until.ts'
import type { World } from '../world/world.ts'
import { fingerprint, makers, type Neighbour } from './neighbours.ts'

type Payload = (own: Neighbour, their: ReturnType<typeof makers>, world: World) => Promise<object>

/** One for every kind of job: who adds one says what a crossed one looks like. */
const crossed: Record<(typeof jobNames)[number], Payload> = {
  'media.fetch': async (own, their) => ({ tenantId: own.business.tenantId, mediaId: await their.pendingMedia() }),
  'consent.answer': async (own, their) => ({
    tenantId: own.business.tenantId,
    conversationId: await their.conversation(),
    messageId: await their.message(),
    answer: 'stop',
  }),
  'people.mail': async (own, their, world) => {
    const invitationId = await their.invitation()
    return {
      kind: 'invitation',
      tenantId: own.business.tenantId,
      invitationId,
      token: world.app.secrets.seal('a token', `mail/invitation/${invitationId}`),
    }
  },
}

/** Runs each and answers the names of those that changed something of the neighbour's. */
export async function runCrossedJobs(
  world: World,
  own: Neighbour,
  other: Neighbour,
): Promise<{ ran: string[]; reached: string[] }> {
  const reached: string[] = []
  const ran: string[] = []
  for (const name of jobNames) {
    const payload = await crossed[name](own, makers(world, other), world)
    await world.app.search.idle()
    const before = await fingerprint(world.database.owner, other.business.tenantId)
    await inTransaction(world.app.db, (client) => world.app.jobs.enqueue(client, name, [payload]))
    world.app.jobs.wake(name)
    await until(`${name} was tried`, async () => {
      const { rows } = await world.database.owner.query<{ tried: boolean }>(
        `SELECT bool_or(state > 'active' OR retry_count > 0 OR state = 'retry') AS tried FROM pgboss.job WHERE name = $1 AND data = $2::jsonb`,
        [name, JSON.stringify(payload)],
      )
      return rows[0]?.tried
    })
    ran.push(name)
    const after = await fingerprint(world.database.owner, other.business.tenantId)
    for (const [table, print] of after) if (before.get(table) !== print) reached.push(`${name}: ${table}`)
  }
  return { ran, reached }
}
