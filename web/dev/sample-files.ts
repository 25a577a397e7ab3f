/** Files made here, so that the development server has pictures and sounds without shipping any. */

/** A picture of `text` on a coloured field. */
export function picture(text: string, hue: number): Buffer {
  return Buffer.from(
    `<svg xmlns="http://www.w3.org/2000/svg" width="800" height="600"><defs><linearGradient id="g" x2="1" y2="1"><stop stop-color="hsl(${hue} 60% 62%)"/><stop offset="1" stop-color="hsl(${hue + 50} 55% 42%)"/></linearGradient></defs><rect width="800" height="600" fill="url(#g)"/><circle cx="600" cy="180" r="90" fill="#fff" opacity=".35"/><path d="M0 600 260 300l160 170 140-120 240 250z" fill="#000" opacity=".22"/><text x="40" y="80" font-family="sans-serif" font-size="40" fill="#fff">${text}</text></svg>`,
  )
}

/** Speech-like noise as a WAV file: 8 kHz, 8 bit, mono. */
export function voice(seconds: number): Buffer {
  const rate = 8000
  const samples = Buffer.alloc(rate * seconds)
  for (let at = 0; at < samples.length; at += 1) {
    const time = at / rate
    const loud = Math.abs(Math.sin(time * 2.1) * Math.sin(time * 7.3)) * (Math.sin(time * 0.7) > -0.6 ? 1 : 0.1)
    samples[at] = 128 + Math.round(90 * loud * Math.sin(time * 2 * Math.PI * (140 + 40 * Math.sin(time * 3))))
  }
  const head = Buffer.alloc(44)
  head.write('RIFF', 0)
  head.writeUInt32LE(36 + samples.length, 4)
  head.write('WAVEfmt ', 8)
  head.writeUInt32LE(16, 16)
  head.writeUInt16LE(1, 20)
  head.writeUInt16LE(1, 22)
  head.writeUInt32LE(rate, 24)
  head.writeUInt32LE(rate, 28)
  head.writeUInt16LE(1, 32)
  head.writeUInt16LE(8, 34)
  head.write('data', 36)
  head.writeUInt32LE(samples.length, 40)
  return Buffer.concat([head, samples])
}
