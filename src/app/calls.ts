/** Composes calls: who tells us of them, what is taken in over connections of its own, and the worker that looks at them again. */
import type { CallDeps } from '../calls/deps.ts'
import { takeSpooledCall } from '../calls/hook-routes.ts'
import { startCalls } from '../calls/worker.ts'
import { createTwilioVoice } from '../channels/twilio/voice.ts'
import { createPool } from '../platform/db/pool.ts'
import type { Database } from '../platform/db/tx.ts'
import type { Take } from '../platform/spool.ts'
import type { Worker } from '../platform/worker.ts'

export interface Calls {
  deps: CallDeps
  /** Connections that only webhooks about calls use. */
  intake: Database
  worker: Worker
  /** Takes in what waited on the disk. */
  take: Take
  stop(): Promise<void>
}

interface Given extends Omit<CallDeps, 'telephony'> {
  databaseUrl: string
  works: boolean
  pollMs?: number | undefined
  /** How providers are called, and under which address they call us. */
  calling: { fetch: typeof fetch; publicUrl: () => string }
}

export function composeCalls({ databaseUrl, works, pollMs, calling, ...parts }: Given): Calls {
  const twilio = createTwilioVoice(calling)
  const deps: CallDeps = { ...parts, telephony: new Map([[twilio.provider, twilio]]) }
  // A caller listens to silence meanwhile: nobody else's work is waited for, and a database that says nothing not for long.
  const pool = createPool({
    ...{ connectionString: databaseUrl, size: 4, log: deps.log, name: 'parley-calls' },
    ...{ queryTimeoutMs: 4000, waitMs: 3000 },
  })
  const intake: Database = { pool }
  const worker = works ? startCalls(deps, pollMs === undefined ? {} : { pollMs }) : noWorker
  return {
    ...{ deps, intake, worker, take: takeSpooledCall(deps, intake) },
    async stop() {
      await worker.stop()
      await pool.end()
    },
  }
}

const nothing = async (): Promise<void> => {}
const noWorker: Worker = { wake() {}, idle: nothing, stop: nothing }
