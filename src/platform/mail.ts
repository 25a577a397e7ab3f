/** Outgoing mail over SMTP. Without a server for it nothing is sent, and whoever asks can know before. */
import { createTransport } from 'nodemailer'

export interface Mail {
  to: string
  subject: string
  text: string
}

export interface Mailer {
  readonly configured: boolean
  /** Throws what the mail server said; a job tries again. */
  send(mail: Mail): Promise<void>
  close(): void
}

/** Milliseconds. A mail server greets late when it suspects spam, but not for ever. */
const patience = { connectionTimeout: 10_000, greetingTimeout: 15_000, socketTimeout: 30_000 }

export function createMailer(settings: { url?: string; from?: string }): Mailer {
  const { url, from } = settings
  if (!url || !from) {
    return {
      configured: false,
      send: async () => {
        throw new Error('No mail server is configured.')
      },
      close: () => {},
    }
  }
  const transport = createTransport({ url, ...patience, disableFileAccess: true, disableUrlAccess: true })
  return {
    configured: true,
    send: async ({ to, subject, text }) => {
      // An address object, not a header line: what a person is called cannot add recipients.
      await transport.sendMail({ from, to: { name: '', address: to }, subject, text })
    },
    close: () => transport.close(),
  }
}
