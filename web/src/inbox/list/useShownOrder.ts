/** Which rows are shown where: live at the top, held while the reader is further down or just about to click. */
import { type RefObject, useCallback, useEffect, useMemo, useRef, useState } from 'react'
import { settleOrder } from '../../rules/listOrder.ts'

/** A pointer that moved so recently may be on its way to a row. */
const POINTER_RESTS_MS = 1200
const TOP_PX = 8

export function useShownOrder(ids: string[], keep: string | null, scroller: RefObject<HTMLDivElement | null>) {
  const shown = useRef<string[]>([])
  const movedAt = useRef(0)
  const [, redraw] = useState(0)

  const held = () => (scroller.current?.scrollTop ?? 0) > TOP_PX || Date.now() - movedAt.current < POINTER_RESTS_MS
  const settled = settleOrder(shown.current, ids, { held: held(), keep })
  shown.current = settled.ids

  useEffect(() => {
    if (settled.waiting === 0) return
    const timer = setTimeout(() => redraw((n) => n + 1), POINTER_RESTS_MS)
    return () => clearTimeout(timer)
  })

  const onPointerMove = useCallback(() => {
    movedAt.current = Date.now()
  }, [])
  const onPointerLeave = useCallback(() => {
    movedAt.current = 0
    redraw((n) => n + 1)
  }, [])
  const showNew = useCallback(() => {
    movedAt.current = 0
    scroller.current?.scrollTo({ top: 0 })
    redraw((n) => n + 1)
  }, [scroller])
  const atTop = useCallback(() => redraw((n) => n + 1), [])
  return useMemo(
    () => ({ ...settled, onPointerMove, onPointerLeave, showNew, atTop }),
    [settled, onPointerMove, onPointerLeave, showNew, atTop],
  )
}
