import { type RefObject, useEffect, useRef } from 'react'

/** On a phone the pages stand side by side and do not all fit: the chosen one is brought into view. */
export function useShownLink(chosen: string): RefObject<HTMLElement | null> {
  const nav = useRef<HTMLElement>(null)
  useEffect(() => {
    if (chosen) nav.current?.querySelector('[aria-current="page"]')?.scrollIntoView({ inline: 'center', block: 'nearest' })
  }, [chosen])
  return nav
}
