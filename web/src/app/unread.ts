import { useConversationList } from '../inbox/list/useConversationList.ts'

/** How many open conversations have unread messages: '' for none, '50+' when there are more than one page. */
export function useUnread(): string {
  const { list } = useConversationList({ status: 'open', assignee: 'any', unread: true, q: '' })
  if (!list || list.items.length === 0) return ''
  return list.next ? '50+' : String(list.items.length)
}
