export interface OrderItem {
  productId: string
  quantity: number
  /** In the currency's main unit. */
  price: number | undefined
  currency: string | undefined
}

/** One sum for each currency; none where a price is missing, because a sum without it would be wrong. */
export function sumsOf(items: OrderItem[]): [currency: string, sum: number][] {
  if (items.some((one) => one.price === undefined || !one.currency)) return []
  const sums = new Map<string, number>()
  for (const one of items) {
    const currency = one.currency ?? ''
    // In hundredths, or 0.1 + 0.2 shows.
    const cents = Math.round((one.price ?? 0) * 100) * one.quantity
    sums.set(currency, (sums.get(currency) ?? 0) + cents)
  }
  return [...sums].map(([currency, cents]) => [currency, cents / 100])
}
