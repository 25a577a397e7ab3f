/** What may be: passwords, zones, languages, roles given. Nothing here reads or writes. */
import { ParleyError } from '../kernel/errors.ts'
import { type Actor, actions, can, reaches } from './can.ts'
import type { Role } from './roles.ts'
import type { InvitationView } from './team-schema.ts'

const leastLetters = 10

/** NIST SP 800-63B: length counts, composition does not; what everybody knows of the person is no secret. */
export function requireGoodPassword(password: string, email: string): void {
  const plain = password.normalize('NFKC')
  if ([...plain].length < leastLetters)
    throw new ParleyError('weak_password', `A password needs at least ${leastLetters} characters.`)
  const same = plain.trim().toLowerCase()
  if (same === email.toLowerCase() || same === email.toLowerCase().split('@')[0])
    throw new ParleyError('weak_password', 'The password must not be the e-mail address.')
  if (new Set(plain).size < 4) throw new ParleyError('weak_password', 'The password repeats too few characters.')
}

/** Old names that JavaScript knows, and the database not at all or as something else: its IST is Israel's. */
const onlyHere =
  /^(?:A[CEGRS]T|B[ES]T|C[ANS]T|CTT|E[AC]T|I[ES]T|JST|MIT|N[ES]T|P[LNR]T|PST|[SV]ST|SystemV\/.*|US\/Pacific-New)$/i

/** IANA names only: an offset knows no summer. */
export function isZone(name: string): boolean {
  if (!/^[A-Za-z]/.test(name) || onlyHere.test(name)) return false
  try {
    new Intl.DateTimeFormat('en', { timeZone: name })
    return true
  } catch {
    return false
  }
}
export function requireZone(name: string): void {
  if (!isZone(name))
    throw new ParleyError('invalid_request', `${name} is not a time zone. Use a name like Europe/Lisbon or America/New_York.`)
}

/** In its canonical form: pt-br becomes pt-BR. */
export function requireLanguage(tag: string): string {
  try {
    const [canonical] = Intl.getCanonicalLocales(tag)
    if (canonical) return canonical
  } catch {}
  throw new ParleyError('invalid_request', `${tag} is not a language. Use a tag like en, pt-BR or ru.`)
}

/** Nobody gives, changes or takes a role above their own. */
export function requireReach(actor: Pick<Actor, 'role'>, ...roles: readonly Role[]): void {
  const above = roles.find((role) => !reaches(actor.role, role))
  if (above) throw new ParleyError('forbidden', `Your role (${actor.role}) does not reach as far as ${above}.`)
}

/**
 * Nobody lets another person do what they may not do themselves: a key that was given a few scopes makes nobody a colleague
 * who may do more, and hands out no link by which it would become one.
 */
export function requireGrant(actor: Pick<Actor, 'role' | 'scopes'>, role: Role): void {
  requireReach(actor, role)
  const beyond = actions.find((action) => can({ role }, action) && !can(actor, action))
  if (beyond)
    throw new ParleyError('forbidden', `This API key does not have the scope ${beyond}, which a colleague would have.`)
}

export function invitationState(
  row: { accepted_at: Date | null; revoked_at: Date | null; expires_at: Date },
  now = new Date(),
): InvitationView['state'] {
  if (row.accepted_at) return 'accepted'
  if (row.revoked_at) return 'revoked'
  return row.expires_at <= now ? 'expired' : 'open'
}

/** What a person is called where nothing better is known. */
export const fullName = (first: string | null, last: string | null, otherwise: string | null): string =>
  [first, last].filter(Boolean).join(' ') || otherwise || 'Nobody'
