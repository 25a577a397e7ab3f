/** Writes the pages that are made from the code and from a migrated database. Tests in test/house fail where one is stale. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { rules, ruleVersion } from '../src/calls/decision.ts'
import { errorCodes } from '../src/kernel/errors.ts'
import { settings } from '../src/platform/config.ts'
import { startEmbedded } from '../src/platform/db/embedded.ts'
import { migrate } from '../src/platform/db/migrate.ts'
import { createLogger } from '../src/platform/log.ts'
import { messageBodies, outboundBody } from '../src/ports/message.ts'
import { renderConfiguration } from './docs/configuration.ts'
import { renderErrors } from './docs/errors.ts'
import { renderMessageTypes } from './docs/message-types.ts'
import { renderMissedCalls } from './docs/missed-calls.ts'
import { readSchema, renderSchema, type Schema } from './docs/schema.ts'

const docs = new URL('../docs/', import.meta.url)

async function migratedSchema(): Promise<Schema> {
  const dataDir = await mkdtemp(join(tmpdir(), 'parley-docs-'))
  const embedded = await startEmbedded({ dataDir, log: createLogger({ level: 'WARN' }) })
  try {
    await migrate(embedded.ownerUrl)
    const client = new pg.Client({ connectionString: embedded.ownerUrl })
    await client.connect()
    try {
      return await readSchema(client)
    } finally {
      await client.end()
    }
  } finally {
    await embedded.stop()
    await rm(dataDir, { recursive: true, force: true })
  }
}

const pages = {
  'configuration.md': renderConfiguration(settings),
  'errors.md': renderErrors(errorCodes),
  'message-types.md': renderMessageTypes(messageBodies, outboundBody),
  'missed-calls.md': renderMissedCalls(rules, ruleVersion),
  'generated/schema.md': renderSchema(await migratedSchema()),
}
await mkdir(new URL('generated/', docs), { recursive: true })
for (const [name, text] of Object.entries(pages)) await writeFile(new URL(name, docs), text)
console.log(`Wrote ${Object.keys(pages).join(', ')}.`)
