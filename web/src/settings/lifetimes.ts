/** How many days a key may live; null: until it is revoked. */
export const lifetimes = [null, 30, 90, 365] as const

export const expiryIn = (days: string, now: number): { expiresAt?: string } =>
  days === '' ? {} : { expiresAt: new Date(now + Number(days) * 86_400_000).toISOString() }
