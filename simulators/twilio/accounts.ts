import type { Account, Json } from './types.ts'
import { newSid, rfc2822, type World } from './world.ts'

export function addAccount(
  world: World,
  given: { sid?: string; authToken?: string; friendlyName?: string; trial?: boolean; ownerSid?: string },
): Account {
  const now = world.clock.now()
  const account: Account = {
    sid: given.sid ?? newSid(world, 'AC'),
    authToken: given.authToken ?? world.random.ids.hex(32),
    friendlyName: given.friendlyName ?? 'Account',
    status: 'active',
    trial: given.trial ?? false,
    verified: new Set(),
    ...(given.ownerSid === undefined ? {} : { ownerSid: given.ownerSid }),
    apiKeys: new Map(),
    createdAt: now,
    updatedAt: now,
  }
  world.accounts.set(account.sid, account)
  return account
}

export function accountOf(world: World, sid: string): Account {
  const account = world.accounts.get(sid)
  if (!account) throw new Error(`There is no account ${sid}.`)
  return account
}

export const accountView = (account: Account): Json => ({
  auth_token: account.authToken,
  date_created: rfc2822(account.createdAt),
  date_updated: rfc2822(account.updatedAt),
  friendly_name: account.friendlyName,
  owner_account_sid: account.ownerSid ?? account.sid,
  sid: account.sid,
  status: account.status,
  subresource_uris: {
    incoming_phone_numbers: `/2010-04-01/Accounts/${account.sid}/IncomingPhoneNumbers.json`,
    messages: `/2010-04-01/Accounts/${account.sid}/Messages.json`,
  },
  type: account.trial ? 'Trial' : 'Full',
  uri: `/2010-04-01/Accounts/${account.sid}.json`,
})
