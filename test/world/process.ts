/** The server as its users start it: `bin/parley` in a process of its own, to be stopped, killed and started again. */
import { type ChildProcess, spawn } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { existsSync } from 'node:fs'
import { createServer } from 'node:net'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../../', import.meta.url))
const ownNode = `${root}node_modules/node/bin/node`

export interface ServerProcess {
  pid: number
  /** Resolves with what was printed once it says that it runs; rejects with everything printed where it ended before. */
  ready: Promise<string>
  exited: Promise<{ code: number | null; signal: NodeJS.Signals | null }>
  output(): string
  /** Sends the signal and waits for the end. */
  end(signal: NodeJS.Signals): Promise<{ code: number | null; signal: NodeJS.Signals | null }>
}

/** `settings` are all that it sees of the environment, besides PATH. */
export function startProcess(settings: Record<string, string>, args: readonly string[] = ['start']): ServerProcess {
  const node = existsSync(ownNode) ? ownNode : process.execPath
  const child: ChildProcess = spawn(node, [`${root}bin/parley`, ...args], {
    cwd: root,
    env: { PATH: process.env.PATH ?? '', ...settings },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let printed = ''
  let isReady: (text: string) => void = () => {}
  const said = new Promise<string>((resolve) => {
    isReady = resolve
  })
  const take = (chunk: Buffer) => {
    printed = (printed + chunk.toString('utf8')).slice(-200_000)
    if (printed.includes('is running.')) isReady(printed)
  }
  child.stdout?.on('data', take)
  child.stderr?.on('data', take)
  const exited = new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((resolve) =>
    child.once('close', (code, signal) => resolve({ code, signal })),
  )
  const ready = Promise.race([
    said,
    exited.then(({ code, signal }) => {
      throw new Error(`The server ended before it was ready (${code ?? signal}):\n${printed}`)
    }),
  ])
  ready.catch(() => {}) // whoever awaits it is told; nobody has to
  return {
    pid: child.pid ?? 0,
    ready,
    exited,
    output: () => printed,
    async end(signal) {
      child.kill(signal)
      return await exited
    },
  }
}

/** A port that was free a moment ago, and that no connection going out is given meanwhile: systems give those higher ones. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(15_000, 30_000)
    const server = createServer()
    const free = await new Promise<boolean>((resolve) => {
      server.once('error', () => resolve(false))
      server.listen(port, '127.0.0.1', () => resolve(true))
    })
    await new Promise((resolve) => server.close(resolve))
    if (free) return port
  }
}
