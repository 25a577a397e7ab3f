import { at, call, clockOf, createPage, element, fill, readBase64, setUpComposer, showProblem } from './common.js'
import { faultChoices, moodChoices } from './faults.js'
import { bodyOf, initialOf, nameOf, statusOf } from './render.js'

const view = {
  state: undefined,
  conversation: undefined,
  stamp: '',
  id: '',
  agent: '',
  integration: '',
  replies: [],
  typedAt: 0,
}

const { act, start, drawFaults, setUpFaults, drawDeliveries } = createPage(refresh)
const path = (rest) => `conversations/${encodeURIComponent(view.id)}/${rest}`
const post = (rest, body = {}) => act(() => call('POST', path(rest), body))

/** Waiting ones first, then the newest; what has ended last. */
const inOrder = (a, b) =>
  Number(a.endedAt !== undefined) - Number(b.endedAt !== undefined) ||
  Number(b.waiting > 0) - Number(a.waiting > 0) ||
  b.at - a.at

function conversationItem(conversation) {
  const { id, customer, last, at: time, waiting, endedAt, typing } = conversation
  const button = element(
    'button',
    {
      type: 'button',
      class: endedAt ? 'conversation ended' : 'conversation',
      'data-id': id,
      'aria-current': String(id === view.id),
    },
    [
      element('span', { class: 'avatar', 'aria-hidden': 'true' }, [initialOf(customer)]),
      element('strong', {}, [nameOf(customer)]),
      element('time', {}, [clockOf(time)]),
      element('span', { class: 'last' }, [typing ? 'typing…' : endedAt ? `ended · ${last}` : last]),
      waiting > 0
        ? element('span', { class: 'badge', 'aria-label': `${waiting} not answered` }, [String(waiting)])
        : element('span'),
    ],
  )
  button.addEventListener('click', () => open(id))
  return element('li', {}, [button])
}

// Redrawing replaces the buttons: whoever was on one by keyboard stays on its successor.
function keepingFocus(list, draw) {
  const { activeElement: focused } = document
  const id = list.contains(focused) ? focused.dataset.id : undefined
  draw()
  if (id !== undefined) list.querySelector(`[data-id="${CSS.escape(id)}"]`)?.focus()
}

function drawList() {
  const shown = view.state.conversations.filter(
    ({ integrationId }) => view.integration === '' || integrationId === view.integration,
  )
  if (view.id === '' && shown[0]) view.id = [...shown].sort(inOrder)[0].id
  const list = at('conversations')
  const wanted = JSON.stringify([shown, view.id])
  if (list.dataset.drawn !== wanted) {
    list.dataset.drawn = wanted
    keepingFocus(list, () => list.replaceChildren(...shown.sort(inOrder).map(conversationItem)))
  }
  at('no-conversations').hidden = shown.length > 0
}

function bubble(message) {
  const [words, kind] = statusOf(message)
  const side = message.direction === 'outbound' ? 'bubble mine' : 'bubble'
  return element('li', { class: message.from === 'bot' ? `${side} flow` : side }, [
    ...bodyOf(message),
    element('div', { class: 'meta' }, [
      ...(message.direction === 'outbound' ? [element('span', {}, [message.author])] : []),
      element('time', {}, [clockOf(message.at)]),
      ...(words ? [element('span', { class: kind }, [words])] : []),
    ]),
  ])
}

function drawThread() {
  const { customer, messages, endedAt, agent, typing, participants, attributes } = view.conversation
  const list = at('messages')
  const atEnd = list.scrollHeight - list.scrollTop - list.clientHeight < 80
  list.replaceChildren(...messages.map(bubble))
  if (atEnd) list.scrollTop = list.scrollHeight
  at('avatar').textContent = initialOf(customer)
  at('customer').textContent = nameOf(customer)
  const who = agent ? `with ${agent}` : 'in the queue'
  at('presence').textContent = typing ? 'typing…' : endedAt ? `ended at ${clockOf(endedAt)}` : who
  at('answer').hidden = endedAt !== undefined || agent === nameOfAgent()
  at('answer').textContent = agent ? 'Take over' : 'Answer'
  at('end').hidden = endedAt !== undefined
  at('transfer').hidden = endedAt !== undefined || agent === undefined
  at('composer').hidden = endedAt !== undefined
  drawFacts(customer, attributes)
  at('participants').replaceChildren(
    ...participants.map(({ name, purpose, state, disconnectType }) =>
      element('li', {}, [
        `${name} (${purpose})`,
        element('span', {}, [disconnectType ? `${state}: ${disconnectType}` : state]),
      ]),
    ),
  )
}

function drawFacts({ id, idType }, attributes) {
  const facts = [[idType, id], ...Object.entries(attributes)]
  at('attributes').replaceChildren(...facts.flatMap(([name, value]) => [element('dt', {}, [name]), element('dd', {}, [value])]))
}

const nameOfAgent = () => view.state.agents.find(({ id }) => id === view.agent)?.name

function drawChoices() {
  const { agents, integrations } = view.state
  if (!agents.some(({ id }) => id === view.agent)) view.agent = agents[0]?.id ?? ''
  fill(
    at('agent'),
    agents.map(({ id, name }) => ({ value: id, label: name })),
    view.agent,
  )
  const all = { value: '', label: 'all of them' }
  fill(at('integration'), [all, ...integrations.map(({ id, name }) => ({ value: id, label: name }))], view.integration)
  at('integration-field').hidden = integrations.length < 2
  const others = agents.filter(({ name }) => name !== view.conversation?.agent)
  fill(
    at('transfer'),
    [{ value: '', label: 'Transfer to…' }, ...others.map(({ id, name }) => ({ value: id, label: name }))],
    '',
  )
}

const faultWords = ({ action, match }) => `${action.kind}${match?.operation ? ` · ${match.operation}` : ''}`

async function refresh() {
  view.state = await call('GET', 'state')
  drawList()
  drawChoices()
  drawFaults(view.state.faults, faultWords)
  if (view.state.faults.length === 0) at('mood').value = 'well'
  const total = await drawDeliveries(({ kind }) => kind)
  const { taken, undelivered } = view.state
  at('counts').textContent = `${taken} calls taken, ${total} webhooks, ${undelivered} not yet taken by the relay`
  if (view.id === '') return
  const conversation = await call('GET', `conversations/${encodeURIComponent(view.id)}?since=${encodeURIComponent(view.stamp)}`)
  if (!conversation) return
  view.conversation = conversation
  view.stamp = conversation.stamp
  drawThread()
}

function open(id) {
  Object.assign(view, { id, stamp: '' })
  return act(async () => {})
}

/** Whoever writes has the conversation. */
async function say(body) {
  if (view.conversation?.agent !== nameOfAgent()) await call('POST', path('answer'), { agent: view.agent })
  await call('POST', path('say'), body)
}

function drawReplies() {
  const items = view.replies.map((text, index) => {
    const remove = element('button', { type: 'button', 'aria-label': `Remove ${text}` }, ['✕'])
    remove.addEventListener('click', () => {
      view.replies.splice(index, 1)
      drawReplies()
    })
    return element('li', { class: 'chip' }, [text, remove])
  })
  at('reply-list').replaceChildren(...items)
}

function showReplies(on) {
  at('replies').hidden = !on
  at('add-replies').setAttribute('aria-expanded', String(on))
  if (on) at('reply').focus()
}

function send() {
  const text = at('text').value.trim()
  const quickReplies = view.replies.map((reply) => ({ text: reply }))
  if (text === '' && quickReplies.length === 0) return
  at('text').value = ''
  view.replies = []
  drawReplies()
  showReplies(false)
  void act(() => say({ text, ...(quickReplies.length ? { quickReplies } : {}) }))
}

async function attach(file) {
  const base64 = await readBase64(file)
  await say({ files: [{ base64, mimeType: file.type || 'application/octet-stream', fileName: file.name }] })
}

const typingMs = 5000

/** The customer sees it for five seconds: told again only then. */
function tellTyping() {
  if (view.id === '' || Date.now() - view.typedAt < typingMs) return
  view.typedAt = Date.now()
  void call('POST', path('typing'), { ms: typingMs }).catch(showProblem)
}

function setUpReplies() {
  at('add-replies').addEventListener('click', () => showReplies(at('replies').hidden))
  at('reply').addEventListener('keydown', (event) => {
    if (event.key !== 'Enter' || event.isComposing) return
    event.preventDefault()
    const text = at('reply').value.trim()
    if (text === '' || view.replies.includes(text)) return
    at('reply').value = ''
    view.replies.push(text)
    drawReplies()
  })
}

function setUpBar() {
  at('answer').addEventListener('click', () => post('answer', { agent: view.agent }))
  at('end').addEventListener('click', () => post('disconnect'))
  at('transfer').addEventListener('change', (event) => {
    const agent = event.target.value
    event.target.value = ''
    if (agent) void post('transfer', { agent })
  })
  at('agent').addEventListener('change', (event) => {
    Object.assign(view, { agent: event.target.value, stamp: '' })
    void act(async () => {})
  })
  at('integration').addEventListener('change', (event) => {
    Object.assign(view, { integration: event.target.value, id: '', stamp: '' })
    void act(async () => {})
  })
}

function setUpMood() {
  fill(
    at('mood'),
    moodChoices.map(([value, label]) => ({ value, label })),
    'well',
  )
  at('mood').addEventListener('change', (event) => act(() => call('POST', 'mood', { mood: event.target.value })))
}

setUpComposer(send, (file) => void act(() => attach(file)))
at('text').addEventListener('input', tellTyping)
setUpReplies()
setUpBar()
setUpMood()
setUpFaults(faultChoices)
start()
