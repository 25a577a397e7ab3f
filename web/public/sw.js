// Shows what the server pushes, also while no page of Parley is open; a touch opens the place it is about.
self.addEventListener('install', () => self.skipWaiting())
self.addEventListener('activate', (event) => event.waitUntil(self.clients.claim()))

self.addEventListener('push', (event) => {
  const { title, text, url, tag, urgent } = event.data.json()
  event.waitUntil(
    self.registration.showNotification(title, {
      ...{ body: text, tag, renotify: true, requireInteraction: urgent, icon: '/mark.svg', data: { url } },
    }),
  )
})

self.addEventListener('notificationclick', (event) => {
  event.notification.close()
  const { url } = event.notification.data
  event.waitUntil(
    self.clients.matchAll({ type: 'window', includeUncontrolled: true }).then(async (windows) => {
      const open = windows.find((one) => new URL(one.url).origin === new URL(url).origin)
      if (!open) return await self.clients.openWindow(url)
      await open.focus()
      await open.navigate(url)
    }),
  )
})
