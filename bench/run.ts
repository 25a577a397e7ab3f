/** `npm run bench -- <name> [--json] [--rounds N] …`: the last line of --json is one JSON object. See bench/README.md. */
import { parseArgs } from 'node:util'
import { run } from '../src/app/cli.ts'
import { bridge } from './bridge/run.ts'
import { calls } from './calls/run.ts'
import { dispatch } from './dispatch/run.ts'
import { fairness } from './fairness/run.ts'
import { intake } from './intake/run.ts'
import { lookup } from './lookup/run.ts'
import { reads } from './reads/run.ts'
import { receipts } from './receipts/run.ts'
import { search } from './search/run.ts'
import { soak } from './soak/run.ts'

// Filling a database is a command of the server's own.
if (process.argv[2] === 'seed') {
  await run(['node', 'parley', 'bench', ...process.argv.slice(2)])
  process.exit()
}

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    json: { type: 'boolean', default: false },
    rounds: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '8' },
    connections: { type: 'string', default: '64' },
    store: { type: 'string' },
    database: { type: 'string' },
    messages: { type: 'string', default: '1000000' },
    minutes: { type: 'string' },
    rate: { type: 'string' },
  },
})
const number = (text: string, name: string): number => {
  const value = Number(text)
  if (!Number.isInteger(value) || value < 1) throw new Error(`--${name} must be a whole number from 1`)
  return value
}
const options = {
  json: values.json,
  rounds: number(values.rounds, 'rounds'),
  seconds: number(values.seconds, 'seconds'),
  connections: number(values.connections, 'connections'),
  messages: number(values.messages, 'messages'),
  ...(values.store ? { store: values.store } : {}),
  ...(values.database ? { database: values.database } : {}),
}
const long = (minutes: string, rate: string) => ({
  json: values.json,
  minutes: number(values.minutes ?? minutes, 'minutes'),
  rate: number(values.rate ?? rate, 'rate'),
})

const benches: Record<string, () => Promise<void>> = {
  intake: () => intake(options),
  receipts: () => receipts(options),
  dispatch: () => dispatch(options),
  fairness: () => fairness(options),
  lookup: () => lookup(options),
  search: () => search(options),
  reads: () => reads(options),
  soak: () => soak(long('30', '1000')),
  calls: () => calls(long('10', '50')),
  bridge: () => bridge(options),
}
const bench = benches[positionals[0] ?? '']
if (!bench) {
  console.error(`Say which: seed, ${Object.keys(benches).join(', ')}.`)
  process.exit(2)
}
await bench()
