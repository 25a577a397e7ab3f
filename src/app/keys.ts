/** The master keys of this server, and the commands that change them. */
import { join } from 'node:path'
import type { Config } from '../platform/config.ts'
import { type Database, inTransaction } from '../platform/db/tx.ts'
import { addKey, fileKeyring, fixedKeyring, type Keyring, pruneKeys, readOrMakeKeyFile } from '../platform/keyring.ts'
import { createSecrets, keyIdOf } from '../platform/secrets.ts'
import { keysOfWaitingJobs, rotateSecrets, sealedByKey } from '../tenancy/rotate-secrets.ts'
import { createProgress } from './progress.ts'

export async function openKeyring(config: Config): Promise<Keyring> {
  const { PARLEY_SECRET_KEY: key, PARLEY_SECRET_KEY_PREVIOUS: previous, PARLEY_SECRET_KEY_FILE: file } = config
  if (key) return fixedKeyring(previous ? [key, previous] : [key])
  return file ? fileKeyring(file) : await readOrMakeKeyFile(join(config.PARLEY_DATA_DIR, 'secret.key'))
}

type Say = (line: string) => void

/** Any number nobody else uses: "keys" in ASCII. */
const lockKey = 0x6b657973

/** Of two commands that write the file at once the second would write over what the first put there. */
const oneAtATime = <T>(db: Database, work: () => Promise<T>): Promise<T> =>
  inTransaction(db, async (client) => {
    await client.query('SELECT pg_advisory_xact_lock($1)', [lockKey])
    return await work()
  })

export async function showKeys(config: Config, db: Database, say: Say): Promise<void> {
  const ring = await openKeyring(config)
  const sealed = await sealedByKey(db)
  const known = ring.keys().map(keyIdOf)
  for (const [n, id] of known.entries())
    say(`${id}  ${n === 0 ? 'seals' : 'opens'}  ${String(sealed.get(id) ?? 0).padStart(7)} secrets`)
  for (const [id, count] of sealed)
    if (!known.includes(id)) say(`${id}  MISSING ${String(count).padStart(6)} secrets that no key here opens`)
}

/** Returns the exit code: 0 when everything is under the key that seals. */
export async function rotateKeys(config: Config, db: Database, options: { new?: boolean }, say: Say): Promise<number> {
  const ring = await openKeyring(config)
  if (options.new) {
    if (!ring.path)
      throw new Error(
        'The key comes from the environment: set PARLEY_SECRET_KEY to a new one and PARLEY_SECRET_KEY_PREVIOUS to the present one, start the servers again, then run this without --new.',
      )
    const { path } = ring
    await oneAtATime(db, () => addKey(path))
    say(`A new key stands first in ${ring.path}. Running servers seal with it from now on.`)
  }
  const progress = createProgress('Sealing again')
  let stop = false
  const ask = () => {
    stop = true
  }
  process.once('SIGINT', ask)
  try {
    const report = await rotateSecrets({ db, secrets: createSecrets(ring) }, { onProgress: progress.show, stopped: () => stop })
    progress.end()
    say(`${report.resealed} secrets were sealed again under ${keyIdOf(ring.keys()[0])}.`)
    for (const row of report.unreadable) say(`No key here opens ${row}.`)
    if (stop) say('Stopped before the end. What is done is done; run it again to go on.')
    else if (ring.keys().length > 1 && report.unreadable.length === 0)
      say(
        ring.path
          ? '`parley keys prune` takes the old keys out of the file.'
          : 'PARLEY_SECRET_KEY_PREVIOUS can be taken out when `parley keys` shows nothing under it.',
      )
    return stop || report.unreadable.length > 0 ? 1 : 0
  } finally {
    process.off('SIGINT', ask)
  }
}

export async function pruneOldKeys(config: Config, db: Database, say: Say): Promise<void> {
  const ring = await openKeyring(config)
  if (!ring.path) throw new Error('The key comes from the environment: there is no file to take an old one out of.')
  const { path } = ring
  // Only what did not seal before the count began: nothing comes under it any more.
  const [, ...old] = ring.keys()
  const used = new Set([...(await sealedByKey(db)).keys(), ...(await keysOfWaitingJobs(db))])
  const unused = old.filter((key) => !used.has(keyIdOf(key)))
  const gone = await oneAtATime(db, () => pruneKeys(path, (key) => !unused.includes(key)))
  const left = ring.keys().length - 1
  say(
    `${gone} old key${gone === 1 ? '' : 's'} taken out.${left > 0 ? ` ${left} still used: run \`parley keys rotate\` first.` : ''}`,
  )
}
