import { expect, test } from 'vitest'
import { connectionOf, whatsAppCloudConfig } from './config.ts'

const account = (graphUrl: string) => ({
  tenantId: 't',
  accountId: 'a',
  externalId: '1',
  config: { graphUrl },
  credentials: { accessToken: 'x' },
})

test.each([
  'https://graph.facebook.com',
  'https://proxy.example/meta/',
  'http://127.0.0.1:4010',
  'http://localhost:4010',
  'http://[::1]:4010',
  'http://simulator:4010',
  'http://10.0.0.5',
  'http://192.168.1.2:80',
])('%s may be the address of the Graph API', (graphUrl) => {
  expect(whatsAppCloudConfig.safeParse({ graphUrl }).success).toBe(true)
})

test.each([
  'http://graph.facebook.com',
  'http://8.8.8.8',
  'http://[2001:db8::1]',
  'ftp://a.example',
  'https://a.example?x=1',
  'https://u:p@a.example',
  '',
])('"%s" may not', (graphUrl) => {
  expect(whatsAppCloudConfig.safeParse({ graphUrl }).success).toBe(false)
})

test('every setting is described for the person who fills it in', () => {
  for (const field of Object.values(whatsAppCloudConfig.shape)) expect(field.description).toMatch(/\w/)
})

test('slashes at the end of the address do not double', () => {
  expect(connectionOf(account('https://proxy.example/meta//')).connection?.base).toBe('https://proxy.example/meta/v25.0')
})
