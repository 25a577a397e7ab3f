/** Single keys, as long as nobody is typing. */
import { useEffect, useRef } from 'react'

/** By key as the browser names it: 'j', '?', 'escape', 'mod+k', in lower case (Ctrl or ⌘). */
export type KeyMap = Record<string, (event: KeyboardEvent) => void>

const typing = (target: EventTarget | null) =>
  target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName))

/** An open menu has its own keys: Escape closes it and not what is behind it. */
const inMenu = (target: EventTarget | null) => target instanceof HTMLElement && target.closest('[role="menu"]') !== null

const modalOpen = () => document.querySelector('[role="dialog"][aria-modal="true"]') !== null

export function useKeys(map: KeyMap): void {
  const latest = useRef(map)
  latest.current = map
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      if (event.defaultPrevented || event.isComposing || event.altKey) return
      const mod = event.ctrlKey || event.metaKey
      const key = mod ? `mod+${event.key.toLowerCase()}` : event.key.toLowerCase()
      const act = latest.current[key]
      if (!act || (!mod && (typing(event.target) || inMenu(event.target) || modalOpen()))) return
      event.preventDefault()
      act(event)
    }
    window.addEventListener('keydown', press)
    return () => window.removeEventListener('keydown', press)
  }, [])
}
