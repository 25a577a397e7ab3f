/** Secrets that are handed out once: the database has only their hash. */
import { createHash, randomBytes } from 'node:crypto'

/** 256 random bits need no salt and no slow hash. */
export const makeToken = (): string => randomBytes(32).toString('base64url')
export const tokenHash = (token: string): string => createHash('sha256').update(token).digest('hex')
