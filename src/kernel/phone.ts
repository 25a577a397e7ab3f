import { type CountryCode, parsePhoneNumberFromString } from 'libphonenumber-js/max'

/**
 * A phone number as people write it → E.164 with plus, or null where it is not one. `country` (ISO 3166 alpha-2) is for
 * numbers written without a country code: "8 900 123-45-67" in RU, "900 123 45 67", "+7 900…" all give +79001234567.
 */
export function toE164(input: string, country: string): string | null {
  const trimmed = input.trim()
  const parsed = parsePhoneNumberFromString(trimmed, country as CountryCode)
  if (parsed?.isPossible()) return parsed.number
  // Digits with a country code but without plus, as WhatsApp ids are written.
  const digits = trimmed.replace(/[\s().-]/g, '')
  if (/^[1-9][0-9]{7,14}$/.test(digits)) {
    const international = parsePhoneNumberFromString(`+${digits}`)
    if (international?.isPossible()) return international.number
  }
  return null
}

/** Whether a number with its country code is one of the United States; where it cannot be told, +1 counts as one. */
export function isUnitedStates(e164: string): boolean {
  if (!e164.startsWith('+1')) return false
  const country = parsePhoneNumberFromString(e164)?.country
  return country === undefined || country === 'US'
}
