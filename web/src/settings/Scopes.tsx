/** What a key may do at most. Nothing chosen means all that its role may. */
import type { CreateApiKey } from '../../../client/index.ts'
import { useText } from '../app/text.tsx'
import { Toggle } from './parts.tsx'
import css from './settings.module.css'

type Scope = NonNullable<CreateApiKey['scopes']>[number]
/** The least role each needs; a key never gets beyond its role. */
const scopes: Record<Scope, 'viewer' | 'agent' | 'admin' | 'owner'> = {
  'conversations.read': 'viewer',
  'conversations.write': 'agent',
  'messages.send': 'agent',
  'contacts.read': 'viewer',
  'contacts.write': 'agent',
  'media.read': 'viewer',
  'media.write': 'agent',
  'accounts.read': 'viewer',
  'accounts.write': 'admin',
  'numbers.manage': 'admin',
  'templates.read': 'viewer',
  'templates.sync': 'agent',
  'members.read': 'viewer',
  'members.manage': 'admin',
  'business.read': 'viewer',
  'business.write': 'admin',
  'business.delete': 'owner',
  'credentials.manage': 'admin',
  'api_keys.manage': 'admin',
  'audit.read': 'owner',
  'reports.read': 'admin',
  'mappings.read': 'agent',
  'mappings.write': 'admin',
  'stream.read': 'viewer',
  'widget.link': 'agent',
  'dead_letters.read': 'admin',
  'dead_letters.write': 'admin',
}
const rank = { viewer: 0, agent: 1, admin: 2, owner: 3 } as const

interface Props {
  role: 'viewer' | 'agent' | 'admin'
  value: Scope[] | undefined
  onChange: (next: Scope[] | undefined) => void
}

export function Scopes({ role, value, onChange }: Props) {
  const { t } = useText()
  const possible = (Object.keys(scopes) as Scope[]).filter((one) => rank[scopes[one]] <= rank[role])
  const flip = (one: Scope, on: boolean) => {
    const rest = (value ?? []).filter((each) => each !== one && possible.includes(each))
    onChange(on ? [...rest, one] : rest)
  }
  return (
    <fieldset className={css.scopes}>
      <legend className="visually-hidden">{t('keys.scopes')}</legend>
      <Toggle
        label={t('keys.scopes.limit')}
        help={t('keys.scopes.help')}
        checked={value !== undefined}
        onChange={(on) => onChange(on ? [] : undefined)}
      />
      {value && (
        <div className={css.scopeGrid}>
          {possible.map((one) => (
            <label key={one} className={css.toggle}>
              <input
                type="checkbox"
                checked={value.includes(one)}
                onChange={(event) => flip(one, event.currentTarget.checked)}
              />
              <code dir="ltr">{one}</code>
            </label>
          ))}
        </div>
      )}
    </fieldset>
  )
}
