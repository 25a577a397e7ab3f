import { describe, expect, test } from 'vitest'
import { connectionOf, genesysConfig, genesysCredentials } from './config.ts'
import { centre } from './scripted.ts'

test('the region says where everything is', () => {
  const { connection } = connectionOf({ ...centre, config: { region: 'euw2.pure.cloud', apiUrl: '', loginUrl: '' } })
  expect(connection).toMatchObject({ api: 'https://api.euw2.pure.cloud', login: 'https://login.euw2.pure.cloud' })
})
test('a proxy or the simulator takes its place, without doubled slashes', () => {
  const { connection } = connectionOf({
    ...centre,
    config: { apiUrl: 'http://127.0.0.1:4020/api//', loginUrl: 'https://proxy.example/login' },
  })
  expect(connection).toMatchObject({ api: 'http://127.0.0.1:4020/api', login: 'https://proxy.example/login' })
})

describe('nothing is called', () => {
  test.each([
    ['without a region', { config: {} }, 'region'],
    ['with a region that is a whole address', { config: { region: 'https://api.mypurecloud.de' } }, 'region'],
    ['with a region that leads elsewhere', { config: { region: 'evil.example/x?' } }, 'region'],
    ['with an address in the clear', { config: { ...centre.config, apiUrl: 'http://api.example' } }, 'apiUrl'],
    ['without a secret', { credentials: { clientId: 'c' } }, 'clientSecret'],
    ['with a secret that would break a header', { credentials: { clientId: 'c', clientSecret: 'a\nb' } }, 'clientSecret'],
    ['with an id that would end early', { credentials: { clientId: 'a:b', clientSecret: 's' } }, 'clientId'],
    ['with an integration that leaves its path', { integrationId: '../../oauth' }, 'integrationId'],
  ])('%s', (_what, change, field) => {
    const { connection, problem } = connectionOf({ ...centre, ...change })
    expect(connection).toBeUndefined()
    expect(problem).toContain(field)
  })
})

test('every setting is described for the person who fills it in', () => {
  for (const field of [...Object.values(genesysConfig.shape), ...Object.values(genesysCredentials.shape)])
    expect(field.description).toMatch(/\w/)
})
