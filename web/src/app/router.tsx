/** Addresses. Those of the inbox are in the first bundle, the rest loads when it is opened. */
import { createRootRoute, createRoute, createRouter, lazyRouteComponent, redirect } from '@tanstack/react-router'
import { InboxPage } from '../inbox/InboxPage.tsx'
import { Gate } from './Gate.tsx'
import { persist } from './part.ts'
import { readInboxSearch } from './search.ts'
import { Crash, NotFound } from './Trouble.tsx'

const root = createRootRoute({ component: Gate, notFoundComponent: NotFound, errorComponent: Crash })

const home = createRoute({
  getParentRoute: () => root,
  path: '/',
  beforeLoad: () => {
    throw redirect({ to: '/inbox', replace: true })
  },
})
export const inboxRoute = createRoute({
  getParentRoute: () => root,
  path: '/inbox',
  component: InboxPage,
  validateSearch: readInboxSearch,
})
const conversationRoute = createRoute({ getParentRoute: () => inboxRoute, path: '$conversationId' })

const contactsRoute = createRoute({
  getParentRoute: () => root,
  path: '/contacts',
  component: lazyRouteComponent(() => persist(() => import('../contacts/ContactsPage.tsx')), 'ContactsPage'),
  validateSearch: (search: Record<string, unknown>): { q?: string } =>
    typeof search.q === 'string' || typeof search.q === 'number' ? { q: String(search.q) } : {},
})
const contactRoute = createRoute({ getParentRoute: () => contactsRoute, path: '$contactId' })

const settingsRoute = createRoute({
  getParentRoute: () => root,
  path: '/settings/{-$section}',
  component: lazyRouteComponent(() => persist(() => import('../settings/SettingsPage.tsx')), 'SettingsPage'),
})

const tree = root.addChildren([
  home,
  inboxRoute.addChildren([conversationRoute]),
  contactsRoute.addChildren([contactRoute]),
  settingsRoute,
])

export const createConsoleRouter = () => createRouter({ routeTree: tree, scrollRestoration: false, defaultPendingMinMs: 0 })

declare module '@tanstack/react-router' {
  interface Register {
    router: ReturnType<typeof createConsoleRouter>
  }
}
