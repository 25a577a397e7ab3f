import { createTransport } from 'nodemailer'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startHost } from '../host.ts'
import { createMailCatcher } from './index.ts'
import { mailCatcherPlugin } from './plugin.ts'

const catcher = createMailCatcher({ now: () => 1_800_000_000_000 })
let running: Awaited<ReturnType<typeof startHost>>
let smtp: string
beforeAll(async () => {
  smtp = await catcher.listen()
  running = await startHost(mailCatcherPlugin, catcher, {})
})
afterAll(() => running.close())

const send = async (subject: string, text: string, to = 'ann@harbour.example') => {
  const transport = createTransport({ url: smtp })
  await transport.sendMail({ from: 'Parley <parley@harbour.example>', to, subject, text })
  transport.close()
}

test('what is sent is kept with its words, the newest first, and nobody gets it', async () => {
  await send('First', 'Hello')
  await send('Zweitens: Grüße – привет', 'A long line '.repeat(40), 'bob@harbour.example')
  const { mails } = (await (await fetch(`${running.url}/control/mails`)).json()) as { mails: unknown[] }
  expect(mails).toEqual([
    {
      ...{ id: '2', at: 1_800_000_000_000, from: 'parley@harbour.example', to: ['bob@harbour.example'] },
      ...{ subject: 'Zweitens: Grüße – привет', text: expect.stringContaining('A long line A long line') },
    },
    expect.objectContaining({ id: '1', subject: 'First', text: expect.stringMatching(/^Hello\s*$/) }),
  ])
})

test('one that is too large is refused, and the next is taken', async () => {
  await expect(send('Large', 'x'.repeat(2 * 1024 * 1024))).rejects.toThrow(/552|size/i)
  await send('Small', 'y')
  expect(catcher.mails[0]?.subject).toBe('Small')
})

test('the page is there, and takes nothing from elsewhere', async () => {
  const page = await fetch(`${running.url}/`)
  expect(page.headers.get('content-security-policy')).toContain("default-src 'self'")
  expect(await page.text()).toContain('Mails of the demo')
})
