import { at, call, element, showProblem } from './common.js'

let drawn = ''

/** Words as they are, addresses of the web as links. */
function wordsOf(text) {
  return text
    .split(/(https?:\/\/[^\s<>"]+)/)
    .map((part, n) => (n % 2 === 1 ? element('a', { href: part, rel: 'noreferrer' }, [part]) : part))
}

const mailOf = ({ from, to, subject, text, at: when }) =>
  element('li', {}, [
    element('article', {}, [
      element('h2', { dir: 'auto' }, [subject || '(no subject)']),
      element('p', { class: 'hint' }, [`${from} → ${to.join(', ')} · ${new Date(when).toLocaleString()}`]),
      element('div', { class: 'words', dir: 'auto' }, wordsOf(text)),
    ]),
  ])

async function refresh() {
  try {
    const { mails } = await call('GET', 'mails')
    showProblem()
    const now = JSON.stringify(mails)
    if (now === drawn) return
    drawn = now
    at('none').hidden = mails.length > 0
    at('list').replaceChildren(...mails.map(mailOf))
  } catch (error) {
    showProblem(error)
  }
}

void refresh()
setInterval(refresh, 1000)
