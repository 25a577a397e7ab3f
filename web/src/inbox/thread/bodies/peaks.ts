/** The shape of a sound in a few bars, each 0 to 1, the loudest 1. */
export function peaksOf(samples: Float32Array, bars: number): number[] {
  const step = Math.max(1, Math.floor(samples.length / bars))
  const peaks = Array.from({ length: bars }, (_, bar) => {
    let loudest = 0
    // Every 16th sample is enough for a bar two pixels wide.
    for (let at = bar * step; at < Math.min((bar + 1) * step, samples.length); at += 16) {
      loudest = Math.max(loudest, Math.abs(samples[at] ?? 0))
    }
    return loudest
  })
  const top = Math.max(...peaks)
  return top > 0 ? peaks.map((one) => one / top) : peaks
}
