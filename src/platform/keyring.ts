/**
 * The master keys: the first seals, all open. Given by the environment they are what they were at start; in a file they may
 * change while servers run, and every server sees a new one before it seals or where it meets what it cannot open.
 */
import { randomBytes } from 'node:crypto'
import { readFileSync, statSync } from 'node:fs'
import { link, mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'

export type Keys = readonly [string, ...string[]]

export interface Keyring {
  keys(): Keys
  /** Where they stand, when in a file. */
  path?: string
}

export const fixedKeyring = (keys: Keys): Keyring => ({ keys: () => keys })

const shortest = 32

/** One key to a line, the one that seals first. Lines that begin with # are for people. */
function parseKeys(text: string, path: string): Keys {
  const [first, ...others] = text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'))
  // Left by a full disk or by hand: what was sealed before needs the key that was in it, so no new one is made.
  if (first === undefined)
    throw new Error(`The key file ${path} is empty. Put the key back, or remove the file to have a new one made.`)
  for (const key of [first, ...others])
    if (key.length < shortest) throw new Error(`A key in ${path} is shorter than ${shortest} characters.`)
  return [first, ...others]
}

/** The file is looked at anew when it has changed; where it cannot be read just now, what was read last counts. */
export function fileKeyring(path: string): Keyring {
  let known = parseKeys(readFileSync(path, 'utf8'), path)
  let stamp = stampOf(path)
  return {
    path,
    keys() {
      const now = stampOf(path)
      if (now !== '' && now !== stamp) {
        try {
          known = parseKeys(readFileSync(path, 'utf8'), path)
          stamp = now
        } catch {
          // Being written, or spoilt: the next look may find it whole.
        }
      }
      return known
    },
  }
}

function stampOf(path: string): string {
  const found = statSync(path, { throwIfNoEntry: false })
  return found ? `${found.ino}/${found.size}/${found.mtimeMs}` : ''
}

/** The keyring of a server that was not given one: made once, kept in the data folder, readable by its owner only. */
export async function readOrMakeKeyFile(path: string): Promise<Keyring> {
  const there = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error
    return undefined
  })
  if (there === undefined) {
    await mkdir(dirname(path), { recursive: true })
    const draft = await writeDraft(path, `${newKey()}\n`)
    // Under its name only when whole. Two processes at once: the first one's key stands.
    await link(draft, path).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error
    })
    await rm(draft, { force: true })
  }
  return fileKeyring(path)
}

const newKey = (): string => randomBytes(32).toString('hex')

/** Puts a new key before the others: from now on it seals. One at a time: the caller sees to that, as for pruneKeys. */
export async function addKey(path: string): Promise<void> {
  const keys = parseKeys(await readFile(path, 'utf8'), path)
  await replace(path, [newKey(), ...keys])
}

/** Leaves the keys out for which `stillUsed` says no. The first always stays. Returns how many went. */
export async function pruneKeys(path: string, stillUsed: (key: string) => boolean): Promise<number> {
  const [first, ...others] = parseKeys(await readFile(path, 'utf8'), path)
  const kept = others.filter(stillUsed)
  if (kept.length < others.length) await replace(path, [first, ...kept])
  return others.length - kept.length
}

async function replace(path: string, keys: readonly string[]): Promise<void> {
  await rename(await writeDraft(path, `${keys.join('\n')}\n`), path)
  await removeDrafts(path)
}

/** What somebody left who was ended before the rename: it holds keys. A young one may still be under its pen. */
async function removeDrafts(path: string): Promise<void> {
  const folder = dirname(path)
  const isDraft = (name: string) =>
    name.startsWith(`${basename(path)}.`) && /^[0-9a-f]{8}$/.test(name.slice(basename(path).length + 1))
  for (const name of (await readdir(folder)).filter(isDraft)) {
    const found = await stat(join(folder, name)).catch(() => undefined)
    if (found && Date.now() - found.mtimeMs > 60_000) await rm(join(folder, name), { force: true })
  }
}

async function writeDraft(path: string, text: string): Promise<string> {
  const draft = `${path}.${randomBytes(4).toString('hex')}`
  await writeFile(draft, text, { mode: 0o600, flush: true })
  return draft
}
