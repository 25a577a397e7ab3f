import { expect, test } from 'vitest'
import { judgeFile } from './files.ts'

const media = {
  image: { maxBytes: 5_000_000, mimeTypes: ['image/jpeg', 'image/png'] },
  audio: { maxBytes: 16_000_000, mimeTypes: ['audio/ogg; codecs=opus', 'audio/mpeg'] },
  document: { maxBytes: 100_000_000, mimeTypes: ['application/pdf', 'image/*', 'text/plain'] },
}

test('a file goes as its own kind where the channel takes it', () => {
  expect(judgeFile({ type: 'image/png', size: 10 }, media)).toEqual({ kind: 'image' })
  expect(judgeFile({ type: 'audio/ogg;codecs=opus', size: 10 }, media)).toEqual({ kind: 'audio' })
  expect(judgeFile({ type: 'application/pdf', size: 10 }, media)).toEqual({ kind: 'document' })
})
test('a picture that is too large or of another format goes as a document where that is allowed', () => {
  expect(judgeFile({ type: 'image/png', size: 6_000_000 }, media)).toEqual({ kind: 'document' })
  expect(judgeFile({ type: 'image/heic', size: 10 }, media)).toEqual({ kind: 'document' })
})
test('what is too large everywhere is refused with the largest size that would do', () => {
  expect(judgeFile({ type: 'image/png', size: 200_000_000 }, media)).toEqual({ problem: 'too_big', maxBytes: 100_000_000 })
})
test('what the channel does not take is refused before the upload, also without a type', () => {
  expect(judgeFile({ type: 'video/mp4', size: 1 }, media)).toEqual({ problem: 'wrong_kind' })
  expect(judgeFile({ type: '', size: 1 }, media)).toEqual({ problem: 'wrong_kind' })
  expect(judgeFile({ type: '', size: 1 }, { document: { maxBytes: 5, mimeTypes: ['*/*'] } })).toEqual({ kind: 'document' })
})
