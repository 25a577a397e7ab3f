/** Composes the bridge to contact centres: what comes in and waits on the disk meanwhile, and the workers that carry on. */
import { join } from 'node:path'
import { createGenesys } from '../answerers/genesys/index.ts'
import { startBridge } from '../contact-centre/bridge.ts'
import type { CentreDeps } from '../contact-centre/deps.ts'
import { keepCentres } from '../contact-centre/keeper.ts'
import { type KnownAddresses, openKnownAddresses } from '../contact-centre/known-addresses.ts'
import { startCentreReceipts } from '../contact-centre/receipts.ts'
import { Held } from '../contact-centre/receive.ts'
import { startCentreTasks } from '../contact-centre/tasks.ts'
import { takeSpooled } from '../contact-centre/webhook-routes.ts'
import { isAway } from '../conversations/waiting-webhooks.ts'
import type { Bus } from '../platform/bus.ts'
import type { Config } from '../platform/config.ts'
import { isPassing } from '../platform/db/errors.ts'
import { createPool } from '../platform/db/pool.ts'
import type { Database } from '../platform/db/tx.ts'
import { openSpool, type Spool, type Take } from '../platform/spool.ts'
import type { Worker } from '../platform/worker.ts'
import { hintMs, seldom } from './workers.ts'

export interface Centres {
  deps: CentreDeps
  /** Connections that only its webhooks use. */
  intake: Database
  /** Customers' lines, to the contact centre. */
  bridge: Worker
  /** What else is left to do for it. */
  tasks: Worker
  /** How far agents' messages came. */
  receipts: Worker
  addresses: KnownAddresses
  /** Absent where this process takes no webhooks. */
  spool?: Spool
  stop(): Promise<void>
}

interface Given extends Omit<CentreDeps, 'centres' | 'wakeTasks'> {
  config: Config
  databaseUrl: string
  bus: Bus
  /** Whether this process takes webhooks, and whether it carries on. */
  serves: boolean
  works: boolean
  /** Takes what waited on the disk for others than contact centres. */
  takeOthers: Take
  pollMs?: number
}

export async function composeCentres({
  config,
  databaseUrl,
  bus,
  serves,
  works,
  pollMs,
  takeOthers,
  ...parts
}: Given): Promise<Centres> {
  const genesys = createGenesys({
    ...{ fetch: parts.fetch, log: parts.log, callsPerMinute: config.GENESYS_CALLS_PER_MINUTE },
    ...(parts.now ? { now: parts.now } : {}),
  })
  const deps: CentreDeps = { ...parts, centres: new Map([[genesys.name, genesys]]) }
  const { log, secrets } = deps
  // Its webhooks have connections of their own: one that waits for a conversation must keep neither customers' webhooks nor people
  // waiting. It is answered within ten seconds, also by a database that says nothing.
  const pool = createPool({
    connectionString: databaseUrl,
    size: 3,
    log,
    name: 'parley-centres',
    queryTimeoutMs: 4000,
    waitMs: 3000,
  })
  const intake: Database = { pool }
  const folder = join(config.PARLEY_DATA_DIR, 'spool')
  const addresses = await openKnownAddresses({ db: intake, secrets, log, file: join(folder, 'known-addresses.sealed') })
  const takeCentres = takeSpooled(deps, intake)
  const spool = serves
    ? await openSpool({
        ...{ folder, log, maxBytes: config.PARLEY_SPOOL_MB * 1024 * 1024 },
        isPassing: (error) => isPassing(error) || isAway(error),
        isHeld: (error) => error instanceof Held,
        take: (item) => (item.source.startsWith('centre:') ? takeCentres(item) : takeOthers(item)),
      })
    : undefined
  const polling = pollMs === undefined ? {} : { pollMs }
  const bridge = works ? startBridge(deps, polling) : noWorker
  const tasks = works ? startCentreTasks(deps, polling) : noWorker
  const receipts = works ? startCentreReceipts(deps, polling) : noWorker
  const keeper = works ? keepCentres(deps) : undefined
  deps.wakeTasks = tasks.wake
  const hinted = seldom(hintMs, () => {
    bridge.wake()
    tasks.wake()
  })
  const deaf = works && !serves ? bus.subscribe(hinted) : () => {}
  return {
    ...{ deps, intake, bridge, tasks, receipts, addresses, ...(spool ? { spool } : {}) },
    async stop() {
      deaf()
      await spool?.stop()
      await keeper?.stop()
      await bridge.stop()
      await tasks.stop()
      await receipts.stop()
      await pool.end()
    },
  }
}

const nothing = async (): Promise<void> => {}
const noWorker: Worker = { wake() {}, idle: nothing, stop: nothing }
