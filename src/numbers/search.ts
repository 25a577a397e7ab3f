/** Numbers that are for sale, with what they cost. Asked at the provider each time: what is offered changes by the minute. */
import { inTenant } from '../platform/db/tx.ts'
import type { NumberPrice, NumberQuery, OfferedNumber, SellerAccess } from '../ports/number-seller.ts'
import type { NumberDeps } from './deps.ts'
import { refusal, requireProvider } from './provider.ts'

export interface Offer extends OfferedNumber {
  price: Pick<NumberPrice, 'monthlyCents' | 'currency'> | null
}

export async function searchNumbers(deps: NumberDeps, tenantId: string, query: NumberQuery): Promise<Offer[]> {
  const { access } = await inTenant(deps.db, tenantId, (tx) => requireProvider(tx, deps))
  const [found, price] = await Promise.all([deps.seller.search(access, query), priceOf(deps, access, query)])
  if (found.outcome !== 'done') throw refusal(found)
  return found.value.map((one) => ({ ...one, price }))
}

/** null: the provider does not say. A number is sold all the same. */
export async function priceOf(
  deps: Pick<NumberDeps, 'seller'>,
  access: SellerAccess,
  { country, kind }: Pick<NumberQuery, 'country' | 'kind'>,
): Promise<Offer['price']> {
  const told = await deps.seller.prices(access, country)
  const price = told.outcome === 'done' ? told.value.find((one) => one.kind === kind) : undefined
  return price ? { monthlyCents: price.monthlyCents, currency: price.currency } : null
}
