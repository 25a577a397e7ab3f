/** What a customer is told who wrote STOP, START or HELP, once, where their provider has not told them already. */
import { ParleyError } from '../kernel/errors.ts'
import { type Database, inTenant, type Tx } from '../platform/db/tx.ts'
import type { JobDefinition } from '../platform/jobs.ts'
import type { Logger } from '../platform/log.ts'
import type { Channels } from './accounts.ts'
import { consentText } from './consent-texts.ts'
import { type ConsentAnswer, consentAnswerJob } from './consents.ts'
import { queueReply } from './reply.ts'

export interface ConsentAnswerDeps {
  db: Database
  channels: Channels
  log: Logger
  onChange?: (tenantId: string) => void
  wakeDispatch?: () => void
}

export const answerConsents = (deps: ConsentAnswerDeps): JobDefinition<ConsentAnswer> => ({
  name: consentAnswerJob,
  retryLimit: 8,
  retryDelay: 2,
  expireInSeconds: 60,
  async handle(given) {
    try {
      await inTenant(deps.db, given.tenantId, (tx) => answer(deps, tx, given))
    } catch (error) {
      // The number was removed, or the contact blocked: there is nobody to be told any more.
      if (!(error instanceof ParleyError)) throw error
      deps.log.info('A customer was not told that they are out of the list', { operation: 'consent', error: error.message })
      return
    }
    deps.onChange?.(given.tenantId)
    deps.wakeDispatch?.()
  },
})

async function answer(deps: ConsentAnswerDeps, tx: Tx, given: ConsentAnswer): Promise<void> {
  const { rows } = await tx.query<{ name: string; phone: string | null; email: string | null; language: string | null }>(
    `SELECT name, phone, email, settings ->> 'language' AS language FROM tenants WHERE id = $1`,
    [tx.tenantId],
  )
  if (!rows[0]) return
  const text = consentText(given.answer, rows[0].language ?? 'en', rows[0])
  await queueReply(deps, tx, {
    conversationId: given.conversationId,
    author: { sender: 'system', actor: 'system' },
    body: { type: 'text', text },
    // The job may run twice.
    idempotencyKey: `consent:${given.messageId}`,
    consentAnswer: true,
  })
}
