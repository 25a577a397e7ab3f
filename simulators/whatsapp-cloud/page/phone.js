import { kindOf } from './attachments.js'
import { at, call, clockOf, createPage, element, fill, readBase64, setUpComposer } from './common.js'
import { faultChoices } from './fault-choices.js'
import { bodyOf, statusWords, summaryOf, ticksOf } from './render.js'

const view = { state: undefined, thread: undefined, stamp: '', quoted: undefined, customer: '', number: '' }

const { act, start, drawFaults, setUpFaults, drawDeliveries } = createPage(refresh)
const me = () => view.state?.customers.find((customer) => customer.id === view.customer)
const customerPath = (rest = '') => `customers/${encodeURIComponent(view.customer)}${rest}`
const post = (path, body) => act(() => call('POST', path, body))
const sendMessage = (message) => post(customerPath('/messages'), { to: view.number, ...quoted(), ...message })

function quoted() {
  const id = view.quoted
  setQuote(undefined)
  return id === undefined ? {} : { replyTo: id }
}

function setQuote(message) {
  view.quoted = message?.id
  at('quote').hidden = message === undefined
  at('quote-text').textContent = message ? `Quoting: ${summaryOf(message)}` : ''
  if (message) at('text').focus()
}

const reactions = ['👍', '❤️', '😂']

function actionsOf(message) {
  const quote = element('button', { type: 'button', class: 'small', 'aria-label': `Quote: ${summaryOf(message)}` }, ['↩'])
  quote.addEventListener('click', () => setQuote(message))
  const buttons = reactions.map((emoji) => {
    const on = message.reactions.customer === emoji
    const button = element(
      'button',
      { type: 'button', class: 'small', 'aria-label': `React with ${emoji}`, 'aria-pressed': String(on) },
      [emoji],
    )
    const payload = on ? { message_id: message.id } : { message_id: message.id, emoji }
    button.addEventListener('click', () => sendMessage({ type: 'reaction', payload }))
    return button
  })
  return message.direction === 'in' ? [quote] : [quote, ...buttons]
}

function tapsOf(message) {
  if (!message.taps?.length) return []
  const buttons = message.taps.map((tap) => {
    const words = tap.description ? `${tap.title} — ${tap.description}` : tap.title
    const button = element('button', { type: 'button' }, [words])
    button.addEventListener('click', () => post(customerPath('/taps'), { messageId: message.id, id: tap.id }))
    return button
  })
  return [element('div', { class: 'taps', role: 'group', 'aria-label': 'Answers' }, buttons)]
}

function statusOf(message) {
  if (message.direction !== 'in') {
    return element('span', { class: message.status === 'failed' ? 'failed' : '' }, [statusWords(message)])
  }
  const { sign, words, kind } = ticksOf(message)
  return element('span', { class: `ticks ${kind}`, role: 'img', 'aria-label': words, title: words }, [sign])
}

function bubble(message, byId) {
  const cited = byId.get(message.contextId)
  const given = [message.reactions.customer, message.reactions.business].filter(Boolean)
  const meta = [
    ...actionsOf(message),
    element('time', {}, [(message.edited ? 'edited ' : '') + clockOf(message.at)]),
    statusOf(message),
  ]
  return element('li', { class: message.direction === 'in' ? 'bubble mine' : 'bubble', 'data-id': message.id }, [
    ...(cited ? [element('span', { class: 'cited' }, [summaryOf(cited)])] : []),
    ...bodyOf(message),
    ...tapsOf(message),
    ...(given.length ? [element('span', { class: 'reactions' }, given)] : []),
    element('div', { class: 'meta' }, meta),
  ])
}

// Redrawing replaces the buttons: whoever was on one by keyboard stays on its successor.
function keepingFocus(draw) {
  const { activeElement: focused } = document
  const id = focused?.closest('[data-id]')?.dataset.id
  const index = id === undefined ? -1 : [...focused.closest('[data-id]').querySelectorAll('button')].indexOf(focused)
  draw()
  if (index >= 0)
    document
      .querySelector(`[data-id="${CSS.escape(id)}"]`)
      ?.querySelectorAll('button')
      [index]?.focus()
}

function drawThread() {
  const { messages, typing } = view.thread
  const byId = new Map(messages.map((message) => [message.id, message]))
  const list = at('messages')
  const atEnd = list.scrollHeight - list.scrollTop - list.clientHeight < 80
  keepingFocus(() => list.replaceChildren(...messages.map((message) => bubble(message, byId))))
  if (atEnd) list.scrollTop = list.scrollHeight
  at('presence').textContent = typing ? 'typing…' : ''
}

function drawState() {
  const { customers, numbers } = view.state
  if (!me()) view.customer = customers[0]?.id ?? ''
  if (!numbers.some((number) => number.phoneNumberId === view.number)) view.number = numbers[0]?.phoneNumberId ?? ''
  fill(
    at('customer'),
    customers.map((c) => ({ value: c.id, label: `${c.name} · ${c.username ? `@${c.username}` : `+${c.phone}`}` })),
    view.customer,
  )
  fill(
    at('number'),
    numbers.map((n) => ({ value: n.phoneNumberId, label: `${n.verifiedName} · ${n.displayPhoneNumber}` })),
    view.number,
  )
  const business = numbers.find((number) => number.phoneNumberId === view.number)
  at('business').textContent = business?.verifiedName ?? 'No business yet'
  at('avatar').textContent = business?.verifiedName.slice(0, 1) ?? '?'
  const customer = me()
  at('online').checked = customer?.online ?? false
  at('open-chat').checked = customer?.openChat === view.number && view.number !== ''
  at('receipts').checked = customer?.readReceipts ?? false
  at('blocked').checked = customer?.blocked.includes(view.number) ?? false
  at('hidden').checked = customer?.numberHidden ?? false
  drawFaults(view.state.faults, ({ action }) => action.kind)
}

async function refresh() {
  view.state = await call('GET', 'state')
  drawState()
  const total = await drawDeliveries(({ field }) => field)
  at('counts').textContent = `${view.state.accepted} sends accepted, ${total} webhooks, ${view.state.undelivered} not yet taken`
  if (!view.customer || !view.number) return
  const path = `threads/${encodeURIComponent(view.number)}/${encodeURIComponent(view.customer)}?since=${encodeURIComponent(view.stamp)}`
  const thread = await call('GET', path)
  if (!thread) return
  view.thread = thread
  view.stamp = thread.stamp
  drawThread()
}

async function attach(file) {
  const mimeType = file.type || 'application/octet-stream'
  const type = kindOf(mimeType)
  const media = {
    base64: await readBase64(file),
    mimeType,
    ...(type === 'document' ? { filename: file.name } : {}),
    ...(type === 'audio' ? { voice: true } : {}),
  }
  await sendMessage({ type, media })
}

function switchTo(change) {
  Object.assign(view, change, { stamp: '' })
  setQuote(undefined)
  return act(async () => {})
}

const toggle = (id, work) => at(id).addEventListener('change', (event) => act(() => work(event.target.checked)))

function setUpPhone() {
  at('customer').addEventListener('change', (event) => switchTo({ customer: event.target.value }))
  at('number').addEventListener('change', (event) => switchTo({ number: event.target.value }))
  toggle('online', (online) => call('PATCH', customerPath(), { online }))
  toggle('receipts', (readReceipts) => call('PATCH', customerPath(), { readReceipts }))
  toggle('blocked', (blocked) => call('PATCH', customerPath(), { blocked: { phoneNumberId: view.number, blocked } }))
  toggle('open-chat', (open) => call('POST', customerPath('/open'), { phoneNumberId: open ? view.number : null }))
  toggle('hidden', (hidden) =>
    hidden
      ? call('POST', customerPath('/username'), { username: me().username ?? `user${me().phone.slice(-4)}` })
      : call('POST', customerPath('/share-number'), {}),
  )
  at('add-customer').addEventListener('submit', (event) => {
    event.preventDefault()
    void act(async () => {
      const added = await call('POST', 'customers', {
        phone: at('new-phone').value,
        ...(at('new-name').value ? { name: at('new-name').value } : {}),
      })
      at('new-phone').value = ''
      at('new-name').value = ''
      Object.assign(view, { customer: added.id, stamp: '' })
    })
  })
}

function send() {
  const text = at('text').value.trim()
  if (text === '') return
  at('text').value = ''
  void sendMessage({ text })
}

setUpPhone()
setUpComposer(send, (file) => void act(() => attach(file)))
at('quote-cancel').addEventListener('click', () => setQuote(undefined))
at('locate').addEventListener('click', () =>
  sendMessage({
    type: 'location',
    payload: { latitude: 52.520008, longitude: 13.404954, name: 'Here', address: 'A street, a town' },
  }),
)
setUpFaults(faultChoices)
at('faults-clear').addEventListener('click', () => act(() => call('DELETE', 'faults')))
start()
