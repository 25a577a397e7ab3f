import { expect, test } from 'vitest'
import { safeFileName, trueMimeType } from './attachments.ts'

const png = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
)

test('the bytes say what a file is, whatever its sender claims', async () => {
  expect(await trueMimeType(png, 'text/html')).toBe('image/png')
  expect(await trueMimeType(Buffer.from('%PDF-1.7\n'), 'image/png')).toBe('application/pdf')
})

test('what can carry a script is never taken at its word', async () => {
  for (const claim of [
    'text/html',
    'image/svg+xml',
    'application/xhtml+xml',
    'text/javascript',
    'application/xml',
    undefined,
  ]) {
    expect(
      await trueMimeType(Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>'), claim),
      String(claim),
    ).not.toMatch(/html|svg|javascript|xhtml/)
  }
})

test('plain text and voice notes keep their type', async () => {
  expect(await trueMimeType(Buffer.from('a,b\n1,2\n'), 'text/csv; charset=utf-8')).toBe('text/csv')
  expect(await trueMimeType(Buffer.from('hello'), 'text/plain')).toBe('text/plain')
  expect(await trueMimeType(Buffer.from([1, 2, 3, 4]), 'audio/ogg; codecs=opus')).toBe('audio/ogg')
})

test('a file name has no path, no control and no direction characters, and is never empty', () => {
  expect(safeFileName('../../etc/passwd')).toBe('passwd')
  expect(safeFileName('C:\\Users\\x\\bill.pdf')).toBe('bill.pdf')
  expect(safeFileName('photo\u202egpj.exe\r\nX: y')).toBe('photogpj.exeX: y')
  expect(safeFileName(`${'x'.repeat(500)}.pdf`)).toHaveLength(200)
  expect(safeFileName('\u0000')).toBe('file')
  expect(safeFileName('')).toBe('file')
})
