import { defineConfig } from 'vite'
import solid from 'vite-plugin-solid'

// The server to develop against: `tacho up`, or the example `fake_fleet` of tacho-server.
const backend = process.env['TACHO_HTTP'] ?? 'http://127.0.0.1:8080'

export default defineConfig({
  plugins: [solid()],
  build: { target: 'es2022', modulePreload: { polyfill: false }, chunkSizeWarningLimit: 1200, assetsInlineLimit: 0 },
  server: { port: 5173, proxy: { '/api': backend } },
  preview: { port: 4173, proxy: { '/api': backend } },
})
