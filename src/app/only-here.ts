/** Pages that are for whoever sits at the machine on which the server runs, and for nobody else, however the server is reached. */
import type { FastifyReply, FastifyRequest } from 'fastify'

const loopback = /^(127\.\d+\.\d+\.\d+|::1|::ffff:127\.\d+\.\d+\.\d+)$/
/** Another name may be anybody's that leads here, also of a page that a browser on this machine has open. */
const ownName = /^(localhost|127\.0\.0\.1|\[::1\])(:\d+)?$/i
/** A proxy or a tunnel on this machine: whoever asks is elsewhere. */
const passedOn = ['forwarded', 'x-forwarded-for', 'x-forwarded-host', 'x-real-ip', 'via']

export const isFromHere = (
  request: Pick<FastifyRequest, 'headers'> & { socket: { remoteAddress?: string | undefined } },
): boolean =>
  loopback.test(request.socket.remoteAddress ?? '') &&
  ownName.test(request.headers.host ?? '') &&
  passedOn.every((name) => request.headers[name] === undefined)

export async function onlyFromHere(request: FastifyRequest, reply: FastifyReply): Promise<void> {
  if (isFromHere(request)) return
  await reply
    .code(403)
    .type('text/plain; charset=utf-8')
    .send(
      'This page is shown only on the machine on which the server runs, as http://localhost: mails hold links that let one in.\n',
    )
}
