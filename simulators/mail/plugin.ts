import { pageRoutes, type SimulatorPlugin } from '../host.ts'
import type { MailCatcher } from './index.ts'

const page = new URL('./page/', import.meta.url)

/** What came, as a page at the root, and as JSON for it. */
export const mailCatcherPlugin: SimulatorPlugin<MailCatcher> = async (app, { simulator }) => {
  pageRoutes(app, page, ['mails.js', 'mails.css'])
  app.get('/control/mails', () => ({ mails: simulator.mails }))
}
