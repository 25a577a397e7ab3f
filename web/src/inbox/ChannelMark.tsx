import IconBrandWhatsapp from '@tabler/icons-react/dist/esm/icons/IconBrandWhatsapp.mjs'
import IconDeviceMobileMessage from '@tabler/icons-react/dist/esm/icons/IconDeviceMobileMessage.mjs'
import IconMessageCircle from '@tabler/icons-react/dist/esm/icons/IconMessageCircle.mjs'
import IconPhone from '@tabler/icons-react/dist/esm/icons/IconPhone.mjs'
import IconWorld from '@tabler/icons-react/dist/esm/icons/IconWorld.mjs'

const icons = { whatsapp: IconBrandWhatsapp, sms: IconDeviceMobileMessage, webchat: IconWorld, voice: IconPhone } as const
const names: Record<string, string> = { whatsapp: 'WhatsApp', sms: 'SMS', webchat: 'Web chat', voice: 'Phone' }

/** The name as people know it; a channel that is new here is called as the server calls it. */
export const channelName = (channel: string): string => names[channel] ?? channel

export function ChannelMark({ channel, size = 14 }: { channel: string; size?: number }) {
  const Icon = channel in icons ? icons[channel as keyof typeof icons] : IconMessageCircle
  return <Icon size={size} stroke={1.8} role="img" aria-label={channelName(channel)} />
}
