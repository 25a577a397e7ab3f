// What the simulators' pages share. Whatever a business or a customer sends is never parsed as HTML.

export const at = (id) => document.getElementById(id)

/** @param {string} tag @param {Record<string, string>} attributes @param {(Node | string)[]} children */
export function element(tag, attributes = {}, children = []) {
  const node = document.createElement(tag)
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value)
  node.append(...children)
  return node
}

export const clockOf = (ms) => new Date(ms).toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' })

/** Asks the control API; undefined where it answers nothing. */
export async function call(method, path, body) {
  const response = await fetch(`control/${path}`, {
    method,
    ...(body === undefined ? {} : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
  })
  if (response.status === 204) return undefined
  const answer = await response.json()
  if (!response.ok) throw new Error(answer.error ?? `The simulator answered ${response.status}`)
  return answer
}

export function showProblem(error) {
  at('problem').textContent = error ? error.message : ''
  at('problem').hidden = !error
}

/** The choices of a select, redrawn only when they changed; what a person is choosing right now stays. */
export function fill(select, options, chosen) {
  const wanted = options.map(({ value, label }) => `${value}|${label}`).join('\n')
  if (select.dataset.options !== wanted) {
    select.dataset.options = wanted
    select.replaceChildren(...options.map(({ value, label }) => element('option', { value }, [label])))
  }
  if (document.activeElement !== select) select.value = chosen
}

/** The bytes of a file as base64, without the data-URL head. */
export function readBase64(file) {
  return new Promise((resolve, reject) => {
    const reader = new FileReader()
    reader.addEventListener('load', () => resolve(String(reader.result).split(',')[1] ?? ''))
    reader.addEventListener('error', () => reject(reader.error))
    reader.readAsDataURL(file)
  })
}

const pollMs = 1000

/** `refresh` draws what is; it runs every second, and after everything a person does. */
export function createPage(refresh) {
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

  async function poll() {
    try {
      if (!document.hidden) await refresh()
    } catch (error) {
      showProblem(error)
    }
    setTimeout(poll, pollMs)
  }

  /** `wordsOf`: what a fault is called in the list of those that are on. */
  function drawFaults(faults, wordsOf) {
    const wanted = JSON.stringify(faults)
    if (at('faults').dataset.drawn === wanted) return
    at('faults').dataset.drawn = wanted
    const items = faults.map((fault) => {
      const words = wordsOf(fault)
      const used = fault.times ? `${fault.used}/${fault.times}` : `${fault.used}×`
      const remove = element('button', { type: 'button', class: 'small', 'aria-label': `Remove ${words}` }, ['✕'])
      remove.addEventListener('click', () => act(() => call('DELETE', `faults/${fault.id}`)))
      return element('li', {}, [`${words} ${used}`, remove])
    })
    at('faults').replaceChildren(...items)
  }

  /** A button for each: label and the action the control API takes; once, or always where a person ticked so. */
  function setUpFaults(choices) {
    const buttons = choices.map(([label, action]) => {
      const button = element('button', { type: 'button' }, [label])
      const times = () => (at('fault-always').checked ? {} : { times: 1 })
      button.addEventListener('click', () => act(() => call('POST', 'faults', { action, ...times() })))
      return button
    })
    at('fault-buttons').append(...buttons)
  }

  /** The newest webhooks; `kindOf`: what one of them carries. Answers how many there were. */
  async function drawDeliveries(kindOf) {
    const { deliveries, total } = await call('GET', 'deliveries?limit=8')
    const words = (d) =>
      `${d.acknowledgedAt ? '✓' : d.gaveUpAt ? '✗' : '…'} ${kindOf(d)} · ${d.statuses.join(', ') || 'on its way'}`
    at('deliveries').replaceChildren(...deliveries.reverse().map((delivery) => element('li', {}, [words(delivery)])))
    return total
  }

  return { act, start: () => void poll(), drawFaults, setUpFaults, drawDeliveries }
}

/** The box for words sends on Enter, not on Shift + Enter and not while a word is being composed; the paper clip takes one file. */
export function setUpComposer(send, attach) {
  at('composer').addEventListener('submit', (event) => {
    event.preventDefault()
    send()
  })
  at('text').addEventListener('keydown', (event) => {
    if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return
    event.preventDefault()
    send()
  })
  at('attach').addEventListener('click', () => at('file').click())
  at('file').addEventListener('change', () => {
    const [file] = at('file').files
    at('file').value = ''
    if (file) attach(file)
  })
}
