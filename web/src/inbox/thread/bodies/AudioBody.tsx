/** A voice message: its shape, where it is, and how fast. The sound is fetched and drawn when it comes into view. */
import { ActionIcon } from '@mantine/core'
import IconPlayerPause from '@tabler/icons-react/dist/esm/icons/IconPlayerPause.mjs'
import IconPlayerPlay from '@tabler/icons-react/dist/esm/icons/IconPlayerPlay.mjs'
import { type PointerEvent, useEffect, useRef, useState } from 'react'
import type { Media, Message } from '../../../../../client/index.ts'
import { useText } from '../../../app/text.tsx'
import { playTime } from '../../../text/time.ts'
import css from './bodies.module.css'
import { fieldsOf } from './fields.ts'
import { MediaState } from './MediaState.tsx'
import { peaksOf } from './peaks.ts'

const BARS = 44
const SPEEDS = [1, 1.5, 2] as const
/** Decoding unpacks a file some twenty times over: longer sounds are played but not drawn. */
const DRAWN_BYTES = 4 * 1024 * 1024

export function AudioBody({ message }: { message: Message }) {
  const media = message.media[0]
  const voice = fieldsOf(message.body).flag('voice')
  const kind = voice ? 'media.voice' : 'media.audio'
  if (!media?.url) return <MediaState media={media} kind={kind} />
  return <Player media={media} url={media.url} label={kind} />
}

function Player({ media, url, label }: { media: Media; url: string; label: 'media.voice' | 'media.audio' }) {
  const { t } = useText()
  const audio = useRef<HTMLAudioElement>(null)
  const [playing, setPlaying] = useState(false)
  const [at, setAt] = useState(0)
  const [length, setLength] = useState(0)
  const [speed, setSpeed] = useState<(typeof SPEEDS)[number]>(1)
  const { box, peaks, seconds } = usePeaks(url, media.byteSize ?? 0)
  const whole = length || seconds
  const share = whole > 0 ? Math.min(1, at / whole) : 0

  const toggle = () => {
    const element = audio.current
    if (!element) return
    element.playbackRate = speed
    if (element.paused) void element.play().catch(() => setPlaying(false))
    else element.pause()
  }
  const faster = () => {
    const next = SPEEDS[(SPEEDS.indexOf(speed) + 1) % SPEEDS.length] ?? 1
    setSpeed(next)
    if (audio.current) audio.current.playbackRate = next
  }
  const seek = (to: number) => {
    if (!audio.current || whole <= 0) return
    audio.current.currentTime = Math.max(0, Math.min(whole, to))
    setAt(audio.current.currentTime)
  }
  const press = (event: PointerEvent<HTMLDivElement>) => {
    const place = event.currentTarget.getBoundingClientRect()
    seek(((event.clientX - place.left) / place.width) * whole)
  }
  return (
    <div className={css.player} ref={box} dir="ltr">
      <audio
        ref={audio}
        src={url}
        preload="none"
        onPlay={() => setPlaying(true)}
        onPause={() => setPlaying(false)}
        onEnded={() => setAt(0)}
        onTimeUpdate={(event) => setAt(event.currentTarget.currentTime)}
        onDurationChange={(event) =>
          setLength(Number.isFinite(event.currentTarget.duration) ? event.currentTarget.duration : 0)
        }
      >
        <track kind="captions" />
      </audio>
      <ActionIcon radius="xl" size={36} aria-label={t(playing ? 'media.pause' : 'media.play')} onClick={toggle}>
        {playing ? <IconPlayerPause size={18} aria-hidden /> : <IconPlayerPlay size={18} aria-hidden />}
      </ActionIcon>
      <div className={css.wave}>
        <div
          className={css.bars}
          role="slider"
          tabIndex={0}
          aria-label={`${t(label)}, ${t('media.position')}`}
          aria-valuemin={0}
          aria-valuemax={Math.round(whole)}
          aria-valuenow={Math.round(at)}
          aria-valuetext={`${playTime(at)} / ${playTime(whole)}`}
          onPointerDown={press}
          onKeyDown={(event) => {
            if (event.key === 'ArrowRight') seek(at + 5)
            else if (event.key === 'ArrowLeft') seek(at - 5)
          }}
        >
          <svg viewBox={`0 0 ${BARS * 4} 28`} preserveAspectRatio="none" aria-hidden>
            {peaks.map((peak, bar) => {
              const height = Math.max(3, peak * 26)
              const key = `bar${bar}`
              return (
                <rect
                  key={key}
                  x={bar * 4 + 1}
                  y={(28 - height) / 2}
                  width={2}
                  height={height}
                  rx={1}
                  data-played={bar / BARS < share || undefined}
                />
              )
            })}
          </svg>
        </div>
        <small>{playTime(playing || at > 0 ? at : whole)}</small>
      </div>
      <button type="button" className={css.speed} aria-label={t('media.speed', { n: speed })} onClick={faster}>
        {speed}×
      </button>
    </div>
  )
}

function usePeaks(url: string, bytes: number) {
  const box = useRef<HTMLDivElement>(null)
  const [drawn, setDrawn] = useState<{ peaks: number[]; seconds: number }>({ peaks: Array(BARS).fill(0), seconds: 0 })
  useEffect(() => {
    const element = box.current
    if (!element || bytes > DRAWN_BYTES) return
    const gone = new AbortController()
    const seen = new IntersectionObserver((entries) => {
      if (!entries.some((one) => one.isIntersecting)) return
      seen.disconnect()
      decode(url, gone.signal).then(setDrawn, () => {})
    })
    seen.observe(element)
    return () => {
      seen.disconnect()
      gone.abort()
    }
  }, [url, bytes])
  return { box, ...drawn }
}

/** A browser that cannot decode the kind of sound shows flat bars. */
async function decode(url: string, signal: AbortSignal) {
  const response = await fetch(url, { signal })
  if (!response.ok) throw new Error(`the sound answered ${response.status}`)
  const sound = await new OfflineAudioContext(1, 1, 16_000).decodeAudioData(await response.arrayBuffer())
  return { peaks: peaksOf(sound.getChannelData(0), BARS), seconds: sound.duration }
}
