/** The files of a spool: one each, whole or not there. */
import type * as nodeFiles from 'node:fs/promises'
import { join } from 'node:path'

export interface Spooled {
  /** Time-ordered, and the name of the file. */
  id: string
  /** Who takes it afterwards. */
  source: string
  /** What it is about: those with the same are handed on one after the other. Absent: one after all others of its source. */
  order?: string
  receivedAt: Date
  /** Whatever the taker needs beside the body. */
  about: Record<string, unknown>
  body: Buffer
}

export type SpoolFiles = Pick<
  typeof nodeFiles,
  'mkdir' | 'readdir' | 'readFile' | 'rename' | 'rm' | 'stat' | 'writeFile' | 'open'
>

/** It is not what was put: a disk that failed, or somebody's own file. */
export class Damaged extends Error {}

export const fileName = (id: string): string => `${id}.spool`

/** First line: what it is, as JSON. Then the body, byte for byte. */
export function encode({ source, order, receivedAt, about, body }: Omit<Spooled, 'id'>): Buffer {
  const head = JSON.stringify({ source, order, receivedAt: receivedAt.toISOString(), about, length: body.length })
  return Buffer.concat([Buffer.from(`${head}\n`), body])
}

/** undefined: it is gone, somebody else has handed it on. Throws Damaged. */
export async function read(files: SpoolFiles, path: string): Promise<Omit<Spooled, 'id'> | undefined> {
  const content = await files.readFile(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined
    throw error
  })
  if (!content) return undefined
  const end = content.indexOf('\n')
  const head = headOf(content.subarray(0, Math.max(0, end)))
  const body = content.subarray(end + 1)
  if (body.length !== head.length) throw new Damaged(`Of ${head.length} bytes ${body.length} are there.`)
  const { source, about } = head
  const order = typeof head.order === 'string' ? { order: head.order } : {}
  return { source, ...order, about, receivedAt: new Date(head.receivedAt), body }
}

interface Head {
  source: string
  order?: string
  receivedAt: string
  about: Record<string, unknown>
  length: number
}

function headOf(line: Buffer): Head {
  try {
    return JSON.parse(line.toString()) as Head
  } catch {
    throw new Damaged('It does not say what it is.')
  }
}

/** Under its name only when whole; and the name is on the disk before this returns. */
export async function store(files: SpoolFiles, folder: string, name: string, content: Buffer): Promise<void> {
  const draft = join(folder, `.${name}`)
  try {
    await files.writeFile(draft, content, { mode: 0o600, flag: 'wx', flush: true })
    await files.rename(draft, join(folder, name))
  } catch (error) {
    await files.rm(draft, { force: true }).catch(() => {})
    throw error
  }
  const handle = await files.open(folder)
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/** What an earlier life of this process took and did not hand on, in order. A draft was never promised to anybody. */
export async function leftBehind(files: SpoolFiles, folder: string): Promise<string[]> {
  const found: string[] = []
  for (const name of (await files.readdir(folder)).sort()) {
    const path = join(folder, name)
    if (name.startsWith('.') && name.endsWith('.spool')) {
      // A draft of another process that lives is young.
      if (Date.now() - (await files.stat(path)).mtimeMs > 60_000) await files.rm(path, { force: true })
    } else if (name.endsWith('.spool')) found.push(name.slice(0, -'.spool'.length))
  }
  return found
}
