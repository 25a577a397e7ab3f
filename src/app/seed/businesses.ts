/** The businesses that are seeded: accounts that reach nobody, people who answer, and one who owns all of them and can sign in. */
import { addWhatsAppAccount } from '../../conversations/accounts.ts'
import { type Database, inTenant } from '../../platform/db/tx.ts'
import type { Secrets } from '../../platform/secrets.ts'
import { byCli } from '../../tenancy/audit.ts'
import { makePassword } from '../../tenancy/passwords.ts'
import { patchBusiness } from '../../tenancy/tenant-life.ts'
import { findTenantRow } from '../../tenancy/tenant-lookup.ts'
import { addMember, createTenant } from '../../tenancy/tenants.ts'
import type { Random } from './random.ts'
import type { Business } from './threads.ts'

const trades = ['Plumbing', 'Electric', 'Dental', 'Bakery', 'Garage', 'Salon', 'Optics', 'Florist', 'Clinic', 'Movers']
const colleagues: [first: string, last: string][] = [
  ['Robin', 'Reyes'],
  ['Kim', 'Novak'],
  ['Mira', 'Haddad'],
  ['Jo', 'Lindqvist'],
  ['Aki', 'Mori'],
]

export interface Made {
  businesses: Business[]
  names: string[]
  email: string
  /** Null where the person was here before, from another seed: they keep theirs. */
  password: string | null
}

export const publicIdOf = (seed: number, n: number): string => `seed-${seed}-${n + 1}`
const ownerEmail = 'owner@seed.example'
/** A port at which nobody listens: nothing that is written in a seeded business leaves the machine. */
const nowhere = 'http://127.0.0.1:9'

export async function makeBusinesses(
  deps: { db: Database; secrets: Secrets },
  random: Random,
  given: { seed: number; tenants: number; from: number; months: number },
): Promise<Made> {
  if (await findTenantRow(deps.db, 'public_id', publicIdOf(given.seed, 0)))
    throw new Error(
      `Businesses of the seed ${given.seed} are here already (${publicIdOf(given.seed, 0)} …). Choose another --seed, or remove them: ${removal(given)}`,
    )
  const { rowCount } = await deps.db.pool.query('SELECT FROM users WHERE lower(email) = $1', [ownerEmail])
  const password = makePassword()
  const made: Made = { businesses: [], names: [], email: ownerEmail, password: rowCount ? null : password }
  for (let n = 0; n < given.tenants; n++) {
    const name = `${trades[n % trades.length]} ${given.seed}-${n + 1}`
    const business = {
      id: random.id(given.from + n),
      accounts: [] as string[],
      agents: [] as string[],
      share: 1 / (n + 1) ** 1.2,
    }
    await inTenant(deps.db, business.id, async (tx) => {
      await createTenant(tx, { publicId: publicIdOf(given.seed, n), name, settings: { timezone: 'UTC', language: 'en' } })
      // What is seeded is kept, however many months it goes back.
      await tx.query(
        `UPDATE business_settings SET content_months = greatest(content_months, $2), ledger_months = greatest(ledger_months, $2) WHERE tenant_id = $1`,
        [tx.tenantId, given.months + 1],
      )
      for (let account = 0; account < (n === 0 ? 3 : 1); account++)
        business.accounts.push(
          await addWhatsAppAccount(tx, deps.secrets, {
            phoneNumberId: `9${random.below(1e14)}`.padEnd(15, '0'),
            wabaId: `8${random.below(1e14)}`,
            name: account === 0 ? name : `${name}, line ${account + 1}`,
            address: `+1555${String(random.below(1e7)).padStart(7, '0')}`,
            accessToken: 'nowhere',
            graphUrl: nowhere,
          }),
        )
      for (const [i, [firstName, lastName]] of colleagues.entries()) {
        const email = `${firstName.toLowerCase()}@${publicIdOf(given.seed, n)}.example`
        business.agents.push(
          await addMember(tx, { email, password: makePassword(), firstName, lastName, role: i === 0 ? 'admin' : 'agent' }),
        )
      }
      business.agents.push(
        await addMember(tx, { email: ownerEmail, password, firstName: 'Sam', lastName: 'Okafor', role: 'owner' }),
      )
    })
    // Until all is there: nobody works in it, and who looks sees that it is not.
    await patchBusiness({ db: deps.db }, byCli, business.id, { status: 'suspended' })
    made.businesses.push(business)
    made.names.push(name)
  }
  return made
}

export async function openBusinesses(db: Database, businesses: readonly Business[]): Promise<void> {
  for (const { id } of businesses) await patchBusiness({ db }, byCli, id, { status: 'active' })
}

export const removal = ({ seed, tenants }: { seed: number; tenants: number }): string =>
  `for each n from 1 to ${tenants}: parley tenant delete seed-${seed}-n, then the purge that it names`
