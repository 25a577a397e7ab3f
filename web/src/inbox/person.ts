import type { Translate } from '../text/t.ts'

/** What a person is called here: the name, else the number, else that nobody knows. */
export const nameOf = (contact: { name: string | null; phone: string | null }, t: Translate): string =>
  contact.name?.trim() || contact.phone || t('person.unknown')
