/** The real server, as it is started in production, on an embedded database in a folder of its own. */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startEmbedded } from '../src/platform/db/embedded.ts'
import { migrate } from '../src/platform/db/migrate.ts'
import { createLogger } from '../src/platform/log.ts'

export interface BenchServer {
  url: string
  ownerUrl: string
  pid: number
  stop(): Promise<void>
}

export async function startServer(settings: Record<string, string>): Promise<BenchServer> {
  const folder = await mkdtemp(join(tmpdir(), 'parley-bench-'))
  const database = await startEmbedded({ dataDir: folder, log: createLogger({ level: 'ERROR' }) })
  await migrate(database.ownerUrl)
  const child = spawn(process.execPath, [new URL('../src/main.ts', import.meta.url).pathname, 'start'], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...serverSettings(database.ownerUrl, join(folder, 'server')), ...settings },
  })
  return {
    url: await consoleAddress(child),
    ownerUrl: database.ownerUrl,
    pid: child.pid as number,
    async stop() {
      child.kill('SIGTERM')
      await new Promise((resolve) => child.once('exit', resolve))
      await database.stop()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

export const serverSettings = (databaseUrl: string, dataDir: string): Record<string, string> => ({
  PATH: process.env.PATH ?? '',
  NODE_ENV: 'production',
  PORT: '0',
  DATABASE_URL: databaseUrl,
  PARLEY_DATA_DIR: dataDir,
  PARLEY_SECRET_KEY: 'a key for the benchmark only, of no worth',
  LOG_LEVEL: 'WARN',
})

/** Where it says its console is, once it runs. */
export async function consoleAddress(child: ChildProcess): Promise<string> {
  let output = ''
  return await new Promise((resolve, reject) => {
    child.stdout?.on('data', (chunk: Buffer) => {
      output += chunk.toString()
      const found = /Console\s+(http:\S+)/.exec(output)
      if (found?.[1]) resolve(found[1])
    })
    child.once('exit', (code) => reject(new Error(`the server ended with ${code}: ${output}`)))
  })
}
