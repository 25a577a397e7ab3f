/** What a line of a list says, changed in its place: kept when it is left; what has to be there comes back where nothing is written. */
import { TextInput } from '@mantine/core'
import { useState } from 'react'

interface WrittenProps {
  label: string
  of: string
  value: string
  maxLength: number
  required?: boolean
  onKeep: (next: string) => void
}

export function Written({ label, of, value, maxLength, required = false, onKeep }: WrittenProps) {
  const [typed, setTyped] = useState(value)
  return (
    <TextInput
      size="xs"
      dir="auto"
      aria-label={`${label}: ${of}`}
      placeholder={label}
      maxLength={maxLength}
      value={typed}
      onChange={(event) => setTyped(event.currentTarget.value)}
      onKeyDown={(event) => event.key === 'Enter' && event.currentTarget.blur()}
      onBlur={() => {
        const next = typed.trim()
        if (required && !next) setTyped(value)
        else if (next !== value) onKeep(next)
      }}
    />
  )
}
