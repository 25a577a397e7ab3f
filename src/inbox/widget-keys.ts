/** The key that signs a business's widget links: made when it is first needed, replaced when somebody asks for a new one. */
import { randomBytes } from 'node:crypto'
import type { Tx } from '../platform/db/tx.ts'
import type { Secrets } from '../platform/secrets.ts'
import { keepCredentials, loadCredentials, storeCredentials } from '../tenancy/credentials.ts'

const place = { type: 'widget', subject: '' } as const
const fresh = () => ({ key: randomBytes(32).toString('base64url') })

export async function findKey(secrets: Secrets, tx: Tx): Promise<string | null> {
  return (await loadCredentials(tx, secrets, place.type, place.subject))?.key ?? null
}
export async function keyOf(secrets: Secrets, tx: Tx): Promise<string> {
  const found = await findKey(secrets, tx)
  return found ?? ((await keepCredentials(tx, secrets, { ...place, values: fresh() })).key as string)
}
/** Links signed before end with it. */
export async function createKey(secrets: Secrets, tx: Tx): Promise<string> {
  const values = fresh()
  await storeCredentials(tx, secrets, { ...place, values })
  return values.key
}
