/** Whether this very browser shows what its person should know: asked for here, and only here. */
import { Button, Text } from '@mantine/core'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useBoot } from '../app/boot.ts'
import { useText } from '../app/text.tsx'
import css from './settings.module.css'

type State = 'none' | 'insecure' | 'denied' | 'off' | 'on'
const key = ['push-here'] as const

async function look(): Promise<State> {
  if (!window.isSecureContext) return 'insecure'
  if (!('serviceWorker' in navigator) || !('PushManager' in window) || !('Notification' in window)) return 'none'
  if (Notification.permission === 'denied') return 'denied'
  const registration = await navigator.serviceWorker.getRegistration('/')
  return (await registration?.pushManager.getSubscription()) ? 'on' : 'off'
}

export function PushHere() {
  const { api } = useBoot()
  const { t } = useText()
  const queries = useQueryClient()
  const { data: state } = useQuery({ queryKey: key, queryFn: look })
  const again = { onSettled: () => queries.invalidateQueries({ queryKey: key }) }

  const begin = useMutation({
    async mutationFn() {
      if ((await Notification.requestPermission()) !== 'granted') return
      const { publicKey } = await api.me.pushKey()
      const registration = await navigator.serviceWorker.register('/sw.js')
      await navigator.serviceWorker.ready
      const options = { userVisibleOnly: true, applicationServerKey: publicKey }
      const subscription = await registration.pushManager.subscribe(options).catch(async (error: DOMException) => {
        // It was subscribed to another server that had this address before.
        if (error.name !== 'InvalidStateError') throw error
        await (await registration.pushManager.getSubscription())?.unsubscribe()
        return await registration.pushManager.subscribe(options)
      })
      const { endpoint, keys } = subscription.toJSON()
      await api.me.addPush({ endpoint: endpoint ?? '', keys: { p256dh: keys?.p256dh ?? '', auth: keys?.auth ?? '' } })
    },
    ...again,
  })
  const end = useMutation({
    async mutationFn() {
      const registration = await navigator.serviceWorker.getRegistration('/')
      const subscription = await registration?.pushManager.getSubscription()
      if (!subscription) return
      await api.me.endPush(subscription.endpoint)
      await subscription.unsubscribe()
    },
    ...again,
  })

  if (state === 'insecure') return <Hint text={t('push.secure')} />
  if (state === 'none') return <Hint text={t('push.none')} />
  if (state === 'denied') return <Hint text={t('push.denied')} />
  if (state === 'on')
    return (
      <div className={css.formBar}>
        <Text size="sm">{t('push.on')}</Text>
        <Button variant="default" size="xs" loading={end.isPending} onClick={() => end.mutate()}>
          {t('push.end')}
        </Button>
      </div>
    )
  return (
    <div className={css.formBar}>
      <Button variant="default" size="xs" loading={begin.isPending} onClick={() => begin.mutate()}>
        {t('push.here')}
      </Button>
      {begin.isError && <Hint text={t('push.none')} />}
    </div>
  )
}

const Hint = ({ text }: { text: string }) => (
  <Text size="sm" c="dimmed">
    {text}
  </Text>
)
