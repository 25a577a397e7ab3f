import fastify from 'fastify'
import { createWhatsAppSimulator, type SimulatorOptions, type WhatsAppSimulator } from './index.ts'
import { whatsAppSimulatorPlugin } from './plugin.ts'

export type StartOptions = SimulatorOptions & {
  /** Default: any free port. */
  port?: number
  /** Default: loopback only. */
  host?: string
  /** Path the plugin is mounted at. */
  prefix?: string
}

export type RunningSimulator = {
  /** The phone page. */
  url: string
  /** What takes the place of `https://graph.facebook.com`. */
  graphUrl: string
  controlUrl: string
  simulator: WhatsAppSimulator
  close(): Promise<void>
}

/** Starts the simulator on its own, for tests and for the command line. */
export async function startWhatsAppSimulator(options: StartOptions = {}): Promise<RunningSimulator> {
  const { port = 0, host = '127.0.0.1', prefix = '', ...rest } = options
  const simulator = createWhatsAppSimulator(rest)
  // Connections end at once on close, even those a slow answer still holds.
  const server = fastify({ forceCloseConnections: true })
  let origin = ''
  await server.register(whatsAppSimulatorPlugin, { simulator, publicUrl: () => origin, prefix })
  origin = await server.listen({ port, host })
  const url = origin + prefix
  return {
    url,
    graphUrl: `${url}/graph`,
    controlUrl: `${url}/control`,
    simulator,
    async close() {
      simulator.close()
      await server.close()
    },
  }
}
