import react from '@vitejs/plugin-react'
import { defineConfig } from 'vite'

// The console is served by the server itself: same origin, no inline script, hashed names that may be cached for ever.
export default defineConfig({
  root: import.meta.dirname,
  plugins: [react()],
  build: {
    outDir: 'dist',
    emptyOutDir: true,
    assetsInlineLimit: 0,
    target: 'es2022',
    modulePreload: { polyfill: false },
    // The console, and the page that stands beside a conversation in an agent desktop.
    rollupOptions: { input: { index: `${import.meta.dirname}/index.html`, widget: `${import.meta.dirname}/widget.html` } },
  },
  server: {
    port: 5173,
    proxy: { '/api': { target: process.env.PARLEY_API ?? 'http://127.0.0.1:3000', changeOrigin: false } },
  },
})
