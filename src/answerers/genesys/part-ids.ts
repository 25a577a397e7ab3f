/**
 * One line of a customer may be several messages at the contact centre, which takes one file in each. Their ids are made
 * of the line's, so that a repeat has the same ones.
 */

/** `part` counts from 0. */
export const partId = (messageId: string, part: number): string => (part === 0 ? messageId : `${messageId}~${part + 1}`)

/** The line's id from that of any of its parts. */
export const originalId = (id: string): string => id.replace(/~\d{1,4}$/, '')
