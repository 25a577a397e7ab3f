import { expect, test } from 'vitest'
import { createGenesys } from '../../src/answerers/genesys/index.ts'
import { createLogger } from '../../src/platform/log.ts'
import { createOutbound, parseAllowed } from '../../src/platform/outbound.ts'
import { centreConformance } from '../../src/ports/contact-centre.conformance.ts'
import { genesysHarness } from './genesys-centre.ts'

centreConformance('Genesys Cloud', genesysHarness)

test('an address in a private network is called only where whoever runs the server allows it', async () => {
  const harness = await genesysHarness()
  const line = {
    messageId: 'wamid.1',
    customer: { id: '15550107001', idType: 'Phone' as const },
    at: new Date().toISOString(),
    text: 'Hello',
    files: [],
    attributes: {},
  }
  const sent = async (allowed: string) => {
    const outbound = createOutbound(parseAllowed(allowed))
    const genesys = createGenesys({ fetch: outbound.fetch, log: createLogger({ write: () => {} }) })
    const result = await genesys.send(harness.connection, line)
    await outbound.close()
    return result
  }
  expect(await sent('')).toMatchObject({ outcome: 'reconnect', code: 'blocked_address' })
  expect(harness.signIns()).toBe(0)
  expect(await sent('127.0.0.1')).toMatchObject({ outcome: 'accepted' })
  await harness.close()
})
