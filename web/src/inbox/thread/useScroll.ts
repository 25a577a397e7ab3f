/**
 * The scroll of a thread. At the end it stays at the end, whatever grows. Anywhere else, the message that was in view stays
 * where it was when older ones come in above or something above changes its height.
 */
import { type RefObject, useCallback, useEffect, useLayoutEffect, useRef, useState } from 'react'

const END_PX = 48
/** So far from an edge the next page is asked for: before it is reached. */
const LOAD_PX = 800

interface Input {
  scroller: RefObject<HTMLDivElement | null>
  content: RefObject<HTMLDivElement | null>
  /** Changes whenever other messages are shown. */
  version: string
  target: string | null
  load: (side: 'before' | 'after') => void
  onAtEnd: (atEnd: boolean) => void
  /** Whether the newest message is loaded. */
  complete: boolean
}

export function useThreadScroll({ scroller, content, version, target, load, onAtEnd, complete }: Input) {
  const stick = useRef(target === null)
  const anchor = useRef<{ id: string; top: number } | null>(null)
  const placed = useRef(false)
  const [away, setAway] = useState(false)

  const toEnd = useCallback(() => {
    const box = scroller.current
    if (box) box.scrollTop = box.scrollHeight
  }, [scroller])

  const keep = useCallback(() => {
    const box = scroller.current
    if (!box) return
    if (stick.current) return toEnd()
    const held = anchor.current
    const row = held && box.querySelector<HTMLElement>(`[data-row="${CSS.escape(held.id)}"]`)
    if (row && held) box.scrollTop += row.getBoundingClientRect().top - held.top
  }, [scroller, toEnd])

  const look = useCallback(() => {
    const box = scroller.current
    if (!box) return
    const fromEnd = box.scrollHeight - box.scrollTop - box.clientHeight
    stick.current = complete && fromEnd < END_PX
    setAway(fromEnd > 400 || !complete)
    onAtEnd(stick.current)
    anchor.current = firstInView(box)
    if (box.scrollTop < LOAD_PX) load('before')
    if (fromEnd < LOAD_PX) load('after')
  }, [scroller, complete, onAtEnd, load])

  const drawn = useRef<string | null>(null)
  useLayoutEffect(() => {
    const box = scroller.current
    if (!box || drawn.current === version) return
    drawn.current = version
    if (!placed.current && target !== null) {
      const row = box.querySelector<HTMLElement>(`[data-row="${CSS.escape(target)}"]`)
      if (row)
        box.scrollTop +=
          row.getBoundingClientRect().top - box.getBoundingClientRect().top - box.clientHeight / 2 + row.offsetHeight / 2
      placed.current = row !== null
    } else keep()
    look()
  }, [version, keep, look, target, scroller])

  useEffect(() => {
    const inner = content.current
    const box = scroller.current
    if (!inner || !box) return
    const grown = new ResizeObserver(keep)
    grown.observe(inner)
    grown.observe(box)
    return () => grown.disconnect()
  }, [content, scroller, keep])

  return {
    look,
    away,
    toEnd: () => {
      stick.current = true
      toEnd()
    },
  }
}

function firstInView(box: HTMLElement): { id: string; top: number } | null {
  const from = box.getBoundingClientRect().top
  for (const row of box.querySelectorAll<HTMLElement>('[data-row]')) {
    const place = row.getBoundingClientRect()
    if (place.bottom > from + 8) return { id: row.dataset.row ?? '', top: place.top }
  }
  return null
}
