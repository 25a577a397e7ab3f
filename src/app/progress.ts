/** How far long work is: one line that moves on a terminal, a line every few seconds elsewhere. On stderr: stdout is for results. */
const width = 28
const everyMs = 2000

export interface Progress {
  show(state: { done: number; total: number }): void
  end(): void
}

export function createProgress(
  label: string,
  out: { isTTY?: boolean; write(text: string): unknown } = process.stderr,
  now: () => number = Date.now,
): Progress {
  const began = now()
  let last = -everyMs
  let shown = ''
  return {
    show({ done, total }) {
      const share = total === 0 ? 1 : Math.min(1, done / total)
      const seconds = (now() - began) / 1000
      const left = share > 0 && share < 1 && seconds > 1 ? `, ${Math.ceil((seconds / share) * (1 - share))} s left` : ''
      const bar = '█'.repeat(Math.round(share * width)).padEnd(width, '░')
      shown = `${label}  ${bar} ${done.toLocaleString('en')} of ${total.toLocaleString('en')}${left}`
      if (out.isTTY) out.write(`\r\u001b[2K${shown}`)
      else if (now() - last >= everyMs) {
        last = now()
        out.write(`${shown}\n`)
      }
    },
    end() {
      if (shown !== '') out.write(out.isTTY ? '\n' : `${shown}\n`)
    },
  }
}
