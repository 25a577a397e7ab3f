import { kindOf, readBase64 } from './attachments.js'
import { faultChoices } from './fault-choices.js'
import { bodyOf, element, statusWords, summaryOf, ticksOf } from './render.js'

const at = (id) => document.getElementById(id)
const view = { state: undefined, thread: undefined, stamp: '', quoted: undefined, customer: '', number: '' }

async function call(method, path, body) {
  const response = await fetch(`control/${path}`, {
    method,
    ...(body === undefined ? {} : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
  })
  if (response.status === 204) return undefined
  const answer = await response.json()
  if (!response.ok) throw new Error(answer.error ?? `The simulator answered ${response.status}`)
  return answer
}

function showProblem(error) {
  at('problem').textContent = error ? error.message : ''
  at('problem').hidden = !error
}

/** Runs what a person asked for, shows what went wrong, and draws the result at once. */
async function act(work) {
  try {
    await work()
    showProblem()
    await refresh()
  } catch (error) {
    showProblem(error)
  }
}

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

const clockOf = (ms) => new Date(ms).toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' })

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

function fill(select, options, chosen) {
  const wanted = options.map(({ value, label }) => `${value}|${label}`).join('\n')
  if (select.dataset.options !== wanted) {
    select.dataset.options = wanted
    select.replaceChildren(...options.map(({ value, label }) => element('option', { value }, [label])))
  }
  select.value = chosen
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
  drawFaults()
}

function drawFaults() {
  const wanted = JSON.stringify(view.state.faults)
  if (at('faults').dataset.drawn === wanted) return
  at('faults').dataset.drawn = wanted
  const items = view.state.faults.map((fault) => {
    const words = `${fault.action.kind}${fault.times ? ` ${fault.used}/${fault.times}` : ` used ${fault.used}×`}`
    const remove = element('button', { type: 'button', class: 'small', 'aria-label': `Remove ${fault.action.kind}` }, ['✕'])
    remove.addEventListener('click', () => act(() => call('DELETE', `faults/${fault.id}`)))
    return element('li', {}, [words, remove])
  })
  at('faults').replaceChildren(...items)
}

async function drawDeliveries() {
  const { deliveries, total } = await call('GET', 'deliveries?limit=8')
  at('counts').textContent = `${view.state.accepted} sends accepted, ${total} webhooks, ${view.state.undelivered} not yet taken`
  const words = (d) =>
    `${d.acknowledgedAt ? '✓' : d.gaveUpAt ? '✗' : '…'} ${d.field} · ${d.statuses.join(', ') || 'on its way'}`
  at('deliveries').replaceChildren(...deliveries.reverse().map((delivery) => element('li', {}, [words(delivery)])))
}

async function refresh() {
  view.state = await call('GET', 'state')
  drawState()
  await drawDeliveries()
  if (!view.customer || !view.number) return
  const path = `threads/${encodeURIComponent(view.number)}/${encodeURIComponent(view.customer)}?since=${encodeURIComponent(view.stamp)}`
  const thread = await call('GET', path)
  if (!thread) return
  view.thread = thread
  view.stamp = thread.stamp
  drawThread()
}

function setUpFaults() {
  const buttons = faultChoices.map(([label, action]) => {
    const button = element('button', { type: 'button' }, [label])
    button.addEventListener('click', () => post('faults', { action, ...(at('fault-always').checked ? {} : { times: 1 }) }))
    return button
  })
  at('fault-buttons').append(...buttons)
  at('faults-clear').addEventListener('click', () => act(() => call('DELETE', 'faults')))
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

function setUpComposer() {
  at('composer').addEventListener('submit', (event) => {
    event.preventDefault()
    const text = at('text').value.trim()
    if (text === '') return
    at('text').value = ''
    void sendMessage({ text })
  })
  at('text').addEventListener('keydown', (event) => {
    if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return
    event.preventDefault()
    at('composer').requestSubmit()
  })
  at('quote-cancel').addEventListener('click', () => setQuote(undefined))
  at('attach').addEventListener('click', () => at('file').click())
  at('file').addEventListener('change', () => {
    const [file] = at('file').files
    at('file').value = ''
    if (file) void act(() => attach(file))
  })
  at('locate').addEventListener('click', () =>
    sendMessage({
      type: 'location',
      payload: { latitude: 52.520008, longitude: 13.404954, name: 'Here', address: 'A street, a town' },
    }),
  )
}

const pollMs = 1000

async function poll() {
  try {
    if (!document.hidden) await refresh()
  } catch (error) {
    showProblem(error)
  }
  setTimeout(poll, pollMs)
}

setUpPhone()
setUpComposer()
setUpFaults()
void poll()
