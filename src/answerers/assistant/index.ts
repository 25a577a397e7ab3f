/**
 * The assistant that works by rules: it greets, asks what is wrong, where and how soon, and gives the conversation to people
 * with what it found out. No model, no call outside; the same lines always get the same answer.
 */
import { type Database, readTenant } from '../../platform/db/tx.ts'
import type { Answerer } from '../../ports/answerer.ts'
import { decide } from './dialogue.ts'
import { businessFacts } from './store.ts'
import { emergencyIn, tradeOf } from './trades.ts'

export const createAssistant = (deps: { db: Database }): Answerer => ({
  name: 'assistant',
  sender: 'ai',
  async takeTurn({ tenantId, history, unanswered }) {
    const business = await readTenant(deps.db, tenantId, businessFacts)
    return decide([...history, ...unanswered], business)
  },
  async watch(tenantId) {
    const trade = tradeOf((await readTenant(deps.db, tenantId, businessFacts)).tradeType)
    return (text) => {
      const emergency = emergencyIn(text, trade)
      return emergency && { kind: 'emergency', danger: emergency.danger }
    }
  },
})
