/** In the viewer's language; the currency is the provider's. */
export const priceText = (language: string, cents: number, currency: string): string =>
  new Intl.NumberFormat(language, { style: 'currency', currency }).format(cents / 100)
