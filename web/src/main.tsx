import './look/mantine.ts'
import './look/tokens.css'
import { MantineProvider } from '@mantine/core'
import { QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { RouterProvider } from '@tanstack/react-router'
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { createParleyClient, ParleyError } from '../../client/index.ts'
import { BootContext } from './app/boot.ts'
import { keys } from './app/cache.ts'
import { createConsoleRouter } from './app/router.tsx'
import { schemeManager } from './app/scheme.ts'
import { createStore } from './app/store.ts'
import { TextProvider } from './app/text.tsx'
import { Toasts } from './app/toasts.tsx'
import { cssVariables, theme } from './look/theme.ts'

const refusals = createStore(0)
const codeOf = async (response: Response): Promise<string | undefined> => {
  const body = (await response
    .clone()
    .json()
    .catch(() => null)) as { error?: { code?: string } } | null
  return body?.error?.code
}
const api = createParleyClient({
  baseUrl: '',
  fetch: async (input, init) => {
    const response = await fetch(input, init)
    // A wrong password or code is refused with the same status; that one is for its form.
    if (response.status === 401 && (await codeOf(response)) === 'not_signed_in') refusals.set((n) => n + 1)
    // A role that was changed or a business that was suspended meanwhile: the page should show what holds now.
    if (response.status === 403) void queries.invalidateQueries({ queryKey: keys.session })
    return response
  },
})
// What is loaded stays right by the live stream; nothing has to be asked for again because a window was focused.
const queries = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: Number.POSITIVE_INFINITY,
      gcTime: 15 * 60_000,
      refetchOnWindowFocus: false,
      refetchOnReconnect: false,
      retry: (failures, error) => failures < 2 && error instanceof ParleyError && error.temporary,
    },
  },
})
const router = createConsoleRouter()
const boot = { api, queries, refusals }
const root = document.getElementById('root')
if (!root) throw new Error('the page has no root')

createRoot(root).render(
  <StrictMode>
    <MantineProvider
      theme={theme}
      cssVariablesResolver={cssVariables}
      defaultColorScheme="auto"
      colorSchemeManager={schemeManager}
    >
      <QueryClientProvider client={queries}>
        <BootContext value={boot}>
          <TextProvider>
            <RouterProvider router={router} />
            <Toasts />
          </TextProvider>
        </BootContext>
      </QueryClientProvider>
    </MantineProvider>
  </StrictMode>,
)
