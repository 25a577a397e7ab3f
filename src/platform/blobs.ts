/** Files by the hash of their content, in a folder. Names come from us alone: nothing a sender chose is part of a path. */
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { link, mkdir, open, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { newId } from '../kernel/ids.ts'

export interface FileStore {
  /** Durable when it resolves. The same content twice is one file. */
  put(tenantId: string, content: Buffer): Promise<{ sha256: string; byteSize: number }>
  read(tenantId: string, sha256: string): Promise<Buffer>
  stream(tenantId: string, sha256: string, range?: { start: number; end: number }): Promise<Readable>
  /** Takes a file away that nobody has put since then; true where it is gone. */
  remove(tenantId: string, sha256: string, untouchedSince: Date): Promise<boolean>
  /** Everything of a tenant, for good. */
  erase(tenantId: string): Promise<void>
}

const hash = /^[0-9a-f]{64}$/

export function createFolderStore(root: string): FileStore {
  /** Content is kept apart by tenant: erasing one never touches another's copy. */
  const pathOf = (tenantId: string, sha256: string): { folder: string; file: string } => {
    if (!hash.test(sha256) || !/^[0-9a-f-]{36}$/.test(tenantId)) throw new Error('not a content hash')
    const folder = join(root, tenantId, sha256.slice(0, 2))
    return { folder, file: join(folder, sha256) }
  }
  return {
    async put(tenantId, content) {
      const sha256 = createHash('sha256').update(content).digest('hex')
      const { folder, file } = pathOf(tenantId, sha256)
      // Touched: whoever removes files that nothing names sees that somebody is about to name it.
      const now = new Date()
      if (
        await utimes(file, now, now).then(
          () => true,
          () => false,
        )
      )
        return { sha256, byteSize: content.length }
      await mkdir(folder, { recursive: true })
      const draft = join(folder, `.${newId()}`)
      try {
        await writeFile(draft, content, { mode: 0o600, flag: 'wx', flush: true })
        // Under its name only when whole; whoever was first with the same content stands.
        await link(draft, file).catch((error: NodeJS.ErrnoException) => {
          if (error.code !== 'EEXIST') throw error
        })
      } finally {
        await rm(draft, { force: true })
      }
      await flushFolder(folder)
      return { sha256, byteSize: content.length }
    },
    read: (tenantId, sha256) => readFile(pathOf(tenantId, sha256).file),
    async stream(tenantId, sha256, range) {
      const { file } = pathOf(tenantId, sha256)
      await stat(file)
      return createReadStream(file, range)
    },
    async remove(tenantId, sha256, untouchedSince) {
      const { folder, file } = pathOf(tenantId, sha256)
      // Moved first: who puts the same content from now on does not find it and writes it anew. Touched until then, it goes back.
      const aside = join(folder, `.${newId()}`)
      try {
        if ((await stat(file)).mtime > untouchedSince) return false
        await rename(file, aside)
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') return true
        throw error
      }
      const touched = (await stat(aside)).mtime > untouchedSince
      if (touched)
        await link(aside, file).catch((error: NodeJS.ErrnoException) => {
          if (error.code !== 'EEXIST') throw error
        })
      await rm(aside, { force: true })
      return !touched
    },
    async erase(tenantId) {
      if (!/^[0-9a-f-]{36}$/.test(tenantId)) throw new Error('not a tenant id')
      await rm(join(root, tenantId), { recursive: true, force: true })
    },
  }
}

/** The name of a new file is durable only once its folder is. Not every system lets a folder be opened. */
async function flushFolder(folder: string): Promise<void> {
  const handle = await open(folder).catch(() => null)
  await handle?.sync().catch(() => {})
  await handle?.close()
}
