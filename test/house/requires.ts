/**
 * For tests of a part that a laptop may lack (Chromium, PostgreSQL 15): there they are skipped with a message; where CI is
 * set the file fails, so that nothing stays untested unnoticed.
 *
 *     test.skipIf(!requirePart('Chromium', executable !== undefined))('…', …)
 */
export function requirePart(
  name: string,
  present: boolean,
  environment: Record<string, string | undefined> = process.env,
  say: (line: string) => void = console.warn,
): boolean {
  if (present) return true
  const ci = environment.CI
  if (ci && ci !== 'false' && ci !== '0') throw new Error(`${name} is not on this machine, and CI needs it.`)
  say(`SKIPPED: ${name} is not on this machine.`)
  return false
}
