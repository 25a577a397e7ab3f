/** Looking for a number and buying it: nothing is bought before the price was read and agreed to. */
import { Button, NativeSelect, TextInput } from '@mantine/core'
import { useState } from 'react'
import type { OfferedNumber, SearchNumbers } from '../../../../client/index.ts'
import { keys } from '../../app/cache.ts'
import { useConsole } from '../../app/context.ts'
import { reasonOf } from '../../app/reason.ts'
import { Empty } from '../../app/Trouble.tsx'
import { useText } from '../../app/text.tsx'
import { Card, Confirm, Toggle, useChange } from '../parts.tsx'
import css from '../settings.module.css'
import own from './numbers.module.css'
import { priceText } from './price.ts'

const countries = 'US CA GB IE AU NZ ES PT DE AT CH FR IT NL BE SE DK NO FI PL CZ BR MX AR CL CO ZA IL'.split(' ')
const kinds = ['local', 'mobile', 'toll_free'] as const

export function BuyNumber({ onClose }: { onClose: () => void }) {
  const { api, queries } = useConsole()
  const { t, clock } = useText()
  const [form, setForm] = useState({ country: 'US', kind: 'local' as (typeof kinds)[number], areaCode: '', contains: '' })
  const [needs, setNeeds] = useState({ sms: true, voice: true })
  const [chosen, setChosen] = useState<OfferedNumber | null>(null)
  const [papers, setPapers] = useState({ addressSid: '', bundleSid: '' })
  const set = (patch: Partial<typeof form>) => setForm((before) => ({ ...before, ...patch }))
  const search = useChange({ run: (query: SearchNumbers) => api.numbers.search(query), quiet: true })
  const buy = useChange({
    run: (one: OfferedNumber) =>
      api.numbers.provision({
        ...{ number: one.number, country: one.country, kind: one.kind, idempotencyKey: crypto.randomUUID() },
        ...(one.price ? { agreed: one.price } : {}),
        ...(papers.addressSid.trim() ? { addressSid: papers.addressSid.trim() } : {}),
        ...(papers.bundleSid.trim() ? { bundleSid: papers.bundleSid.trim() } : {}),
      }),
    quiet: true,
    after: () => {
      void queries.invalidateQueries({ queryKey: keys.numbers })
      onClose()
    },
  })
  const names = new Intl.DisplayNames([clock.language], { type: 'region' })
  const find = () =>
    search.mutate({
      ...{ country: form.country, kind: form.kind, limit: 20 },
      ...(form.areaCode.trim() ? { areaCode: form.areaCode.trim() } : {}),
      ...(form.contains.trim() ? { contains: form.contains.trim() } : {}),
      ...(needs.sms ? { sms: true } : {}),
      ...(needs.voice ? { voice: true } : {}),
    })
  const price = chosen?.price ? priceText(clock.language, chosen.price.monthlyCents, chosen.price.currency) : null
  return (
    <>
      <Card title={t('numbers.search')} text={t('numbers.search.text')} onSubmit={find} testId="number-search">
        <div className={css.pair}>
          <NativeSelect
            label={t('numbers.country')}
            data={countries.map((value) => ({ value, label: names.of(value) ?? value }))}
            value={form.country}
            onChange={(event) => set({ country: event.currentTarget.value })}
          />
          <NativeSelect
            label={t('numbers.kind')}
            data={kinds.map((value) => ({ value, label: t(`numbers.kind.${value}`) }))}
            value={form.kind}
            onChange={(event) => set({ kind: kinds.find((one) => one === event.currentTarget.value) ?? 'local' })}
          />
          <TextInput
            label={t('numbers.area')}
            description={t('numbers.area.help')}
            dir="ltr"
            inputMode="numeric"
            pattern="[0-9]{2,5}"
            autoComplete="off"
            value={form.areaCode}
            onChange={(event) => set({ areaCode: event.currentTarget.value })}
          />
          <TextInput
            label={t('numbers.contains')}
            description={t('numbers.contains.help')}
            dir="ltr"
            pattern="[0-9*+]{2,16}"
            autoComplete="off"
            value={form.contains}
            onChange={(event) => set({ contains: event.currentTarget.value })}
          />
        </div>
        <Toggle label={t('numbers.needs.sms')} checked={needs.sms} onChange={(sms) => setNeeds({ ...needs, sms })} />
        <Toggle label={t('numbers.needs.voice')} checked={needs.voice} onChange={(voice) => setNeeds({ ...needs, voice })} />
        {search.isError && (
          <p className={css.error} role="alert">
            {reasonOf(search.error, t)}
          </p>
        )}
        <div className={css.formBar}>
          <Button variant="default" onClick={onClose}>
            {t('app.cancel')}
          </Button>
          <Button type="submit" loading={search.isPending}>
            {t('numbers.find')}
          </Button>
        </div>
      </Card>
      {buy.isError && (
        <p className={css.error} role="alert">
          {reasonOf(buy.error, t)}
        </p>
      )}
      <div aria-live="polite">
        {search.data && search.data.items.length === 0 && (
          <Empty title={t('numbers.found.none')} text={t('numbers.found.none.text')} />
        )}
        {search.data && search.data.items.length > 0 && (
          <section className={css.card} aria-label={t('numbers.found')} data-testid="offers">
            <ul className={css.lines}>
              {search.data.items.map((one) => (
                <Offer key={one.number} one={one} busy={buy.isPending} onBuy={() => setChosen(one)} />
              ))}
            </ul>
          </section>
        )}
      </div>
      <details className={own.papers}>
        <summary>{t('numbers.papers')}</summary>
        <p className={css.cardText}>{t('numbers.papers.text')}</p>
        <div className={css.pair}>
          <TextInput
            label={t('numbers.addressSid')}
            dir="ltr"
            placeholder="AD…"
            value={papers.addressSid}
            onChange={(event) => setPapers({ ...papers, addressSid: event.currentTarget.value })}
          />
          <TextInput
            label={t('numbers.bundleSid')}
            dir="ltr"
            placeholder="BU…"
            value={papers.bundleSid}
            onChange={(event) => setPapers({ ...papers, bundleSid: event.currentTarget.value })}
          />
        </div>
      </details>
      <Confirm
        opened={chosen !== null}
        title={t('numbers.buy')}
        text={t(price === null ? 'numbers.confirm.buy.noPrice' : 'numbers.confirm.buy', {
          number: chosen?.number ?? '',
          price: price ?? '',
        })}
        action={t('numbers.buyNow')}
        color="blue"
        onConfirm={() => chosen && buy.mutate(chosen)}
        onClose={() => setChosen(null)}
      />
    </>
  )
}

function Offer({ one, busy, onBuy }: { one: OfferedNumber; busy: boolean; onBuy: () => void }) {
  const { t, clock } = useText()
  const place = [one.locality, one.region].filter(Boolean).join(', ')
  return (
    <li className={own.offer}>
      <div>
        <strong>
          <bdi dir="ltr">{one.number}</bdi>
        </strong>
        <small>
          {[
            place,
            ...one.capabilities.map((each) => t(`numbers.can.${each}`)),
            one.needsAddress ? t('numbers.needsAddress') : null,
          ]
            .filter(Boolean)
            .join(' · ')}
        </small>
      </div>
      <span>
        {one.price
          ? t('numbers.monthly', { price: priceText(clock.language, one.price.monthlyCents, one.price.currency) })
          : t('numbers.noPrice')}
      </span>
      <Button
        size="compact-sm"
        variant="default"
        disabled={busy}
        aria-label={`${t('numbers.buyNow')}: ${one.number}`}
        onClick={onBuy}
      >
        {t('numbers.buyNow')}
      </Button>
    </li>
  )
}
