/** One process to a data folder. The lock is a name in the system that vanishes with its holder, however that one ends. */
import { createHash } from 'node:crypto'
import { open, readFile, realpath, rm, writeFile } from 'node:fs/promises'
import { connect, createServer, type Server } from 'node:net'
import { join } from 'node:path'

export class DataFolderInUse extends Error {
  constructor(dataDir: string, holder: string) {
    super(
      `The data folder ${dataDir} is in use by another Parley${holder ? ` (process ${holder})` : ''}. ` +
        'Stop that one first, or set PARLEY_DATA_DIR to another folder and PORT to another port.',
    )
    this.name = 'DataFolderInUse'
  }
}

export async function lockDataFolder(dataDir: string): Promise<() => Promise<void>> {
  const path = await realpath(dataDir)
  const note = join(path, 'parley.pid')
  const server = await listen(lockName(path))
  if (!server)
    throw new DataFolderInUse(
      dataDir,
      await readFile(note, 'utf8').then(
        (text) => text.trim(),
        () => '',
      ),
    )
  server.unref()
  const inFolder = await lockInFolder(path)
  if (!inFolder) {
    server.close()
    throw new DataFolderInUse(dataDir, '')
  }
  await writeFile(note, `${process.pid}\n`)
  return async () => {
    await rm(note, { force: true })
    await inFolder()
    await new Promise<void>((resolve) => server.close(() => resolve()))
  }
}

function lockName(path: string): string {
  const key = createHash('sha256').update(path).digest('hex').slice(0, 32)
  if (process.platform === 'linux') return `\0parley-${key}` // abstract socket: no file, gone with the process
  if (process.platform === 'win32') return `\\\\.\\pipe\\parley-${key}`
  return `/tmp/parley-${key}.lock`
}

/**
 * The name above is only seen within one network namespace; two containers on one volume have two. A socket that is a file
 * in the folder itself is seen by both. (Its path may be long: it is bound through the folder's descriptor.)
 */
async function lockInFolder(path: string): Promise<(() => Promise<void>) | null> {
  if (process.platform !== 'linux') return async () => {}
  const folder = await open(path)
  const name = `/proc/self/fd/${folder.fd}/parley.lock`
  const server = await listen(name)
  if (!server) {
    await folder.close()
    return null
  }
  server.unref()
  return async () => {
    await new Promise<void>((resolve) => server.close(() => resolve()))
    await rm(join(path, 'parley.lock'), { force: true })
    await folder.close()
  }
}

/** null when somebody listens there. A socket file that nobody answers on was left by a process that was killed. */
async function listen(name: string): Promise<Server | null> {
  for (let attempt = 0; attempt < 3; attempt++) {
    const server = createServer((connection) => connection.destroy())
    const outcome = await new Promise<'ok' | 'busy'>((resolve, reject) => {
      server.once('error', (error: NodeJS.ErrnoException) => (error.code === 'EADDRINUSE' ? resolve('busy') : reject(error)))
      server.listen(name, () => resolve('ok'))
    })
    if (outcome === 'ok') return server
    if (!name.startsWith('/') || (await answers(name))) return null
    await rm(name, { force: true })
  }
  return null
}

const answers = (name: string): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(name)
    socket.once('connect', () => resolve(true))
    socket.once('error', () => resolve(false))
    socket.once('close', () => socket.destroy())
  })
