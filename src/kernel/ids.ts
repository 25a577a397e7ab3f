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

/** A time-ordered UUID (version 7). Within one process later ids sort later. */
export function newId(): string {
  const bytes = freshBytes()
  const now = Date.now()
  if (now > msecs) {
    msecs = now
    seq = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0) >>> 1
  } else {
    seq = (seq + 1) >>> 0
    if (seq === 0) msecs += 1
  }
  return v7({ random: bytes, msecs, seq })
}

const uuidPattern = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i
export const isUuid = (value: string): boolean => uuidPattern.test(value)
