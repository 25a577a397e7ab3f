/** A place in a list that is in the order of a time and an id: a keyset page goes on behind it. Opaque to whoever is given it. */
import { ParleyError } from './errors.ts'
import { isUuid } from './ids.ts'

/** `at`: microseconds since 1970, in digits: a Date would round them. */
export interface Place {
  at: string
  id: string
}

export const cursorOf = ({ at, id }: Place): string => Buffer.from(`${at} ${id}`).toString('base64url')

export function placeOf(cursor: string): Place {
  const [at = '', id = ''] = Buffer.from(cursor, 'base64url').toString().split(' ')
  if (!/^\d{1,17}$/.test(at) || !isUuid(id))
    throw new ParleyError('malformed_cursor', 'The cursor is not one that this server gave.')
  return { at, id }
}
