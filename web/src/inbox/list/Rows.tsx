import { useNavigate } from '@tanstack/react-router'
import { useVirtualizer } from '@tanstack/react-virtual'
import { useEffect, useRef } from 'react'
import type { Conversation } from '../../../../client/index.ts'
import { keys } from '../../app/cache.ts'
import { useConsole } from '../../app/context.ts'
import { useKeys } from '../../app/keyboard.ts'
import { useText } from '../../app/text.tsx'
import type { LoadedList } from '../../rules/listOrder.ts'
import css from './list.module.css'
import { Row } from './Row.tsx'
import { useShownOrder } from './useShownOrder.ts'

const ROW_PX = 64

interface Props {
  list: LoadedList
  selected: string | null
  /** Whether the open conversation stays in the list though it no longer fits: being read takes it out of Unread. */
  keepOpen: boolean
  loadMore: () => void
  failed: boolean
  onRetry: () => void
}

export function Rows({ list, selected, keepOpen, loadMore, failed, onRetry }: Props) {
  const { t } = useText()
  const { queries } = useConsole()
  const scroller = useRef<HTMLDivElement>(null)
  const byId = new Map(list.items.map((one) => [one.id, one]))
  const order = useShownOrder([...byId.keys()], keepOpen ? selected : null, scroller)
  const rows = order.ids.flatMap((id): Conversation[] => {
    const one = byId.get(id) ?? queries.getQueryData<Conversation>(keys.conversation(id))
    return one ? [one] : []
  })
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW_PX,
    getItemKey: (index) => rows[index]?.id ?? index,
    overscan: 8,
  })
  const shown = virtual.getVirtualItems()
  const last = shown.at(-1)?.index ?? 0
  useEffect(() => {
    if (list.next && last >= rows.length - 15) loadMore()
  })
  useStep(rows, selected, (index) => virtual.scrollToIndex(index, { align: 'auto' }))

  return (
    <div className={css.holder}>
      {order.waiting > 0 && (
        <button type="button" className={css.pill} onClick={order.showNew}>
          {t('list.new', { n: order.waiting })}
        </button>
      )}
      <div
        ref={scroller}
        className={css.scroller}
        onPointerMove={order.onPointerMove}
        onPointerLeave={order.onPointerLeave}
        onScroll={(event) => {
          if (event.currentTarget.scrollTop <= 8) order.atTop()
        }}
      >
        <ul className={css.rows} style={{ height: virtual.getTotalSize() }}>
          {shown.map((item) => {
            const one = rows[item.index]
            if (!one) return null
            return (
              <li
                key={item.key}
                className={css.slot}
                style={{ height: ROW_PX, transform: `translateY(${item.start}px)` }}
                aria-setsize={list.next ? -1 : rows.length}
                aria-posinset={item.index + 1}
              >
                <Row conversation={one} selected={one.id === selected} />
              </li>
            )
          })}
        </ul>
        {failed && (
          <button type="button" className={css.more} onClick={onRetry}>
            {t('app.retry')}
          </button>
        )}
      </div>
    </div>
  )
}

/** J and K walk through the list; Enter goes into the conversation. */
function useStep(rows: Conversation[], selected: string | null, show: (index: number) => void): void {
  const navigate = useNavigate()
  const step = (by: 1 | -1) => {
    const at = rows.findIndex((one) => one.id === selected)
    const next = at < 0 ? 0 : Math.min(rows.length - 1, Math.max(0, at + by))
    const one = rows[next]
    if (!one) return
    show(next)
    void navigate({
      to: '/inbox/$conversationId',
      params: { conversationId: one.id },
      search: (before) => ({ ...before, message: undefined }),
      replace: selected !== null,
    })
  }
  useKeys({
    j: () => step(1),
    k: () => step(-1),
    enter: (event) => {
      // A focused link or button has its own meaning of Enter.
      if (event.target instanceof HTMLElement && event.target.closest('a,button')) {
        event.target.closest<HTMLElement>('a,button')?.click()
        return
      }
      document.querySelector<HTMLElement>('[data-testid="composer-input"]')?.focus()
    },
  })
}
