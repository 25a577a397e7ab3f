import { type HostOptions, startHost } from '../host.ts'
import { createGenesysSimulator, type GenesysSimulator, type SimulatorOptions } from './index.ts'
import { genesysSimulatorPlugin } from './plugin.ts'

export type StartOptions = SimulatorOptions & HostOptions

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
  const { port, host, prefix, ...rest } = options
  const running = await startHost(genesysSimulatorPlugin, createGenesysSimulator(rest), { port, host, prefix })
  return { ...running, loginUrl: `${running.url}/login`, apiUrl: `${running.url}/api` }
}
