/**
 * A business cannot see another, shown over every route there is: with everything in place, with the keys and predicates
 * alone, and with row-level security alone.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { jobNames } from '../../src/app/build.ts'
import { createPlatformKey } from '../../src/tenancy/operators.ts'
import { createWorld, type World } from '../world/world.ts'
import { runCrossedJobs } from './jobs.ts'
import { asTheyAre, withoutPredicates, withoutRowSecurity } from './modes.ts'
import type { Neighbour } from './neighbours.ts'
import { arrange, browse, closedToOperators, refusals, walk } from './walk.ts'

describe.each([
  ['with every wall', asTheyAre],
  ['with row-level security taken away', withoutRowSecurity],
  ['with the tenant taken out of every query', withoutPredicates],
])('%s', (_name, mode) => {
  let world: World
  let sides: { own: Neighbour; other: Neighbour }
  let restore: () => void
  beforeAll(async () => {
    world = await createWorld()
    sides = await arrange(world)
    restore = await mode(world)
  })
  afterAll(async () => {
    restore()
    await world.close()
  })

  test("another business's ids are answered like ids that nobody has, and nothing of it is read or changed", async () => {
    const { places, requests, telling, unproven, changed } = await walk(world, sides)
    expect(changed).toEqual([])
    expect(telling).toEqual([])
    expect(unproven).toEqual([])
    expect(places).toBeGreaterThan(20)
    expect(requests).toBeGreaterThan(300)
  }, 400_000)
  test('nothing of another business stands in what can be read without an id, or is found by searching', async () => {
    const { read, shown } = await browse(world, sides)
    expect(shown).toEqual([])
    expect(read).toBeGreaterThan(20)
  })
  test('a job of one business that names something of another does nothing to it', async () => {
    const { ran, reached } = await runCrossedJobs(world, sides.own, sides.other)
    expect(reached).toEqual([])
    expect(ran).toEqual([...jobNames])
  })
})

test('with both walls taken away the walk finds what they kept', async () => {
  const world = await createWorld()
  const sides = await arrange(world)
  await withoutRowSecurity(world)
  const restore = await withoutPredicates(world)
  try {
    const { changed, telling } = await walk(world, sides)
    expect(telling.length).toBeGreaterThan(50)
    expect(changed.length).toBeGreaterThan(5)
    expect((await browse(world, sides)).shown.length).toBeGreaterThan(5)
  } finally {
    restore()
    await world.close()
  }
})

describe('those who run the server and those who use it', () => {
  let world: World
  let sides: { own: Neighbour; other: Neighbour }
  beforeAll(async () => {
    world = await createWorld()
    sides = await arrange(world)
  })
  afterAll(() => world.close())

  test('every route either asks who it is, or is one of the few that are open to the world', () => {
    const open = world.app.routes
      .filter((route) => !route.config?.access)
      .flatMap((route) => [route.method].flat().map((method) => `${method} ${route.url}`))
    const known = [
      /^(GET|HEAD) \/health$/,
      /^(GET|HEAD|POST) \/webhooks\/(whatsapp|twilio)(\/:app)?$/, // signed by the provider, over the raw bytes
      /^POST \/webhooks\/genesys\/:slug$/, // the same, by the contact centre
      /^POST \/hooks\/twilio(\/:app)?\/voice(\/[a-z-]+)?$/, // the same, for calls
      /^(GET|HEAD) \/files$/, // by an address that is sealed and soon ends
      /^(GET|HEAD) \/api\/openapi\.json$/,
      /^(GET|HEAD) \/api\/docs(\/.*)?$/,
      /^(GET|HEAD) \/(?!api|tenants|webhooks).*$/, // files of the console, and its page for every address it knows
    ]
    expect(open.filter((route) => !known.some((one) => one.test(route)))).toEqual([])
    expect(open.length).toBeGreaterThan(5)
  })
  test('what only the former may is refused to everybody of a business, in every role', async () => {
    const { asked, let: passed } = await refusals(world, sides.own)
    expect(passed).toEqual([])
    expect(asked).toBeGreaterThan(50)
  })
  test('the former see nothing inside a business', async () => {
    const { key } = await createPlatformKey(world.app.db, { name: 'Scripts', createdBy: 'cli' })
    const { asked, let: passed } = await closedToOperators(world, sides.own, { authorization: `Bearer ${key}` })
    expect(passed).toEqual([])
    expect(asked).toBeGreaterThan(30)
  })
})
