import { accountView, addAccount } from './accounts.ts'
import { page2010, query, type Route } from './requests.ts'
import { RestError } from './rest-error.ts'
import type { Account } from './types.ts'

const statuses = ['active', 'suspended', 'closed'] as const

export const accountRoutes: Route[] = [
  {
    method: 'GET',
    path: '/2010-04-01/Accounts.json',
    handle({ world, request, account }) {
      const mine = [...world.accounts.values()].filter((one) => one === account || one.ownerSid === account.sid)
      const status = query(request, 'Status')
      const name = query(request, 'FriendlyName')
      const wanted = mine.filter(
        (one) => (status === undefined || one.status === status) && (name === undefined || one.friendlyName === name),
      )
      return page2010(request, 'accounts', wanted, accountView)
    },
  },
  {
    method: 'POST',
    path: '/2010-04-01/Accounts.json',
    status: 201,
    handle({ world, account, form }) {
      // A sub-account makes none of its own.
      if (account.ownerSid !== undefined) throw new RestError(20003, undefined, 401)
      const friendlyName = form.get('FriendlyName') ?? `SubAccount Created at ${new Date(world.clock.now()).toISOString()}`
      return accountView(addAccount(world, { friendlyName, ownerSid: account.sid, trial: account.trial }))
    },
  },
  {
    method: 'GET',
    path: '/2010-04-01/Accounts/:account.json',
    handle: ({ account }) => accountView(account),
  },
  {
    method: 'POST',
    path: '/2010-04-01/Accounts/:account.json',
    handle({ world, account, form }) {
      const status = form.get('Status')
      if (status !== null && !statuses.some((one) => one === status)) throw new RestError(20001, `Invalid Status ${status}`)
      if (status !== null) account.status = status as Account['status']
      account.friendlyName = form.get('FriendlyName') ?? account.friendlyName
      account.updatedAt = world.clock.now()
      return accountView(account)
    },
  },
]
