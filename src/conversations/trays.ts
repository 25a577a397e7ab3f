/** How the indexes of conversations are in the order of lists: by status and tray, newest first. */

export const statuses = ['open', 'closed', 'archived'] as const

/** SQL: which of four trays a conversation `c` lies in: 1 of nobody, 2 with something unread. To the letter as in the indexes. */
export const tray =
  'CASE WHEN c.unread_count > 0 THEN CASE WHEN c.assignee_id IS NULL THEN 3 ELSE 2 END ELSE CASE WHEN c.assignee_id IS NULL THEN 1 ELSE 0 END END'

export const isUnread = (one: number): boolean => one >= 2
export const isOfNobody = (one: number): boolean => one % 2 === 1
