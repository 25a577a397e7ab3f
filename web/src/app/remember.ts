/** Small choices kept in this browser. A browser that forbids storage only forgets them. */
export function remembered(name: string): string | null {
  try {
    return localStorage.getItem(`parley.${name}`)
  } catch {
    return null
  }
}

export function remember(name: string, value: string | null): void {
  try {
    if (value === null) localStorage.removeItem(`parley.${name}`)
    else localStorage.setItem(`parley.${name}`, value)
  } catch {
    // Nothing to do: the choice holds until the page is left.
  }
}
