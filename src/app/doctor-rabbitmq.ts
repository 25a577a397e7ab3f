/** Whether the RabbitMQ of the configuration answers, lets this server in, and can do what is asked of it. Leaves nothing behind. */
import { Connection } from 'rabbitmq-client'

const connectMs = 3000
const without = 'Or take RABBITMQ_URL out: Parley works without it.'

/** `what: 'RabbitMQ'`; a note that says what to do where it is not ok. Never the address's password. */
export async function rabbitmq(url: string, prefix: string): Promise<{ what: string; ok: boolean; note: string }> {
  const finding = (ok: boolean, note: string) => ({ what: 'RabbitMQ', ok, note })
  const connection = new Connection({ url, connectionTimeout: connectMs, acquireTimeout: connectMs, retryLow: connectMs })
  const failed = new Promise<never>((_, reject) => connection.once('error', reject))
  failed.catch(() => {})
  const queue = `${prefix}doctor.${process.pid}`
  try {
    await Promise.race([connection.onConnect(connectMs, true), failed])
    try {
      await connection.queueDeclare({ queue, durable: true, arguments: { 'x-queue-type': 'quorum', 'x-expires': 60_000 } })
      await connection.queueDelete({ queue })
    } catch (error) {
      return finding(false, refused(error as Error & { code?: string }))
    }
    return finding(true, 'answers, and makes quorum queues')
  } catch (error) {
    return finding(false, cure(error as Error & { code?: string }))
  } finally {
    connection.unsafeDestroy()
  }
}

function refused({ message, code }: Error & { code?: string }): string {
  return /ACCESS_REFUSED|403/.test(`${code ?? ''} ${message}`)
    ? `lets this user in and make no queue. It needs to configure, write and read what begins with RABBITMQ_PREFIX: rabbitmqctl set_permissions. ${without}`
    : `makes no quorum queue (${message}): version 3.10 or newer is needed. Update it. ${without}`
}

function cure({ message, code }: Error & { code?: string }): string {
  const said = `${code ?? ''} ${message}`
  if (/ACCESS_REFUSED|403/.test(said))
    return 'does not take the name or password of RABBITMQ_URL. Compare them with rabbitmqctl list_users; special characters are written as %XX. The user guest may come from the same machine only.'
  if (/NOT_ALLOWED|530|vhost/i.test(said))
    return 'lets this user in and not into the vhost at the end of RABBITMQ_URL. Make it (rabbitmqctl add_vhost) and allow it (rabbitmqctl set_permissions).'
  return `cannot be reached: ${message || code || 'no answer'}. Is it running, and is RABBITMQ_URL right (amqps:// where it speaks TLS)? ${without}`
}
