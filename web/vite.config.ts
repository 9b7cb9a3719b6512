import { defineConfig, type Plugin } from 'vitest/config';

const server = 'http://127.0.0.1:8080';

/** The server names its root in a `base` element of the document; the development server is the root itself. */
const rootInDevelopment: Plugin = {
  name: 'roomcast-base',
  apply: 'serve',
  transformIndexHtml: () => [{ tag: 'base', attrs: { href: '/' }, injectTo: 'head-prepend' }],
};

export default defineConfig({
  // Built files name each other relative to themselves, so that they work below any path prefix.
  base: './',
  plugins: [rootInDevelopment],
  build: {
    outDir: 'dist',
    target: 'es2022',
    // Everything is a file of its own under /assets/, so that a strict Content-Security-Policy holds.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 600,
  },
  server: {
    host: '127.0.0.1',
    proxy: {
      '/ws': { target: server, ws: true },
      '/live': server,
      '/rooms': server,
      '/auth': server,
    },
  },
  test: {
    environment: 'node',
    // Property tests of hundreds of cases take their time on a busy machine; a test that hangs ends all the same.
    testTimeout: 60_000,
    include: ['src/**/*.test.ts'],
  },
});
