/** Where a business is and how far it goes: leads are measured from there. */
import { NativeSelect, NumberInput } from '@mantine/core'
import { useText } from '../app/text.tsx'
import css from './settings.module.css'

interface Area {
  radius: number | string
  unit: string
  latitude: number | string
  longitude: number | string
}
interface Props {
  form: Area
  set: (patch: Partial<Area>) => void
  /** One of the coordinates is missing. */
  halfPlace: boolean
}

export function ServiceArea({ form, set, halfPlace }: Props) {
  const { t } = useText()
  return (
    <>
      <div className={css.pair}>
        <NumberInput
          label={t('business.radius')}
          description={t('business.radius.help')}
          min={0}
          max={12_500}
          allowDecimal={false}
          value={form.radius}
          onChange={(radius) => set({ radius })}
        />
        <NativeSelect
          label={t('business.unit')}
          value={form.unit}
          onChange={(event) => set({ unit: event.currentTarget.value })}
          data={(['mi', 'km'] as const).map((value) => ({ value, label: t(`business.unit.${value}`) }))}
        />
      </div>
      <div className={css.pair}>
        {(['latitude', 'longitude'] as const).map((field) => (
          <NumberInput
            key={field}
            label={t(`business.${field}`)}
            description={t('business.place.help', { example: field === 'latitude' ? '40.7128' : '-74.006' })}
            dir="ltr"
            hideControls
            min={field === 'latitude' ? -90 : -180}
            max={field === 'latitude' ? 90 : 180}
            decimalScale={7}
            value={form[field]}
            error={halfPlace && form[field] === '' ? t('business.place.both') : undefined}
            onChange={(value) => set({ [field]: value })}
          />
        ))}
      </div>
    </>
  )
}
