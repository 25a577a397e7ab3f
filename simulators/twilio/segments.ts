// The alphabet of GSM 03.38; what stands in the extension takes two places.
const basic =
  '@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !"#¤%&\'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà'
const extension = '\f^{}\\[~]|€'

/** How many messages of the network a text takes, as the API counts them. */
export function segmentsOf(text: string): number {
  if (text === '') return 1
  const characters = [...text]
  const isBasic = characters.every((c) => basic.includes(c) || extension.includes(c))
  if (!isBasic) return text.length <= 70 ? 1 : Math.ceil(text.length / 67)
  const places = characters.reduce((sum, c) => sum + (extension.includes(c) ? 2 : 1), 0)
  return places <= 160 ? 1 : Math.ceil(places / 153)
}
