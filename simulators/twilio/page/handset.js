import { at, call, clockOf, createPage, element, fill, readBase64, setUpComposer } from './common.js'

const view = { state: undefined, phone: '', business: '', drawn: '' }

const { act, start, drawFaults, setUpFaults, drawDeliveries } = createPage(refresh)
const mine = () => view.state?.phones.find((phone) => phone.number === view.phone)
const say = (message) => act(() => call('POST', 'messages', { from: view.phone, to: view.business, ...message }))

const faultChoices = [
  ['Lose the answer', { kind: 'dropAfter' }],
  ['Lose the request', { kind: 'dropBefore' }],
  ['Too many requests', { kind: 'error', code: 20429, status: 429 }],
  ['Server error', { kind: 'error', code: 20500, status: 500 }],
  ['Handset unreachable', { kind: 'fails', code: 30003 }],
  ['Filtered by the carrier', { kind: 'fails', code: 30007 }],
  ['Statuses in the wrong order', { kind: 'reverseStatuses' }],
  ['Webhook twice', { kind: 'duplicateWebhook', copies: 1 }],
  ['Webhook 10 s late', { kind: 'webhookDelay', ms: 10_000 }],
  ['Webhook lost', { kind: 'webhookLost' }],
]

function fileOf({ sid, contentType }) {
  const source = `control/media/${encodeURIComponent(sid)}`
  if (contentType.startsWith('image/')) return element('img', { src: source, alt: 'Image' })
  return element('a', { href: source, target: '_blank', rel: 'noreferrer' }, [`📄 ${contentType}`])
}

function bubble(message) {
  const own = message.direction === 'inbound'
  const words = message.error_code ? `${message.status}, ${message.error_code}` : message.status
  return element('li', { class: own ? 'bubble mine' : 'bubble' }, [
    ...message.media.map(fileOf),
    message.body,
    element('div', { class: 'meta' }, [element('time', {}, [clockOf(message.at)]), element('span', {}, [own ? '' : words])]),
  ])
}

function drawState() {
  const { phones, businesses, faults } = view.state
  if (!mine()) view.phone = phones[0]?.number ?? ''
  if (!businesses.some(({ address }) => address === view.business)) view.business = businesses[0]?.address ?? ''
  fill(
    at('phone'),
    phones.map(({ number, name }) => ({ value: number, label: name === number ? number : `${name} · ${number}` })),
    view.phone,
  )
  fill(
    at('business'),
    businesses.map(({ address, name }) => ({ value: address, label: name })),
    view.business,
  )
  at('with').textContent = businesses.find(({ address }) => address === view.business)?.name ?? 'Nobody yet'
  const phone = mine()
  for (const [id, on] of [
    ['online', phone?.online],
    ['landline', phone?.landline],
    ['whatsapp', phone?.whatsApp],
    ['reads', phone?.reads],
  ])
    at(id).checked = on ?? false
  drawFaults(faults, ({ action }) => action.kind)
}

async function refresh() {
  view.state = await call('GET', 'state')
  drawState()
  const total = await drawDeliveries(({ kind, params }) => [kind, params?.MessageStatus].filter(Boolean).join(' '))
  const alerts = view.state.alerts.map(({ code }) => code)
  at('counts').textContent = `${view.state.sent} sent, ${total} webhooks${alerts.length ? `, alerts ${alerts.join(', ')}` : ''}`
  if (!view.phone || !view.business) return
  await drawCall()
  const path = `threads/${encodeURIComponent(view.phone)}/${encodeURIComponent(view.business)}`
  const { messages } = await call('GET', path)
  const now = JSON.stringify(messages)
  if (now === view.drawn) return
  view.drawn = now
  at('messages').replaceChildren(...messages.map(bubble))
  at('messages').scrollTop = at('messages').scrollHeight
}

/** The last call of this phone: how it stands, and what was heard. */
async function drawCall() {
  const { calls } = await call('GET', 'calls')
  const last = calls.findLast(({ from }) => from === view.phone)
  at('call').textContent = last ? [last.status, ...last.heard.map((words) => `“${words}”`)].join(' · ') : ''
}

async function attach(file) {
  await say({ media: [{ base64: await readBase64(file), contentType: file.type || 'application/octet-stream' }] })
}

function send() {
  const body = at('text').value.trim()
  if (body === '') return
  at('text').value = ''
  void say({ body })
}

/** How long the telephone of the business rings where nobody answers, in milliseconds: shorter than people would let it. */
const rings = 4000

function setUpRing() {
  at('ring').addEventListener('submit', (event) => {
    event.preventDefault()
    const kind = at('answering').value
    const to = view.business.replace(/^whatsapp:/, '')
    const answering = kind === 'busy' ? { kind } : { kind, afterMs: kind === 'nobody' ? rings : rings / 2 }
    void act(() => call('POST', 'calls', { from: view.phone, to, answering }))
  })
}

function setUpPhones() {
  for (const id of ['phone', 'business'])
    at(id).addEventListener('change', (event) => {
      view[id] = event.target.value
      void act(async () => {})
    })
  for (const [id, name] of [
    ['online', 'online'],
    ['landline', 'landline'],
    ['whatsapp', 'whatsApp'],
    ['reads', 'reads'],
  ])
    at(id).addEventListener('change', (event) =>
      act(() => call('POST', 'phones', { number: view.phone, [name]: event.target.checked })),
    )
  at('add-phone').addEventListener('submit', (event) => {
    event.preventDefault()
    const [number, name] = [at('new-number').value.replace(/[^+\d]/g, ''), at('new-name').value]
    void act(async () => {
      await call('POST', 'phones', { number, ...(name ? { name } : {}) })
      view.phone = number
      at('add-phone').reset()
    })
  })
}

setUpPhones()
setUpRing()
setUpComposer(send, (file) => void act(() => attach(file)))
setUpFaults(faultChoices)
at('faults-clear').addEventListener('click', () => act(() => call('DELETE', 'faults')))
start()
