/** Time zones by the names that are stored, the present one among them even where the browser does not list it. */
export function zones(present: string): { value: string; label: string }[] {
  const all = new Set(['UTC', ...Intl.supportedValuesOf('timeZone'), present])
  return [...all].map((value) => ({ value, label: value.replaceAll('_', ' ') }))
}
