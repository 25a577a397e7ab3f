/** Whether the Redis of the configuration answers, lets this server in, and can do what the cache asks of it. */
import { createClient } from '@redis/client'

const connectMs = 3000
const without = 'Or take REDIS_URL out: Parley works without it.'

/** `what: 'Redis'`; a note that says what to do where it is not ok. Never the address's password. */
export async function redis(url: string): Promise<{ what: string; ok: boolean; note: string }> {
  const finding = (ok: boolean, note: string) => ({ what: 'Redis', ok, note })
  const client = createClient({
    url,
    disableOfflineQueue: true,
    commandOptions: { timeout: connectMs },
    socket: { connectTimeout: connectMs, socketTimeout: connectMs, reconnectStrategy: false },
  })
  client.on('error', () => {}) // told by what was asked
  try {
    await inTime(client.connect())
    await inTime(client.eval('return 1', { keys: [], arguments: [] }))
    const version = versionIn(await inTime(client.info('server')).catch(() => ''))
    return finding(true, version ? `version ${version}` : 'answers; it does not tell its version')
  } catch (error) {
    return finding(false, cure(error as Error & { code?: string }))
  } finally {
    if (client.isOpen) client.destroy()
  }
}

async function inTime<T>(work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('no answer within three seconds')), connectMs)
  })
  return await Promise.race([work, late]).finally(() => clearTimeout(timer))
}

/** Valkey tells the version of Redis that it follows beside its own. */
const versionIn = (info: string): string | undefined => /^redis_version:(\S+)/m.exec(info)?.[1]

function cure({ message, code }: Error & { code?: string }): string {
  if (/^NOAUTH/.test(message))
    return 'wants a password, and REDIS_URL has none. Write it in: redis://:password@host:port, with a name before the colon where there is one.'
  if (/^(WRONGPASS|ERR invalid password|ERR AUTH)/.test(message))
    return 'does not take the name or password of REDIS_URL. Compare them with requirepass, or the users, of that Redis; special characters are written as %XX.'
  if (/^NOPERM/.test(message))
    return `lets this user in and not do what is needed: EVAL, GET, SET and DEL on the keys of REDIS_PREFIX. Allow them with ACL SETUSER. ${without}`
  // The first word that is said to it is newer than what came before version 6.
  if (/unknown command.*HELLO/i.test(message)) return `is too old: version 6 or newer is needed. Update it. ${without}`
  return `cannot be reached: ${message || code || 'no answer'}. Is it running, and is REDIS_URL right (rediss:// where it speaks TLS)? ${without}`
}
