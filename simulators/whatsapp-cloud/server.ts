import { type HostOptions, startHost } from '../host.ts'
import { createWhatsAppSimulator, type SimulatorOptions, type WhatsAppSimulator } from './index.ts'
import { whatsAppSimulatorPlugin } from './plugin.ts'

export type StartOptions = SimulatorOptions & HostOptions

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
  const { port, host, prefix, ...rest } = options
  const running = await startHost(whatsAppSimulatorPlugin, createWhatsAppSimulator(rest), { port, host, prefix })
  return { ...running, graphUrl: `${running.url}/graph` }
}
