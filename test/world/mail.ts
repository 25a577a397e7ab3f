/** A mail server that takes everything and keeps it. */
import { createServer, type Socket } from 'node:net'
import { until } from './until.ts'

export interface MailSink {
  url: string
  /** Every mail as it came, headers and text. */
  mails: { to: string; raw: string }[]
  /** The next mail to this address, and takes it out. */
  next(to: string): Promise<string>
  close(): Promise<void>
}

export async function startMailSink(): Promise<MailSink> {
  const mails: MailSink['mails'] = []
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket)).on('error', () => {})
    speak(socket, (mail) => mails.push(mail))
  })
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready))
  const { port } = server.address() as { port: number }
  return {
    url: `smtp://127.0.0.1:${port}`,
    mails,
    async next(to) {
      await until(`a mail to ${to} came`, async () => mails.some((mail) => mail.to === to))
      const at = mails.findIndex((mail) => mail.to === to)
      // Long lines are folded on the way.
      return mails.splice(at, 1)[0]?.raw.replace(/=\r\n/g, '').replace(/=3D/g, '=') ?? ''
    },
    async close() {
      for (const socket of sockets) socket.destroy()
      await new Promise((closed) => server.close(closed))
    },
  }
}

/** Enough of RFC 5321. */
function speak(socket: Socket, take: (mail: { to: string; raw: string }) => void): void {
  let buffer = ''
  let body: string | null = null
  let to = ''
  socket.write('220 sink ESMTP\r\n')
  socket.setEncoding('utf8').on('data', (chunk: string) => {
    buffer += chunk
    for (;;) {
      if (body !== null) {
        const end = buffer.indexOf('\r\n.\r\n')
        if (end < 0) return
        take({ to, raw: buffer.slice(0, end) })
        buffer = buffer.slice(end + 5)
        body = null
        socket.write('250 kept\r\n')
        continue
      }
      const line = buffer.indexOf('\r\n')
      if (line < 0) return
      const said = buffer.slice(0, line)
      buffer = buffer.slice(line + 2)
      const verb = said.slice(0, 4).toUpperCase()
      if (verb === 'RCPT') to = /<([^>]*)>/.exec(said)?.[1] ?? ''
      if (verb === 'DATA') body = ''
      socket.write(verb === 'DATA' ? '354 go on\r\n' : verb === 'QUIT' ? '221 bye\r\n' : '250 ok\r\n')
    }
  })
}
