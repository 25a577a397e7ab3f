/** JSON of a caller that is kept as it is, within limits. */
import { z } from 'zod'
import { ParleyError } from '../kernel/errors.ts'
import { isShallow } from '../kernel/json.ts'

const mostBytes = 65_536
const deepest = 32

/** Every request of a person reads the settings of their business, so they stay small however often they are added to. */
const isModest = (value: object): boolean => isShallow(value, deepest) && JSON.stringify(value).length <= mostBytes
const modestWords = 'may take up at most 64 KB, and nest 32 deep'

export function requireModest<T extends object>(value: T): T {
  if (!isModest(value)) throw new ParleyError('invalid_request', `All of it together ${modestWords}.`)
  return value
}

export const freeForm = z.record(z.string().min(1).max(100), z.unknown()).refine(isModest, modestWords)
