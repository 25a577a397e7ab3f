/**
 * Secrets at rest: AES-256-GCM under a key derived from the master key, with what the secret belongs to as associated data,
 * so that a ciphertext moved to another tenant, row type or column does not open. Format: v1.<key id>.<nonce>.<sealed>.
 */
import { createCipheriv, createDecipheriv, createHash, hkdfSync, randomBytes } from 'node:crypto'
import { fixedKeyring, type Keyring, type Keys } from './keyring.ts'

export interface Secrets {
  /** `belongsTo` is for instance `<tenant>/tenant_credentials/<type>/<subject>`. */
  seal(plain: string, belongsTo: string): string
  /** Throws when the text was changed, moved, or sealed under a key that is not known here. */
  open(sealed: string, belongsTo: string): string
  /** Id of the key that seals now. */
  currentKeyId(): string
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

/** What names a key in a sealed text, and tells nothing of it. */
export const keyIdOf = (master: string): string =>
  createHash('sha256').update(`parley-key-id:${master}`).digest('hex').slice(0, 8)

/** The key that a sealed text names; '' where it is none. */
export const keyIdIn = (sealed: string): string => /^v1\.([0-9a-f]{8})\./.exec(sealed)?.[1] ?? ''

const isKeys = (given: Keyring | Keys): given is Keys => Array.isArray(given)

/** The first key of the ring seals; all open. */
export function createSecrets(given: Keyring | Keys): Secrets {
  const ring = isKeys(given) ? fixedKeyring(given) : given
  const derived = new Map<string, { id: string; key: Buffer }>()
  const derive = (master: string) => {
    const known = derived.get(master) ?? {
      id: keyIdOf(master),
      key: Buffer.from(hkdfSync('sha256', master, '', 'parley/secrets/v1', 32)),
    }
    derived.set(master, known)
    return known
  }
  return {
    currentKeyId: () => derive(ring.keys()[0]).id,
    seal(plain, belongsTo) {
      const current = derive(ring.keys()[0])
      const nonce = randomBytes(12)
      const cipher = createCipheriv(algorithm, current.key, nonce, { authTagLength: 16 }).setAAD(Buffer.from(`v1/${belongsTo}`))
      const sealed = Buffer.concat([cipher.update(plain, 'utf8'), cipher.final(), cipher.getAuthTag()])
      return `v1.${current.id}.${base64(nonce)}.${base64(sealed)}`
    },
    open(text, belongsTo) {
      const [version, keyId, nonce, body] = text.split('.')
      const known = ring
        .keys()
        .map(derive)
        .find(({ id }) => id === keyId)
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
