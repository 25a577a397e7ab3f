// Runs before the first paint, so that nobody in a dark room sees a white flash. A file, because the policy forbids inline scripts.
;(() => {
  let scheme = 'auto'
  let language = ''
  try {
    scheme = localStorage.getItem('parley.scheme') || 'auto'
    language = localStorage.getItem('parley.language') || ''
  } catch {}
  const dark = scheme === 'dark' || (scheme !== 'light' && matchMedia('(prefers-color-scheme: dark)').matches)
  const root = document.documentElement
  root.setAttribute('data-mantine-color-scheme', dark ? 'dark' : 'light')
  if (language) root.lang = language
  if (language === 'ar') root.dir = 'rtl'
})()
