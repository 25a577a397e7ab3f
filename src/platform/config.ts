/** Everything that can be set from outside. Read once, here; docs/configuration.md is generated from this table. */
import { homedir } from 'node:os'
import { resolve } from 'node:path'
import { z } from 'zod'
import { type Allowed, isAllowList, parseAllowed } from './outbound.ts'

const flag = z.stringbool()
const url = (protocols: string[]) =>
  z
    .url()
    .refine((value) => protocols.some((protocol) => value.startsWith(protocol)), `must start with ${protocols.join(' or ')}`)

export const settings = {
  NODE_ENV: z
    .enum(['development', 'production', 'test'])
    .default('development')
    .describe('In production no simulator and no demo can be started, and a secret key is required.'),
  PARLEY_ROLE: z
    .enum(['all', 'web', 'worker'])
    .default('all')
    .describe(
      'What this process does: web takes HTTP, worker sends and looks after what happens by itself, all does both. `parley start --role` says the same. Several of each share one DATABASE_URL.',
    ),
  PORT: z.coerce
    .number()
    .int()
    .min(0)
    .max(65535)
    .default(3000)
    .describe('TCP port of the API and the console; 0 takes a free one.'),
  HOST: z.string().min(1).default('127.0.0.1').describe('Address to listen on. 0.0.0.0 opens it to the network.'),
  PUBLIC_URL: url(['http://', 'https://'])
    .optional()
    .describe('Address under which browsers and providers reach this server. Default: http://HOST:PORT.'),
  DATABASE_URL: url(['postgres://', 'postgresql://'])
    .optional()
    .describe('A PostgreSQL of version 15 or newer. Without it, PostgreSQL 18 is started in the data folder.'),
  DB_SYNCHRONIZE: flag
    .optional()
    .describe(
      'Refused as true in production. Elsewhere it is taken and changes nothing: the schema is changed by migrations only, at every start.',
    ),
  PARLEY_DATA_DIR: z
    .string()
    .min(1)
    .default('.parley')
    .transform((path) => resolve(path.replace(/^~(?=\/|$)/, homedir())))
    .describe('Folder for the embedded database, files and the generated secret key.'),
  PARLEY_SECRET_KEY: z
    .string()
    .min(32, 'must have at least 32 characters (openssl rand -hex 32 makes one)')
    .optional()
    .describe(
      'Encrypts stored credentials. In production this or PARLEY_SECRET_KEY_FILE is required; elsewhere one is generated in the data folder.',
    ),
  PARLEY_SECRET_KEY_PREVIOUS: z
    .string()
    .min(32, 'must have at least 32 characters')
    .optional()
    .describe('The key before PARLEY_SECRET_KEY: opens what is still sealed under it, until `parley keys rotate` is through.'),
  PARLEY_SECRET_KEY_FILE: z
    .string()
    .min(1)
    .optional()
    .describe(
      'A file with the key instead: one to a line, the first seals, the others open. `parley keys rotate --new` puts a new one in while servers run.',
    ),
  PARLEY_DEMO: flag
    .optional()
    .describe('true or false: whether to make the demo business. Default: only on a new, otherwise unconfigured server.'),
  LOG_LEVEL: z
    .enum(['DEBUG', 'INFO', 'WARN', 'ERROR', 'CRITICAL'])
    .default('INFO')
    .describe('The least serious lines to write.'),
  DATABASE_POOL_SIZE: z.coerce
    .number()
    .int()
    .min(4)
    .max(200)
    .default(16)
    .describe('Connections to PostgreSQL that this process may hold.'),
  REDIS_URL: url(['redis://', 'rediss://'])
    .optional()
    .describe(
      'A Redis of version 6 or newer that several processes share: look-ups, limits of requests, news between them. Without it each keeps its own, and news goes through the database.',
    ),
  REDIS_PREFIX: z
    .string()
    .min(1)
    .max(100)
    .default('parley:')
    .describe('Before every key in Redis; another one for each server that shares it.'),
  RABBITMQ_URL: url(['amqp://', 'amqps://'])
    .optional()
    .describe(
      'A RabbitMQ of version 3.10 or newer: amqp://user:password@host:5672/vhost. Processes with the role web then queue webhooks there, and workers store them. Without it every process stores what it takes.',
    ),
  RABBITMQ_PREFIX: z
    .string()
    .min(1)
    .max(60)
    .default('parley.')
    .describe('Before the name of every queue and exchange; another one for each server that shares a vhost.'),
  RABBITMQ_INTEGRATION: flag
    .default(false)
    .describe('true: the integration queues of docs/queues.md are declared, read and filled. Needs RABBITMQ_URL.'),
  PARLEY_SPOOL_MB: z.coerce
    .number()
    .int()
    .min(1)
    .max(100_000)
    .default(64)
    .describe(
      'Megabytes of webhooks that may wait on the disk while the database is away, for providers that soon give up. Beyond, they are answered 503.',
    ),
  TRUST_PROXY: z
    .union([flag, z.coerce.number().int().min(1).max(10)])
    .default(false)
    .describe('true behind a reverse proxy that adds the address of its caller to X-Forwarded-For; behind several, how many.'),
  PARLEY_OUTBOUND_ALLOW: z
    .string()
    .refine(isAllowList, 'must be addresses, ranges like 10.0.0.0/8 or names of hosts, separated by commas')
    .optional()
    .describe(
      'Private addresses, ranges and names of hosts that this server may call, separated by commas: a provider’s emulator, a proxy. Public addresses always may. Default: none in production, this machine elsewhere.',
    ),
  PARLEY_SIGN_UP: z
    .enum(['closed', 'open'])
    .default('closed')
    .describe('open lets anybody make a business. The first person of a new server always may.'),
  PARLEY_SESSION_DAYS: z.coerce
    .number()
    .int()
    .min(1)
    .max(365)
    .default(14)
    .describe('A session ends this many days after sign-in.'),
  PARLEY_SESSION_IDLE_HOURS: z.coerce
    .number()
    .min(0.1)
    .max(8760)
    .default(168)
    .describe('And after this many hours without a request. An open console is never idle.'),
  SMTP_URL: url(['smtp://', 'smtps://'])
    .optional()
    .describe(
      'Mail server for invitations and forgotten passwords: smtps://user:password@mail.example.com. Default: no mail, links are handed over.',
    ),
  MAIL_FROM: z
    .string()
    .min(3)
    .max(320)
    .optional()
    .describe('Sender of that mail: Parley <parley@example.com>. Needed with SMTP_URL.'),
  WHATSAPP_APP_SECRET: z
    .string()
    .min(8)
    .optional()
    .describe("The platform's own Meta app: its app secret signs what comes to /webhooks/whatsapp."),
  WHATSAPP_APP_SECRET_PREVIOUS: z
    .string()
    .min(8)
    .optional()
    .describe('The app secret before a rotation, accepted as long as it is set.'),
  WHATSAPP_APP_ID: z
    .string()
    .regex(/^\d{5,32}$/, 'has digits only')
    .optional()
    .describe("The platform's own Meta app: its id, for signing businesses up to WhatsApp from the console."),
  WHATSAPP_SIGNUP_CONFIG_ID: z
    .string()
    .regex(/^\d{5,32}$/, 'has digits only')
    .optional()
    .describe("The configuration of that app's Facebook Login for Business by which businesses sign up."),
  WHATSAPP_GRAPH_URL: url(['http://', 'https://'])
    .optional()
    .describe('Where Meta is reached for numbers that are connected from now on. For a proxy or the simulator.'),
  WHATSAPP_VERIFY_TOKEN: z.string().min(8).optional().describe('What Meta has to say in the handshake of /webhooks/whatsapp.'),
  TWILIO_API_URL: url(['http://', 'https://'])
    .optional()
    .describe('Where Twilio is reached for numbers that are connected from now on. For a proxy or the simulator.'),
  GENESYS_CALLS_PER_MINUTE: z.coerce
    .number()
    .int()
    .min(10)
    .max(10_000_000)
    .default(300)
    .describe(
      'Calls a minute that each OAuth client may make at Genesys Cloud, counted by each process: what its organisation is allowed.',
    ),
} as const

const upperCased = new Set(['LOG_LEVEL'])

export type Config = { readonly [K in keyof typeof settings]: z.infer<(typeof settings)[K]> }

/** Every wrong value at once, by name, each with what it should be. */
export class ConfigError extends Error {
  readonly problems: readonly string[]
  constructor(problems: readonly string[]) {
    super(
      `The configuration has ${problems.length === 1 ? 'a mistake' : `${problems.length} mistakes`}:\n${problems.map((p) => `  ${p}`).join('\n')}`,
    )
    this.name = 'ConfigError'
    this.problems = problems
  }
}

/** Which private places this server may call. Outside of production the simulators are on this machine. */
export const mayCall = (config: Config): Allowed =>
  parseAllowed(config.PARLEY_OUTBOUND_ALLOW ?? (config.NODE_ENV === 'production' ? '' : '127.0.0.0/8, ::1, localhost'))

/** An empty variable counts as not set. */
export function readConfig(environment: Record<string, string | undefined>): Config {
  const problems: string[] = []
  const values: Record<string, unknown> = {}
  for (const [name, schema] of Object.entries(settings)) {
    const raw = environment[name]?.trim() || undefined
    const result = schema.safeParse(upperCased.has(name) ? raw?.toUpperCase() : raw)
    if (result.success) values[name] = result.data
    else problems.push(`${name}: ${result.error.issues.map((issue) => issue.message).join('; ')}`)
  }
  for (const name of Object.keys(environment)) {
    if (
      name.startsWith('PARLEY_') &&
      !Object.hasOwn(settings, name) &&
      !name.startsWith('PARLEY_TEST_') &&
      !name.startsWith('PARLEY_RECORDED_')
    ) {
      problems.push(`${name}: there is no such setting`)
    }
  }
  const config = values as unknown as Config
  if (config.NODE_ENV === 'production') {
    if (!config.PARLEY_SECRET_KEY && !config.PARLEY_SECRET_KEY_FILE)
      problems.push('PARLEY_SECRET_KEY: required in production (openssl rand -hex 32 makes one), or PARLEY_SECRET_KEY_FILE')
    if (config.DB_SYNCHRONIZE)
      problems.push(
        'DB_SYNCHRONIZE: must not be true in production. Nothing makes the schema like the code here: migrations change it, and drop nothing. Remove the setting.',
      )
    if (config.PARLEY_DEMO) problems.push('PARLEY_DEMO: the demo cannot be started in production')
  }
  if (config.PARLEY_SECRET_KEY && config.PARLEY_SECRET_KEY_FILE)
    problems.push('PARLEY_SECRET_KEY_FILE: not together with PARLEY_SECRET_KEY; which one counts would be a guess')
  if (config.PARLEY_ROLE !== 'all' && !config.DATABASE_URL)
    problems.push(`PARLEY_ROLE: ${config.PARLEY_ROLE} needs a DATABASE_URL, which processes of the other role share`)
  if (config.RABBITMQ_INTEGRATION && !config.RABBITMQ_URL) problems.push('RABBITMQ_URL: required with RABBITMQ_INTEGRATION')
  if (config.SMTP_URL && !config.MAIL_FROM) problems.push('MAIL_FROM: required with SMTP_URL')
  if (problems.length > 0) throw new ConfigError(problems)
  return config
}
