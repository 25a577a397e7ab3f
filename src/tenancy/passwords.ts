import { randomInt } from 'node:crypto'
import { hash, verify } from '@node-rs/argon2'

// OWASP's second profile: 19 MiB, two passes, about 20 ms here.
const cost = { memoryCost: 19_456, timeCost: 2, parallelism: 1 }
/** Hashing takes memory: at most this many at once, the others wait. */
const atOnce = 4
let running = 0
const waiting: (() => void)[] = []

async function limited<T>(work: () => Promise<T>): Promise<T> {
  if (running >= atOnce) await new Promise<void>((go) => waiting.push(go))
  running += 1
  try {
    return await work()
  } finally {
    running -= 1
    waiting.shift()?.()
  }
}

export const hashPassword = (password: string): Promise<string> => limited(() => hash(password.normalize('NFKC'), cost))

/** Takes as long for a user who does not exist (`stored` undefined) as for one who does. */
export async function passwordMatches(stored: string | undefined, password: string): Promise<boolean> {
  decoy ??= await hashPassword('a password that nobody has')
  const matches = await limited(() => verify(stored ?? (decoy as string), password.normalize('NFKC'), cost))
  return matches && stored !== undefined
}
let decoy: string | undefined

const letters = 'abcdefghjkmnpqrstuvwxyz23456789'
/** Four groups of four that can be read out and typed: 79 bits. */
export const makePassword = (): string =>
  Array.from({ length: 4 }, () => Array.from({ length: 4 }, () => letters[randomInt(letters.length)]).join('')).join('-')
