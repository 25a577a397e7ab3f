/**
 * Walks every route there is: wherever it takes an id, it is given the neighbour's, as everybody of the own business. The
 * answer must be the one for an id that nobody has, and nothing of the neighbour's may have been read or changed.
 */
import type { World } from '../world/world.ts'
import { complete, endsTheWalk, given, ownIds, placeKind } from './kinds.ts'
import { type AskedAs, canary, everybody, fingerprint, makers, type Neighbour, nobodys, settleIn } from './neighbours.ts'
import type { Place, Target } from './places.ts'
import { idPlaces, sample, shapeOf } from './samples.ts'

export interface Walked {
  places: number
  requests: number
  /** Where no request with an own id succeeded, so that the refusals prove nothing. */
  unproven: string[]
  /** What of the neighbour's was changed, by request and table. */
  changed: string[]
  /** Differences between the neighbour's id and nobody's. */
  telling: string[]
}

export const nameOf = (target: Pick<Target, 'method' | 'url'>) => `${target.method} ${target.url}`

/** Routes behind the guard. The simulators, the console, webhooks and health have none. */
export function targets(world: World): Target[] {
  const unlisted: string[] = []
  const found = world.app.routes
    .filter((route) => route.config?.access)
    .flatMap((route) =>
      [route.method].flat().flatMap((method) => {
        if (method === 'HEAD' || method === 'OPTIONS') return []
        const target = { method, url: route.url, route }
        try {
          return [{ ...target, places: placesOf(target) }]
        } catch (error) {
          unlisted.push((error as Error).message)
          return []
        }
      }),
    )
  if (unlisted.length > 0) throw new Error(unlisted.join('\n'))
  return found
}

function placesOf({ method, url, route }: Omit<Target, 'places'>): Place[] {
  const path = [...url.matchAll(/:(\w+)/g)].map(([, name]) => ({ in: 'path' as const, name: name as string }))
  const inSchema = (where: 'query' | 'body', schema: unknown) =>
    schema ? idPlaces(shapeOf(schema)).map((at) => ({ in: where, name: at.name, at })) : []
  const { querystring, body } = (route.schema ?? {}) as { querystring?: unknown; body?: unknown }
  return [...path, ...inSchema('query', querystring), ...inSchema('body', body)].flatMap((place) => {
    const kind = placeKind(method, url, place.name)
    return kind === null ? [] : [{ ...place, kind }]
  })
}

export async function arrange(world: World): Promise<{ own: Neighbour; other: Neighbour }> {
  const own = await settleIn(world, world.business, 'ourselves')
  const other = await settleIn(world, await world.addBusiness(`Other ${canary}`), canary)
  return { own, other }
}

export async function walk(world: World, sides: { own: Neighbour; other: Neighbour }): Promise<Walked> {
  const askers = await everybody(world, sides.own)
  const theirs = makers(world, sides.other)
  const result: Walked = { places: 0, requests: 0, unproven: [], telling: [], changed: [] }
  for (const target of targets(world)) {
    if (target.route.config?.access === 'operator') continue // see refusals
    for (const place of target.places) {
      result.places += 1
      const neighbours = await theirs[place.kind]()
      // What the neighbour itself did just now is on its way into its own index.
      await world.app.search.idle()
      const before = await fingerprint(world.database.owner, sides.other.business.tenantId)
      for (const asker of askers) {
        const values = await ownIds(world, sides.own, target.places)
        const told = await ask(world, target, asker, { ...values, [keyOf(place)]: neighbours }, place)
        const nobody = nobodys(place.kind)
        const control = await ask(world, target, asker, { ...values, [keyOf(place)]: nobody }, place)
        result.requests += 2
        const [a, b] = [plain(told, neighbours), plain(control, nobody)]
        if (a !== b) result.telling.push(`${nameOf(target)} ${keyOf(place)} as ${asker.name}: ${a} / ${b}`)
        if (told.text.includes(canary))
          result.telling.push(`${nameOf(target)} ${keyOf(place)} as ${asker.name} shows the neighbour`)
      }
      const after = await fingerprint(world.database.owner, sides.other.business.tenantId)
      for (const [table, print] of after)
        if (before.get(table) !== print) result.changed.push(`${nameOf(target)} ${keyOf(place)}: ${table}`)
      const why = endsTheWalk(target) ? null : await fails(world, sides.own, target, askers, place)
      if (why) result.unproven.push(`${nameOf(target)} ${keyOf(place)}: ${why}`)
    }
  }
  return result
}

const keyOf = (place: Pick<Place, 'in' | 'name'>) => `${place.in}.${place.name}`
const plain = ({ status, text }: Asked, id: string) =>
  `${status} ${text.replaceAll(id, '<id>').replaceAll(encodeURIComponent(id), '<id>')}`

/** Null where one of those who ask gets through with ids of the own business: only then is a refusal one because of the id. */
async function fails(
  world: World,
  own: Neighbour,
  target: Target,
  askers: readonly AskedAs[],
  focus: Place,
): Promise<string | null> {
  let best: Asked | undefined
  for (const asker of askers) {
    const answer = await ask(world, target, asker, await ownIds(world, own, target.places), focus)
    if (answer.status < 400) return null
    if (asker === askers[0]) best = answer
  }
  return `${best?.status} ${best?.text.slice(0, 200)}`
}

interface Asked {
  status: number
  text: string
}

/** One request, with these ids by place; `focus` is the place that has to be there, also where the schema could do without. */
async function ask(world: World, target: Target, asker: AskedAs, ids: Record<string, string>, focus?: Place): Promise<Asked> {
  const { querystring, body } = (target.route.schema ?? {}) as { querystring?: unknown; body?: unknown }
  const make = (where: 'query' | 'body', schema: unknown): unknown => {
    if (!schema) return undefined
    const place = focus?.in === where ? focus.at : undefined
    return sample(shapeOf(schema), (name, json) => ids[`${where}.${name}`] ?? given(target, name, json), place)
  }
  const url = target.url.replace(/:(\w+)/g, (_, name: string) => encodeURIComponent(ids[`path.${name}`] ?? 'x'))
  const query = new URLSearchParams(
    Object.entries((make('query', querystring) as Record<string, unknown>) ?? {}).map(([name, value]) => [name, String(value)]),
  )
  const json = target.method === 'GET' || target.method === 'DELETE' ? undefined : complete(target, make('body', body), ids)
  const response = await fetch(`${world.url}${url}${query.size > 0 ? `?${query}` : ''}`, {
    method: target.method,
    headers: { ...asker.headers, ...(json === undefined ? {} : { 'content-type': 'application/json' }) },
    ...(json === undefined ? {} : { body: JSON.stringify(json) }),
    redirect: 'manual',
  })
  return { status: response.status, text: await response.text() }
}

/** Everything that can be read without an id, also searched for the neighbour's word: what of it shows the neighbour. */
export async function browse(
  world: World,
  sides: { own: Neighbour; other: Neighbour },
): Promise<{ read: number; shown: string[] }> {
  const shown: string[] = []
  let read = 0
  for (const target of targets(world)) {
    if (target.method !== 'GET' || target.url.includes(':') || target.url.endsWith('/stream')) continue
    for (const asker of await everybody(world, sides.own)) {
      const { querystring } = (target.route.schema ?? {}) as { querystring?: unknown }
      const searchable = querystring && 'q' in (shapeOf(querystring).root.properties ?? {})
      for (const query of searchable ? ['', `?q=${canary}`] : ['']) {
        const response = await fetch(`${world.url}${target.url}${query}`, { headers: asker.headers })
        const text = await response.text()
        if (response.status === 200) read += 1
        if (text.includes(canary)) shown.push(`${nameOf(target)}${query} as ${asker.name}`)
      }
    }
  }
  return { read, shown }
}

/** Routes of those who run the server, asked by everybody of a business: each has to refuse, whatever is sent. */
export async function refusals(world: World, own: Neighbour): Promise<{ asked: number; let: string[] }> {
  const passed: string[] = []
  let asked = 0
  for (const target of targets(world).filter(({ route }) => route.config?.access === 'operator'))
    for (const asker of await everybody(world, own)) {
      asked += 1
      const { status } = await ask(world, target, asker, await ownIds(world, own, target.places))
      if (status !== (asker.name === 'nobody' ? 401 : 403)) passed.push(`${nameOf(target)} as ${asker.name}: ${status}`)
    }
  return { asked, let: passed }
}

/** Routes of a business alone, asked by somebody who runs the server and belongs to none. */
export async function closedToOperators(
  world: World,
  own: Neighbour,
  headers: AskedAs['headers'],
): Promise<{ asked: number; let: string[] }> {
  const passed: string[] = []
  let asked = 0
  for (const target of targets(world)) {
    const { access, platform } = target.route.config ?? {}
    if (platform || access === 'public' || access === 'signed_in') continue
    asked += 1
    const { status } = await ask(world, target, { name: 'operator', headers }, await ownIds(world, own, target.places))
    if (status !== 403) passed.push(`${nameOf(target)}: ${status}`)
  }
  return { asked, let: passed }
}
