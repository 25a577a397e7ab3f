/**
 * npm run chaos -- --minutes 10 --seed 7 --json [--single | --calls [--callers 1000]]
 *
 * Several processes with RabbitMQ, Redis and PostgreSQL of their own, each killed or stopped at random (cluster.ts). With
 * --single, or where RabbitMQ or Redis is not installed: the crash journey of one process for as long as one likes, on a database
 * whose processes are killed as well. With --calls: callers ring at one server that is killed ten times, every webhook up to five times
 * at once (test/world/calls-run.ts). The last line is one JSON object; the exit code is 0 only where nothing was lost, doubled,
 * mixed up or broken.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { startEmbedded } from '../../src/platform/db/embedded.ts'
import { migrate } from '../../src/platform/db/migrate.ts'
import { createLogger } from '../../src/platform/log.ts'
import { isSoundRun } from '../world/calls-check.ts'
import { runCalls } from '../world/calls-run.ts'
import { runCrash } from '../world/crash-run.ts'
import { isSound } from '../world/history.ts'
import { ownBrokerPresent } from '../world/own-broker.ts'
import { redisServer } from '../world/redis.ts'
import { runChaos } from './cluster.ts'

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '1' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    /** Only the last line. */
    json: { type: 'boolean', default: false },
    single: { type: 'boolean', default: false },
    calls: { type: 'boolean', default: false },
    callers: { type: 'string', default: '1000' },
  },
})
const minutes = Number(values.minutes)
const seed = Number(values.seed)
const callers = Number(values.callers)
if (!(minutes > 0) || !Number.isInteger(seed) || !(Number.isInteger(callers) && callers > 0)) {
  console.error('Usage: npm run chaos -- [--minutes N] [--seed S] [--json] [--single | --calls [--callers N]]')
  process.exit(2)
}

/** Well below what two cores take in beside both providers, so that the load is spread over the whole time; half of it is answered, too. */
const perSecond = 60
const say = (line: string) => {
  if (!values.json) console.log(line)
}

const folder = await mkdtemp(join(tmpdir(), 'parley-chaos-'))
const database = await startEmbedded({ dataDir: folder, log: createLogger({ level: 'CRITICAL' }) })
try {
  if (values.calls) await calls()
  else await messages()
} finally {
  await database.stop()
  await rm(folder, { recursive: true, force: true })
}

/** Callers a second who leave both cores something to do. */
async function calls(): Promise<void> {
  say(`seed ${seed}, ${callers} callers`)
  await migrate(database.ownerUrl)
  const report = await runCalls({ seed, databaseUrl: database.ownerUrl, callers, kills: 9, perSecond: 5, say })
  console.log(JSON.stringify({ sound: isSoundRun(report), ...report }))
  process.exitCode = isSoundRun(report) ? 0 : 1
}

async function messages(): Promise<void> {
  say(`seed ${seed}, ${minutes} minutes`)
  const alone = values.single || !ownBrokerPresent || !redisServer
  if (alone && !values.single) say('RabbitMQ or Redis is not installed: one process')
  const [databaseUrl, databaseFolder] = [database.ownerUrl, join(folder, 'postgres')]
  const report = alone ? await single() : await runChaos({ seed, minutes, perSecond, say, databaseUrl, databaseFolder, folder })
  console.log(JSON.stringify({ sound: isSound(report), ...report }))
  process.exitCode = isSound(report) ? 0 : 1
}

function single() {
  return runCrash({
    seed,
    say,
    databaseUrl: database.ownerUrl,
    messages: Math.ceil(minutes * 60 * perSecond),
    customers: 200,
    replies: Math.ceil(minutes * 120),
    kills: Math.max(1, Math.round(minutes * 6)),
    backendKills: Math.max(1, Math.round(minutes * 2)),
    perSecond,
  })
}
