/** Waiting for a condition, never for a time: fails with what was awaited and what was there instead. */

/** Milliseconds between two looks. */
const lookEveryMs = 5

/** Resolves with the first value of `look` that is neither undefined, null nor false. */
export async function until<T>(
  what: string,
  look: () => T | undefined | null | false | Promise<T | undefined | null | false>,
  options: { timeoutMs?: number; seen?: () => unknown } = {},
): Promise<T> {
  const deadline = performance.now() + (options.timeoutMs ?? 30_000)
  for (;;) {
    const value = await look()
    if (value !== undefined && value !== null && value !== false) return value
    if (performance.now() > deadline) {
      const seen = options.seen ? ` There was: ${JSON.stringify(await options.seen())}` : ''
      throw new Error(`Waited in vain until ${what}.${seen}`)
    }
    await new Promise((resolve) => setTimeout(resolve, lookEveryMs))
  }
}
