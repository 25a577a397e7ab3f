import { randomFillSync } from 'node:crypto'
import { v7 } from 'uuid'

// Asking the system for randomness costs more than all the rest of an id: it is asked once for many.
const bytesOfOne = 16
const random = new Uint8Array(bytesOfOne * 256)
let taken = random.length
let msecs = 0
let seq = 0

function freshBytes(): Uint8Array {
  if (taken === random.length) {
    randomFillSync(random)
    taken = 0
  }
  taken += bytesOfOne
  return random.subarray(taken - bytesOfOne, taken)
}

/** What a time-ordered UUID (version 7) is made of. Within one process later ids sort later. */
function nextOne() {
  const bytes = freshBytes()
  const now = Date.now()
  if (now > msecs) {
    msecs = now
    seq = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0) >>> 1
  } else {
    seq = (seq + 1) >>> 0
    if (seq === 0) msecs += 1
  }
  return { random: bytes, msecs, seq }
}

export const newId = (): string => v7(nextOne())

/** The same as its sixteen bytes, written where they are wanted. */
export function writeNewId(into: Uint8Array, at: number): void {
  v7(nextOne(), into, at)
}

const uuidPattern = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i
export const isUuid = (value: string): boolean => uuidPattern.test(value)
