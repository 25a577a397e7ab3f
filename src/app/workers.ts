/** What happens without anybody asking: sending, turns, jobs, the search index, upkeep. A process that only serves does none of it. */
import type { Channels } from '../conversations/accounts.ts'
import { fetchMedia, type LinkFile } from '../conversations/attachments.ts'
import { answerConsents } from '../conversations/consent-answers.ts'
import { type Dispatcher, startDispatcher } from '../conversations/dispatch.ts'
import { fileLink, queuedMs } from '../conversations/file-links.ts'
import { startLookout } from '../conversations/lookout.ts'
import { type SearchIndexer, startSearchIndexer } from '../conversations/search/indexer.ts'
import { startTurns } from '../conversations/turn.ts'
import { startDeliveries } from '../notifications/deliver.ts'
import type { FileStore } from '../platform/blobs.ts'
import type { Bus } from '../platform/bus.ts'
import { keepStatistics } from '../platform/db/statistics.ts'
import type { Database } from '../platform/db/tx.ts'
import type { Jobs } from '../platform/jobs.ts'
import type { Logger } from '../platform/log.ts'
import type { Mailer } from '../platform/mail.ts'
import type { Secrets } from '../platform/secrets.ts'
import type { Worker } from '../platform/worker.ts'
import type { Answerer } from '../ports/answerer.ts'
import { keepHouse } from '../tenancy/housekeeping.ts'
import { sendLetters } from '../tenancy/mail.ts'
import { keepUp, type UpkeepKeeper } from '../upkeep/keeper.ts'

export interface Workers {
  dispatcher: Dispatcher
  turns: Worker
  search: SearchIndexer
  upkeep: UpkeepKeeper
  /** Addresses for providers that fetch files themselves. */
  fileLink?: LinkFile
  /** No more turns are taken and nothing more is sent; what is under way is finished. */
  stopTalking(): Promise<void>
  stop(): Promise<void>
}

export interface WorkerDeps {
  db: Database
  ownerUrl: string
  log: Logger
  secrets: Secrets
  channels: Channels
  answerers: ReadonlyMap<string, Answerer>
  files: FileStore
  bus: Bus
  jobs: Jobs
  mailer: Mailer
  publicUrl: () => string
  fetch: typeof fetch
  changed: (tenantId: string) => void
  pollMs?: number
  /** The time that counts for what may be sent. */
  now?: () => Date
  /** Whether so much comes in that the search index would be in its way. */
  rush: () => boolean
  /** Whether work is made by other processes: then it is looked for when they say that something changed. */
  madeElsewhere: boolean
}

export async function startWorkers(deps: WorkerDeps): Promise<Workers> {
  const { db, log, secrets, channels, answerers, files, bus, jobs, mailer, publicUrl, fetch, changed, pollMs } = deps
  const statistics = keepStatistics({ ownerUrl: deps.ownerUrl, log })
  const house = keepHouse({ db, log })
  const upkeep = keepUp({ db, ownerUrl: deps.ownerUrl, files, log })
  const link: LinkFile = (file) => fileLink(secrets, publicUrl().replace(/\/+$/, ''), file, new Date(), queuedMs)
  const dispatcher = startDispatcher(
    { db, log, secrets, channels, files, fileLink: link, onChange: changed, now: deps.now },
    { pollMs },
  )
  const wakeDispatch = dispatcher.wake
  await jobs.work([
    fetchMedia({ db, secrets, channels, files, log, onChange: changed }),
    sendLetters({ db, secrets, mailer, publicUrl }),
    answerConsents({ db, channels, log, onChange: changed, wakeDispatch }),
  ])
  const turns = startTurns({ db, log, channels, answerers, onChange: changed, wakeDispatch }, { pollMs })
  const lookout = startLookout({ db, log, answerers, onChange: changed }, { pollMs })
  const deliveries = startDeliveries({ db, log, secrets, channels, mailer, fetch, publicUrl })
  const search = startSearchIndexer({ db, bus, log, rush: deps.rush })
  const deaf = deps.madeElsewhere
    ? bus.subscribe(
        seldom(hintMs, () => {
          dispatcher.wake()
          if (answerers.size > 1) turns.wake() // people need no waking
        }),
      )
    : () => {}
  return {
    ...{ dispatcher, turns, search, upkeep, fileLink: link },
    async stopTalking() {
      deaf()
      await turns.stop()
      await lookout.stop()
      await dispatcher.stop()
      await deliveries.stop()
    },
    async stop() {
      await search.stop()
      await house.stop()
      await upkeep.stop()
      await statistics.stop()
    },
  }
}

/** In a busy time somebody's changes are told all the time; looking for work so often costs nothing that is felt. */
export const hintMs = 100

/** At once, and again after `everyMs` where it was asked for meanwhile. */
export function seldom(everyMs: number, work: () => void): () => void {
  let waiting = false
  let again = false
  const run = (): void => {
    work()
    waiting = true
    setTimeout(() => {
      waiting = false
      if (!again) return
      again = false
      run()
    }, everyMs).unref()
  }
  return () => {
    if (waiting) again = true
    else run()
  }
}

const nothing = async (): Promise<void> => {}

/** Of a process that leaves all of it to others. */
export const noWorkers: Workers = {
  dispatcher: { wake() {}, idle: nothing, stop: nothing },
  turns: { wake() {}, idle: nothing, stop: nothing },
  search: { lag: () => ({ seconds: 0, filling: 0, fillingSeconds: 0 }), idle: nothing, stop: nothing },
  upkeep: { attention: () => undefined, look: nothing, stop: nothing },
  stopTalking: nothing,
  stop: nothing,
}
