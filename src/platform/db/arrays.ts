/**
 * Arrays as PostgreSQL takes them in binary form: a buffer among a query's values is sent as such. Neither side quotes every
 * element as text and looks for the quotes again.
 * https://www.postgresql.org/docs/current/protocol-overview.html#PROTOCOL-FORMAT-CODES
 */
import { writeNewId } from '../../kernel/ids.ts'

export interface Arrays {
  text(values: readonly (string | null)[]): Buffer
  /** Ids as they are written, with dashes. */
  uuid(values: readonly string[]): Buffer
  /** So many new ids, which nobody here has to know. */
  newIds(count: number): Buffer
  int(values: readonly (number | null)[]): Buffer
  bool(values: readonly boolean[]): Buffer
  /** Milliseconds from 1970 on, up to the year 2255. */
  time(values: readonly (number | null)[]): Buffer
}

/** Object ids of the types of elements: https://github.com/postgres/postgres/blob/REL_18_STABLE/src/include/catalog/pg_type.dat */
const oids = { bool: 16, int4: 23, text: 25, timestamptz: 1184, uuid: 2950 }
const headerBytes = 20
const none = 0xffffffff
/** Microseconds from 2000-01-01 on. */
const epochMs = Date.UTC(2000, 0, 1)
const wordSize = 2 ** 32
/** Shorter texts are written here: calling out of JavaScript for each costs more. */
const shortText = 48
const atLeast = 4096

const nibbles = new Uint8Array(128)
for (const [value, digit] of [...'0123456789abcdef'].entries()) {
  nibbles[digit.charCodeAt(0)] = value
  nibbles[digit.toUpperCase().charCodeAt(0)] = value
}
/** Where the bytes of an id begin in its text. */
const idBytes = [0, 2, 4, 6, 9, 11, 14, 16, 19, 21, 24, 26, 28, 30, 32, 34]

/**
 * Arrays for one query, cut from one piece of memory: many small ones would each be an allocation outside the heap.
 * `expectedBytes`: of all together, roughly.
 */
export function createArrays(expectedBytes: number): Arrays {
  let memory = Buffer.allocUnsafeSlow(Math.max(atLeast, expectedBytes))
  let begin = 0
  let at = 0

  /** What is written of the array so far moves along. */
  function reserve(bytes: number): void {
    if (at + bytes <= memory.length) return
    const larger = Buffer.allocUnsafeSlow(Math.max(memory.length, (at - begin + bytes) * 2))
    memory.copy(larger, 0, begin, at)
    at -= begin
    begin = 0
    memory = larger
  }
  function word(value: number): void {
    memory[at] = value >>> 24
    memory[at + 1] = value >>> 16
    memory[at + 2] = value >>> 8
    memory[at + 3] = value
    at += 4
  }
  function open(oid: number, count: number): void {
    begin = at
    reserve(headerBytes)
    word(count === 0 ? 0 : 1)
    // Whether there are nulls: PostgreSQL looks for itself.
    word(0)
    word(oid)
    if (count === 0) return
    word(count)
    word(1)
  }
  const close = (): Buffer => memory.subarray(begin, at)

  function ascii(value: string): boolean {
    for (let n = 0; n < value.length; n++) {
      const code = value.charCodeAt(n)
      if (code > 127) return false
      memory[at + 4 + n] = code
    }
    return true
  }

  /** Elements that all take `size` bytes, which `write` writes; nulls take none. */
  function fixed<T>(oid: number, size: number, values: readonly (T | null)[], write: (value: T) => void): Buffer {
    open(oid, values.length)
    reserve(values.length * (4 + size))
    for (const value of values) {
      word(value === null ? none : size)
      if (value !== null) write(value)
    }
    return close()
  }

  return {
    text(values) {
      open(oids.text, values.length)
      for (const value of values) {
        if (value === null) {
          reserve(4)
          word(none)
          continue
        }
        reserve(4 + value.length * 3)
        const bytes = value.length <= shortText && ascii(value) ? value.length : memory.write(value, at + 4)
        word(bytes)
        at += bytes
      }
      return close()
    },
    uuid: (values) =>
      fixed(oids.uuid, 16, values, (value) => {
        for (const from of idBytes) {
          const [high = 0, low = 0] = [nibbles[value.charCodeAt(from)], nibbles[value.charCodeAt(from + 1)]]
          memory[at++] = (high << 4) | low
        }
      }),
    newIds: (count) =>
      fixed(oids.uuid, 16, new Array<undefined>(count).fill(undefined), () => {
        writeNewId(memory, at)
        at += 16
      }),
    int: (values) =>
      fixed(oids.int4, 4, values, (value) => {
        if ((value | 0) !== value) throw new RangeError(`${value} is no integer of four bytes`)
        word(value)
      }),
    bool: (values) =>
      fixed(oids.bool, 1, values, (value) => {
        memory[at++] = value ? 1 : 0
      }),
    time: (values) =>
      fixed(oids.timestamptz, 8, values, (value) => {
        const micros = (value - epochMs) * 1000
        if (!Number.isSafeInteger(micros)) throw new RangeError(`${value} is no time`)
        const high = Math.floor(micros / wordSize)
        word(high)
        word(micros - high * wordSize)
      }),
  }
}
