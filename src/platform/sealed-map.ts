/** What was last seen of something, sealed on the disk for a restart: in memory at once, written in the background. */
import { mkdir, open, readFile, rename, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { newId } from '../kernel/ids.ts'
import type { Logger } from './log.ts'
import type { Secrets } from './secrets.ts'

export interface SealedMap<T> {
  get(key: string): T | null
  /** null: it is there no more. */
  remember(key: string, value: T | null): void
}

export async function openSealedMap<T>(deps: {
  secrets: Secrets
  log: Logger
  file: string
  /** What belongs to nothing else: a file sealed for another purpose does not open. */
  sealedFor: string
}): Promise<SealedMap<T>> {
  const known = await read<T>(deps)
  let saving: Promise<void> = Promise.resolve()
  return {
    get: (key) => known.get(key) ?? null,
    remember(key, value) {
      if (JSON.stringify(known.get(key) ?? null) === JSON.stringify(value)) return
      if (value) known.set(key, value)
      else known.delete(key)
      const content = deps.secrets.seal(JSON.stringify([...known]), deps.sealedFor)
      saving = saving
        .then(() => save(deps.file, content))
        .catch((error: Error) =>
          deps.log.warn('What was last seen could not be kept for a restart', {
            operation: 'spool',
            file: deps.file,
            error: error.message,
          }),
        )
    },
  }
}

async function read<T>(deps: { secrets: Secrets; file: string; sealedFor: string }): Promise<Map<string, T>> {
  try {
    return new Map(JSON.parse(deps.secrets.open(await readFile(deps.file, 'utf8'), deps.sealedFor)) as [string, T][])
  } catch {
    // Not there, or sealed under a key that is gone: it fills again with what is seen next.
    return new Map()
  }
}

async function save(file: string, content: string): Promise<void> {
  const draft = `${file}.${newId()}`
  await mkdir(dirname(file), { recursive: true, mode: 0o700 })
  await writeFile(draft, content, { mode: 0o600, flush: true })
  await rename(draft, file)
  const folder = await open(dirname(file))
  await folder.sync().finally(() => folder.close())
}
