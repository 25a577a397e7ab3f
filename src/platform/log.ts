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

/** One JSON object a line: timestamp, level, service, message and context. An unknown level falls back to DEBUG. */
export function createLogger(options: { level?: string; service?: string; write?: (line: string) => void } = {}): Logger {
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
  return {
    debug: (message, context = {}) => engine.debug(masked(context), message),
    info: (message, context = {}) => engine.info(masked(context), message),
    warn: (message, context = {}) => engine.warn(masked(context), message),
    error: (message, context = {}) => engine.error(masked(context), message),
    critical: (message, context = {}) => engine.critical(masked(context), message),
  }
}
