import { describe, expect, test } from 'vitest'
import { isText, read, trackedFiles } from './tree.ts'

/** Put together here, so that this file does not contain what it looks for. */
const joined = (...parts: string[]) => new RegExp(parts.join(''), 'i')

const files = trackedFiles().filter((path) => isText(path) && path !== 'package-lock.json')
const found = (pattern: RegExp, among: readonly string[]) => among.filter((path) => pattern.test(read(path)))

describe('the product speaks of itself alone', () => {
  const strangers: [what: string, pattern: RegExp, but: string[]][] = [
    ['a folder of the machine it was written on', joined('/work', '/(main|shared|\\.)'), []],
    ['a folder beside the checkout', joined('\\.\\./', 'shared'), ['.ci/run']],
    ['somebody’s home folder', joined('/(home|Users)', '/[a-z]+/[a-z]'), []],
    ['a writing tool', joined('\\b(claude|chat', 'gpt|co', 'pilot|cod', 'ex)\\b'), []],
    ['who or what helped to write it', joined('co-auth', 'ored-by|generated (by|with) (an? )?ai\\b|as an ai\\b'), []],
    ['a conversation about writing it', joined('\\b(the|this|your) (pro', 'mpt|sub', 'agent|trans', 'cript)\\b'), []],
  ]
  test.each(strangers)('no file names %s', (_what, pattern, but) => {
    const wrong = found(pattern, files).filter((path) => !but.includes(path) && path !== 'test/house/words.test.ts')
    expect(wrong).toEqual([])
  })
})

test('nothing calls out past the guard of platform/outbound.ts', () => {
  const calls = /(?<![.\w])fetch\((?!\s*\{)|\?\? fetch\b|node:https?'|node:dns|node:tls|node:net'|from 'undici'/
  const source = files.filter((path) => /^src\/(?!.*\.(test|stand-in|conformance)\.ts).*\.ts$/.test(path))
  const wrong = found(calls, source).filter((path) => !outward.has(path))
  expect(wrong).toEqual([])
})
/** Each with its reason. */
const outward = new Set([
  'src/platform/outbound.ts', // the guard itself
  'src/app/build.ts', // the address it listens on
  'src/app/doctor.ts', // whether the port is free
  'src/platform/db/data-folder-lock.ts', // a server of this machine that holds the folder
])

describe('providers stay at the edge', () => {
  /**
   * Words of a provider's API, each only in its own folder, in its simulator and in the demo that joins the two. The names
   * of our own columns are not among them: `wamid` and `phone_number_id` are columns of the ledger and of the tables that
   * hold what is special to WhatsApp, and stand in SQL and in the types of rows. Migrations are not searched.
   */
  const vocabulary: Record<string, RegExp> = {
    'channels/whatsapp-cloud':
      /graph\.facebook|hub\.(mode|challenge|verify_token)|messaging_product|biz_opaque_callback_data|\bfbtrace_id\b/,
    'channels/whatsapp-web': /@s\.whatsapp\.net|@lid\b|\bbaileys\b/i,
    // Its parameters as it writes them; `accountSid` is a name of our own API.
    'channels/twilio': /DialCallStatus|MessageSid|AccountSid|[xX]-[tT]wilio-[sS]ignature/,
    'answerers/genesys': /mypurecloud|purecloud|\binin-/i,
  }
  const source = files.filter((path) => /^src\/.*\.ts$/.test(path) && !/^src\/app\/demo/.test(path))

  test.each(Object.entries(vocabulary))('the words of %s stand nowhere else', (folder, words) => {
    const wrong = found(words, source).filter((path) => !path.startsWith(`src/${folder}/`))
    expect(wrong).toEqual([])
  })
  test('the signature header that two providers share stands in their folders only', () => {
    const wrong = found(/x-hub-signature/, source).filter(
      (path) => !/^src\/(channels\/whatsapp-cloud|answerers\/genesys)\//.test(path),
    )
    expect(wrong).toEqual([])
  })
  test('a WhatsApp message id is called wamid only where the column of that name is meant', () => {
    const named = /[a-z]Wamid|\bwamid[A-Z(]|\bwamids\b/
    expect(found(named, source).filter((path) => !path.startsWith('src/channels/whatsapp-cloud/'))).toEqual([])
  })
})
