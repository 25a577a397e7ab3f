/**
 * Secrets at rest: AES-256-GCM under a key derived from the master key, with what the secret belongs to as associated data,
 * so that a ciphertext moved to another tenant, row type or column does not open. Format: v1.<key id>.<nonce>.<sealed>.
 */
import { createCipheriv, createDecipheriv, createHash, hkdfSync, randomBytes } from 'node:crypto'
import { link, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'

export interface Secrets {
  /** `belongsTo` is for instance `<tenant>/tenant_credentials/<type>/<subject>`. */
  seal(plain: string, belongsTo: string): string
  /** Throws when the text was changed, moved, or sealed under a key that is not known here. */
  open(sealed: string, belongsTo: string): string
}

/** The master key is not the one it was sealed with. Nothing that needs the secret can go on until it is. */
export class SecretUnreadable extends Error {
  constructor() {
    super(
      'A stored secret cannot be opened: it was sealed under another key. Set PARLEY_SECRET_KEY to the key it was sealed with.',
    )
    this.name = 'SecretUnreadable'
  }
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
        throw new SecretUnreadable()
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
  // Left by a full disk or by hand: what was sealed before needs the key that was in it, so no new one is made.
  if (known !== undefined)
    throw new Error(`The key file ${path} is empty. Put the key back, or remove the file to have a new one made.`)
  await mkdir(dirname(path), { recursive: true })
  const draft = `${path}.${randomBytes(4).toString('hex')}`
  await writeFile(draft, `${randomBytes(32).toString('hex')}\n`, { mode: 0o600, flush: true })
  // Under its name only when whole. Two processes at once: the first one's key stands.
  await link(draft, path).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error
  })
  await rm(draft, { force: true })
  return (await readFile(path, 'utf8')).trim()
}
