/** Processor time and simple statistics. Linux only: read from /proc, in ticks of 10 ms. */
import { readdirSync, readFileSync } from 'node:fs'

const tickUs = 10_000

interface Stat {
  pid: number
  parent: number
  us: number
}

function stat(pid: number): Stat | null {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
    return { pid, parent: Number(fields[1]), us: (Number(fields[11]) + Number(fields[12])) * tickUs }
  } catch {
    return null
  }
}

/** Processor time in µs used so far by a process and all below it that still live. */
export function cpuOfTree(root: number): number {
  const all = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((name) => stat(Number(name)))
    .filter((s) => s !== null)
  const children = Map.groupBy(all, (s) => s.parent)
  const total = (pid: number): number => (children.get(pid) ?? []).reduce((sum, child) => sum + child.us + total(child.pid), 0)
  return (all.find((s) => s.pid === root)?.us ?? 0) + total(root)
}

export const residentMb = (pid: number): number => {
  const line = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))
  return Math.round(Number(line?.[1] ?? 0) / 1024)
}

export function quantile(sorted: readonly number[], q: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? Number.NaN
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  return quantile(sorted, 0.5)
}

export const rounded = (value: number, digits = 1): number => Math.round(value * 10 ** digits) / 10 ** digits
