import { type HostOptions, startHost } from '../host.ts'
import { createTwilioSimulator, type SimulatorOptions, type TwilioSimulator } from './index.ts'
import { twilioSimulatorPlugin } from './plugin.ts'

export type StartOptions = SimulatorOptions & HostOptions

export type RunningSimulator = {
  /** The handset, and what takes the place of `https://api.twilio.com` and its sisters. */
  url: string
  controlUrl: string
  simulator: TwilioSimulator
  close(): Promise<void>
}

/** Starts the simulator on its own, for tests and for the command line. */
export async function startTwilioSimulator(options: StartOptions = {}): Promise<RunningSimulator> {
  const { port, host, prefix, ...rest } = options
  return await startHost(twilioSimulatorPlugin, createTwilioSimulator(rest), { port, host, prefix })
}
