import fastify from 'fastify'
import { createGenesysSimulator, type GenesysSimulator, type SimulatorOptions } from './index.ts'
import { genesysSimulatorPlugin } from './plugin.ts'

export type StartOptions = SimulatorOptions & {
  /** Default: any free port. */
  port?: number
  /** Default: loopback only. */
  host?: string
  /** Path the plugin is mounted at. */
  prefix?: string
}

export type RunningSimulator = {
  /** The agents' page. */
  url: string
  /** What takes the place of `https://login.<region>` and `https://api.<region>`. */
  loginUrl: string
  apiUrl: string
  controlUrl: string
  simulator: GenesysSimulator
  close(): Promise<void>
}

/** Starts the simulator on its own, for tests and for the command line. */
export async function startGenesysSimulator(options: StartOptions = {}): Promise<RunningSimulator> {
  const { port = 0, host = '127.0.0.1', prefix = '', ...rest } = options
  const simulator = createGenesysSimulator(rest)
  // Connections end at once on close, even those that an answer never came on.
  const server = fastify({ forceCloseConnections: true })
  let origin = ''
  await server.register(genesysSimulatorPlugin, { simulator, publicUrl: () => origin, prefix })
  origin = await server.listen({ port, host })
  const url = origin + prefix
  return {
    url,
    loginUrl: `${url}/login`,
    apiUrl: `${url}/api`,
    controlUrl: `${url}/control`,
    simulator,
    async close() {
      simulator.close()
      await server.close()
    },
  }
}
