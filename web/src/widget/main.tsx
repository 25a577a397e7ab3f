/** The page beside a conversation in an agent desktop. Stands alone: no session, no router, nothing kept. */
import '../look/mantine.ts'
import '../look/tokens.css'
import { MantineProvider } from '@mantine/core'
import { QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { ParleyError } from '../../../client/index.ts'
import { TextProvider } from '../app/text.tsx'
import { cssVariables, theme } from '../look/theme.ts'
import { createWidgetApi } from './api.ts'
import { WidgetPage } from './WidgetPage.tsx'

const queries = new QueryClient({
  defaultOptions: { queries: { retry: (failures, error) => failures < 2 && error instanceof ParleyError && error.temporary } },
})
const root = document.getElementById('root')
if (!root) throw new Error('the page has no root')

createRoot(root).render(
  <StrictMode>
    <MantineProvider theme={theme} cssVariablesResolver={cssVariables} defaultColorScheme="auto">
      <QueryClientProvider client={queries}>
        <TextProvider>
          <WidgetPage api={createWidgetApi(location)} />
        </TextProvider>
      </QueryClientProvider>
    </MantineProvider>
  </StrictMode>,
)
