import { pino } from 'pino'

/** What a log line may carry beside the message. Never message text, tokens or whole phone numbers. */
export interface LogContext {
  operation?: string
  tenant_id?: string
  wa_id?: string
  wamid?: string
  mapping_id?: string
  conversation_id?: string
  duration_ms?: number
  error?: string
  [key: string]: unknown
}

export const LogLevel = { DEBUG: 'DEBUG', INFO: 'INFO', WARN: 'WARN', ERROR: 'ERROR', CRITICAL: 'CRITICAL' } as const
export type LogLevel = (typeof LogLevel)[keyof typeof LogLevel]

export interface Logger {
  debug(message: string, context?: LogContext): void
  info(message: string, context?: LogContext): void
  warn(message: string, context?: LogContext): void
  error(message: string, context?: LogContext): void
  critical(message: string, context?: LogContext): void
}

/** Keys whose values are numbers or names of people: only the last two characters are shown. */
const personal = new Set(['wa_id', 'phone', 'to', 'from', 'bsuid', 'email'])
const secret = /token|secret|password|authorization|cookie|credential|api_?key/i

function masked(context: LogContext): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(context).map(([key, value]) => {
      if (secret.test(key)) return [key, '[hidden]']
      if (personal.has(key) && typeof value === 'string') return [key, value.length > 2 ? `…${value.slice(-2)}` : '…']
      return [key, value instanceof Error ? value.message : value]
    }),
  )
}

/** A part that is away is tried twice a second for as long as it takes: the same warning is written once in ten seconds. */
const quietMs = 10_000
function once(now: () => number): (message: string) => number | null {
  const seen = new Map<string, { at: number; repeated: number }>()
  return (message) => {
    const last = seen.get(message)
    if (last && now() - last.at < quietMs) {
      last.repeated += 1
      return null
    }
    if (seen.size > 200) seen.clear()
    seen.set(message, { at: now(), repeated: 0 })
    return last?.repeated ?? 0
  }
}

/** One JSON object a line: timestamp, level, service, message and context. An unknown level falls back to DEBUG. */
export function createLogger(
  options: { level?: string; service?: string; write?: (line: string) => void; now?: () => number } = {},
): Logger {
  const level = Object.hasOwn(LogLevel, options.level?.toUpperCase() ?? '') ? (options.level ?? '').toLowerCase() : 'debug'
  const engine = pino(
    {
      level,
      customLevels: { critical: 60 },
      base: { service: options.service ?? 'parley' },
      messageKey: 'message',
      timestamp: () => `,"timestamp":"${new Date().toISOString()}"`,
      formatters: { level: (label) => ({ level: label.toUpperCase() }) },
    },
    options.write ? { write: options.write } : undefined,
  )
  const quiet = once(options.now ?? Date.now)
  return {
    debug: (message, context = {}) => engine.debug(masked(context), message),
    info: (message, context = {}) => engine.info(masked(context), message),
    warn(message, context = {}) {
      const repeated = quiet(message)
      if (repeated === null) return
      engine.warn(masked(repeated > 0 ? { ...context, repeated } : context), message)
    },
    error: (message, context = {}) => engine.error(masked(context), message),
    critical: (message, context = {}) => engine.critical(masked(context), message),
  }
}
