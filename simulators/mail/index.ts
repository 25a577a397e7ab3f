/** A mail server that takes everything, delivers nothing, and shows what came: the newest first. */
import PostalMime from 'postal-mime'
import { SMTPServer } from 'smtp-server'

export type CaughtMail = {
  id: string
  /** Unix milliseconds. */
  at: number
  from: string
  to: string[]
  subject: string
  text: string
}

export type MailCatcher = {
  readonly mails: readonly CaughtMail[]
  /** Where mail goes: any free port of this machine. */
  listen(): Promise<string>
  close(): void
}

/** How many are kept, and bytes that one may have. */
const [keep, maxBytes] = [200, 1024 * 1024]

export function createMailCatcher(options: { now?: () => number } = {}): MailCatcher {
  const mails: CaughtMail[] = []
  const now = options.now ?? Date.now
  let count = 0
  const server = new SMTPServer({
    ...{ size: maxBytes, disabledCommands: ['AUTH', 'STARTTLS'], logger: false, closeTimeout: 100 },
    onData(stream, session, done) {
      const chunks: Buffer[] = []
      stream.on('data', (chunk: Buffer) => void chunks.push(chunk))
      stream.on('error', done)
      stream.on('end', () => {
        if (stream.sizeExceeded) return done(Object.assign(new Error('The mail is too large.'), { responseCode: 552 }))
        PostalMime.parse(Buffer.concat(chunks)).then((mail) => {
          mails.unshift({
            ...{
              id: String(++count),
              at: now(),
              from: mail.from?.address ?? '',
              subject: mail.subject ?? '',
              text: mail.text ?? '',
            },
            to: session.envelope.rcptTo.map(({ address }) => address),
          })
          mails.length = Math.min(mails.length, keep)
          done()
        }, done)
      })
    },
  })
  // A client that goes away in the middle is none of our trouble.
  server.on('error', () => {})
  return {
    mails,
    async listen() {
      await new Promise<void>((resolve, reject) => {
        server.once('error', reject)
        server.listen(0, '127.0.0.1', resolve)
      })
      const { port } = server.server.address() as { port: number }
      return `smtp://127.0.0.1:${port}`
    },
    close: () => void server.close(() => {}),
  }
}
