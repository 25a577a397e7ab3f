/** Composes numbers: who sells them, where calls and texts of them are delivered, and whose accounts speak through them. */
import { createTwilioNumbers } from '../channels/twilio/numbers.ts'
import type { NumberDeps } from '../numbers/deps.ts'
import { startNumbers } from '../numbers/worker.ts'
import { changeAccounts, type OnboardingDeps, webhookUrl } from '../onboarding/accounts.ts'
import { dropUnusedApp, removeAccount } from '../onboarding/store.ts'
import { appFor, withNewSecrets } from '../onboarding/twilio.ts'
import type { Worker } from '../platform/worker.ts'

export interface Numbers {
  deps: NumberDeps
  worker: Worker
}

interface Given {
  onboarding: OnboardingDeps
  fetch: typeof fetch
  works: boolean
  pollMs?: number | undefined
  now?: (() => Date) | undefined
}

export function composeNumbers({ onboarding, fetch, works, pollMs, now }: Given): Numbers {
  const { db, log, secrets, changed, wakeDispatch, publicUrl } = onboarding
  const seller = createTwilioNumbers({ fetch, publicUrl })
  const { provider } = seller
  let worker = noWorker
  const deps: NumberDeps = {
    ...{ db, log, secrets, seller, changed, wakeDispatch, now, apiUrl: onboarding.twilio.url },
    wake: () => worker.wake(),
    hooks(slug) {
      const { calls, callStatus } = onboarding.callHooks(provider, slug)
      return { voice: calls, voiceStatus: callStatus, texts: webhookUrl(onboarding, provider, slug) }
    },
    accounts: {
      appFor: (tx, given) => appFor(tx, secrets, given),
      dropApp: dropUnusedApp,
      claim: (tenantId, number, work) => changeAccounts(onboarding, tenantId, [number], work, provider),
      async renew(tx, accountSid, credentials) {
        await withNewSecrets(tx, secrets, { ...credentials, accountSid })
      },
      remove: removeAccount,
    },
  }
  if (works) worker = startNumbers(deps, pollMs === undefined ? {} : { pollMs })
  return {
    deps,
    get worker() {
      return worker
    },
  }
}

const nothing = async (): Promise<void> => {}
const noWorker: Worker = { wake() {}, idle: nothing, stop: nothing }
