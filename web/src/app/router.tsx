/** Addresses. Those of the inbox are in the first bundle, the rest loads when it is opened. */
import { createRootRoute, createRoute, createRouter, lazyRouteComponent, redirect } from '@tanstack/react-router'
import type { TenantStatus } from '../../../client/index.ts'
import { InboxPage } from '../inbox/InboxPage.tsx'
import { readAppointmentsSearch } from '../rules/bookingSteps.ts'
import { readPeriod } from '../rules/funnel.ts'
import { readLeadSearch } from '../rules/leadBoard.ts'
import { Gate } from './Gate.tsx'
import { readMessageSearch } from './messageSearch.ts'
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

const callStates = ['missed', 'completed'] as const
const callsRoute = createRoute({
  getParentRoute: () => root,
  path: '/calls',
  component: lazyRouteComponent(() => persist(() => import('../calls/CallsPage.tsx')), 'CallsPage'),
  validateSearch: (search: Record<string, unknown>): { show?: (typeof callStates)[number] } => {
    const show = callStates.find((one) => one === search.show)
    return show ? { show } : {}
  },
})
const callRoute = createRoute({ getParentRoute: () => callsRoute, path: '$callId' })

const contactsRoute = createRoute({
  getParentRoute: () => root,
  path: '/contacts',
  component: lazyRouteComponent(() => persist(() => import('../contacts/ContactsPage.tsx')), 'ContactsPage'),
  validateSearch: (search: Record<string, unknown>): { q?: string } =>
    typeof search.q === 'string' || typeof search.q === 'number' ? { q: String(search.q) } : {},
})
const contactRoute = createRoute({ getParentRoute: () => contactsRoute, path: '$contactId' })

const leadsRoute = createRoute({
  getParentRoute: () => root,
  path: '/leads',
  component: lazyRouteComponent(() => persist(() => import('../leads/LeadsPage.tsx')), 'LeadsPage'),
  validateSearch: readLeadSearch,
})

const appointmentsRoute = createRoute({
  getParentRoute: () => root,
  path: '/appointments',
  component: lazyRouteComponent(() => persist(() => import('../bookings/AppointmentsPage.tsx')), 'AppointmentsPage'),
  validateSearch: readAppointmentsSearch,
})

const insightsRoute = createRoute({
  getParentRoute: () => root,
  path: '/insights',
  component: lazyRouteComponent(() => persist(() => import('../insights/InsightsPage.tsx')), 'InsightsPage'),
  validateSearch: readPeriod,
})

const searchRoute = createRoute({
  getParentRoute: () => root,
  path: '/search',
  component: lazyRouteComponent(() => persist(() => import('../search/SearchPage.tsx')), 'SearchPage'),
  validateSearch: readMessageSearch,
})

const settingsRoute = createRoute({
  getParentRoute: () => root,
  path: '/settings/{-$section}',
  component: lazyRouteComponent(() => persist(() => import('../settings/SettingsPage.tsx')), 'SettingsPage'),
})

// The gate shows these by itself, whoever is signed in.
const invitationRoute = createRoute({ getParentRoute: () => root, path: '/invitation' })
const resetRoute = createRoute({ getParentRoute: () => root, path: '/reset' })

const readTenantsSearch = (search: Record<string, unknown>): { q?: string; status?: TenantStatus } => ({
  ...(typeof search.q === 'string' || typeof search.q === 'number' ? { q: String(search.q) } : {}),
  ...(search.status === 'active' || search.status === 'suspended' || search.status === 'deleted'
    ? { status: search.status }
    : {}),
})
const tenantsRoute = createRoute({
  getParentRoute: () => root,
  path: '/platform/tenants',
  component: lazyRouteComponent(() => persist(() => import('../platform/TenantsPage.tsx')), 'TenantsPage'),
  validateSearch: readTenantsSearch,
})
const tenantRoute = createRoute({
  getParentRoute: () => root,
  path: '/platform/tenants/$tenantId',
  component: lazyRouteComponent(() => persist(() => import('../platform/TenantPage.tsx')), 'TenantPage'),
})
const platformRoute = (path: '/platform/keys' | '/platform/operators' | '/platform/me') =>
  createRoute({
    getParentRoute: () => root,
    path,
    component: lazyRouteComponent(() => persist(() => import('../platform/PlatformPage.tsx')), 'PlatformPage'),
  })

const tree = root.addChildren([
  invitationRoute,
  resetRoute,
  tenantsRoute,
  tenantRoute,
  platformRoute('/platform/keys'),
  platformRoute('/platform/operators'),
  platformRoute('/platform/me'),
  home,
  inboxRoute.addChildren([conversationRoute]),
  callsRoute.addChildren([callRoute]),
  contactsRoute.addChildren([contactRoute]),
  leadsRoute,
  appointmentsRoute,
  insightsRoute,
  searchRoute,
  settingsRoute,
])

export const createConsoleRouter = () => createRouter({ routeTree: tree, scrollRestoration: false, defaultPendingMinMs: 0 })

declare module '@tanstack/react-router' {
  interface Register {
    router: ReturnType<typeof createConsoleRouter>
  }
}
