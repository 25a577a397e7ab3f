/**
 * Secrets at rest: AES-256-GCM under a key derived from the master key, with what the secret belongs to as associated data,
 * so that a ciphertext moved to another tenant, row type or column does not open. Format: v1.<key id>.<nonce>.<sealed>.
 */
import { createCipheriv, createDecipheriv, createHash, hkdfSync, randomBytes } from 'node:crypto'
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'

export interface Secrets {
  /** `belongsTo` is for instance `<tenant>/tenant_credentials/<type>/<subject>`. */
  seal(plain: string, belongsTo: string): string
  /** Throws when the text was changed, moved, or sealed under a key that is not known here. */
  open(sealed: string, belongsTo: string): string
}

const algorithm = 'aes-256-gcm'
const base64 = (data: Buffer): string => data.toString('base64url')

/** The first key seals; all open. */
export function createSecrets(masterKeys: readonly [string, ...string[]]): Secrets {
  const keys = masterKeys.map((master) => ({
    id: createHash('sha256').update(`parley-key-id:${master}`).digest('hex').slice(0, 8),
    key: Buffer.from(hkdfSync('sha256', master, '', 'parley/secrets/v1', 32)),
  }))
  const [current] = keys as [(typeof keys)[number]]
  return {
    seal(plain, belongsTo) {
      const nonce = randomBytes(12)
      const cipher = createCipheriv(algorithm, current.key, nonce, { authTagLength: 16 }).setAAD(Buffer.from(`v1/${belongsTo}`))
      const sealed = Buffer.concat([cipher.update(plain, 'utf8'), cipher.final(), cipher.getAuthTag()])
      return `v1.${current.id}.${base64(nonce)}.${base64(sealed)}`
    },
    open(text, belongsTo) {
      const [version, keyId, nonce, body] = text.split('.')
      const known = keys.find(({ id }) => id === keyId)
      if (version !== 'v1' || !known || !nonce || !body) {
        throw new Error(
          'A stored secret cannot be opened: it was sealed under another key. Set PARLEY_SECRET_KEY to the key it was sealed with.',
        )
      }
      const sealed = Buffer.from(body, 'base64url')
      const decipher = createDecipheriv(algorithm, known.key, Buffer.from(nonce, 'base64url'), { authTagLength: 16 })
      decipher.setAAD(Buffer.from(`v1/${belongsTo}`)).setAuthTag(sealed.subarray(-16))
      return Buffer.concat([decipher.update(sealed.subarray(0, -16)), decipher.final()]).toString('utf8')
    },
  }
}

/** The key of a server that was not given one: made once, kept in the data folder, readable by its owner only. */
export async function readOrMakeKey(path: string): Promise<string> {
  const known = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error
    return undefined
  })
  if (known?.trim()) return known.trim()
  await mkdir(dirname(path), { recursive: true })
  const made = randomBytes(32).toString('hex')
  // Two processes at once: the first one's key stands.
  await writeFile(path, `${made}\n`, { mode: 0o600, flag: 'wx' }).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error
  })
  await chmod(path, 0o600)
  return (await readFile(path, 'utf8')).trim()
}
