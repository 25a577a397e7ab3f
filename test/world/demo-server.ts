/** The real server as its users start it: a process of its own, with an embedded database in a folder of its own. */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

export interface RunningServer {
  url: string
  folder: string
  /** Everything it printed so far. */
  output(): string
  signIn: { email: string; password: string } | null
  child: ChildProcess
  stop(): Promise<void>
}

const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url))

/** Starts `parley <args>` and waits until it says where the console is. */
export async function startServer(
  options: { args?: string[]; env?: Record<string, string>; folder?: string } = {},
): Promise<RunningServer> {
  const folder = options.folder ?? (await mkdtemp(join(tmpdir(), 'parley-server-')))
  const child = spawn(process.execPath, [main, ...(options.args ?? ['start'])], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: process.env.PATH ?? '', HOME: process.env.HOME ?? '/tmp', PORT: '0', PARLEY_DATA_DIR: folder, ...options.env },
  })
  let text = ''
  const ended = new Promise<never>((_, reject) =>
    child.once('exit', (code, signal) => reject(new Error(`the server ended (${code ?? signal}):\n${text}`))),
  )
  ended.catch(() => {})
  const url = await Promise.race([
    new Promise<string>((resolve) => {
      const read = (chunk: Buffer) => {
        text += chunk.toString('utf8')
        const found = /Console\s+(https?:\S+)\n[\s\S]*\n\n/.exec(text)
        if (found?.[1]) resolve(found[1])
      }
      child.stdout?.on('data', read)
      child.stderr?.on('data', read)
    }),
    ended,
  ])
  const [, email, password] = /Sign in as (\S+) with the password (\S+)/.exec(text) ?? []
  return {
    url,
    folder,
    output: () => text,
    signIn: email && password ? { email, password } : null,
    child,
    async stop() {
      if (child.exitCode === null && child.signalCode === null) {
        const gone = new Promise((resolve) => child.once('exit', resolve))
        child.kill('SIGTERM')
        await gone
      }
      if (!options.folder) await rm(folder, { recursive: true, force: true })
    },
  }
}
