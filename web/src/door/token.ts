/**
 * The token of a link stands behind its #, which no browser sends to a server. It is taken out of the address, which stays
 * in the history of a shared computer, and kept for this tab alone, so that a reload finds it again.
 */
import { useEffect, useState } from 'react'

const inAddress = () => window.location.hash.slice(1)
const place = () => `parley.link.${window.location.pathname}`

export function useToken(): string {
  const [token, setToken] = useState(() => inAddress() || kept() || '')
  useEffect(() => {
    const take = () => {
      const found = inAddress()
      if (!found) return
      setToken(found)
      keep(found)
      window.history.replaceState(window.history.state, '', window.location.pathname)
    }
    take()
    window.addEventListener('hashchange', take)
    return () => window.removeEventListener('hashchange', take)
  }, [])
  return token
}

function kept(): string | null {
  try {
    return sessionStorage.getItem(place())
  } catch {
    return null
  }
}

function keep(token: string): void {
  try {
    sessionStorage.setItem(place(), token)
  } catch {
    // A browser that forbids storage only asks for the link again after a reload.
  }
}
