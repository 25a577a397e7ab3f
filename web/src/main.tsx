import './look/mantine.ts'
import './look/tokens.css'
import { MantineProvider } from '@mantine/core'
import { QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { RouterProvider } from '@tanstack/react-router'
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { createParleyClient, ParleyError } from '../../client/index.ts'
import { BootContext } from './app/boot.ts'
import { createConsoleRouter } from './app/router.tsx'
import { schemeManager } from './app/scheme.ts'
import { TextProvider } from './app/text.tsx'
import { Toasts } from './app/toasts.tsx'
import { cssVariables, theme } from './look/theme.ts'

const api = createParleyClient({ baseUrl: '' })
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
        <BootContext value={{ api, queries }}>
          <TextProvider>
            <RouterProvider router={router} />
            <Toasts />
          </TextProvider>
        </BootContext>
      </QueryClientProvider>
    </MantineProvider>
  </StrictMode>,
)
