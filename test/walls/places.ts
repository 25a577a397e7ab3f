/** Routes, and where in their requests there is an id. */
import type { World } from '../world/world.ts'
import type { Kind } from './neighbours.ts'
import type { IdPlace } from './samples.ts'

type Route = World['app']['routes'][number]
export interface Place {
  in: 'path' | 'query' | 'body'
  name: string
  kind: Kind
  at?: IdPlace
}
export interface Target {
  method: string
  url: string
  route: Route
  places: Place[]
}
