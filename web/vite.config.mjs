// Builds the page of the collector into dist/web: hashed files that load nothing from elsewhere, under any path prefix.
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vite'

const here = dirname(fileURLToPath(import.meta.url))

export default defineConfig({
  root: here,
  // Relative: the collector says how deep the page lies (src/collector/http/page.ts), so a proxy may put it anywhere.
  base: './',
  publicDir: false,
  logLevel: 'warn',
  resolve: {
    alias: {
      'node:assert/strict': join(here, 'src', 'shims', 'assert.ts'),
      'node:zlib': join(here, 'src', 'shims', 'zlib.ts'),
    },
  },
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  build: {
    outDir: join(here, '..', 'dist', 'web'),
    emptyOutDir: true,
    target: 'es2023',
    // The content security policy allows scripts from files alone.
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
    reportCompressedSize: false,
  },
})
