import { useLocation } from '@tanstack/react-router'
import { Profile } from '../settings/Profile.tsx'
import { Security } from '../settings/Security.tsx'
import { Operators } from './Operators.tsx'
import { PlatformKeys } from './PlatformKeys.tsx'
import { Shell } from './Shell.tsx'

export function PlatformPage() {
  const path = useLocation({ select: (location) => location.pathname })
  return (
    <Shell>
      {path === '/platform/keys' && <PlatformKeys />}
      {path === '/platform/operators' && <Operators />}
      {path === '/platform/me' && (
        <>
          <Profile />
          <Security />
        </>
      )}
    </Shell>
  )
}
