// A small site of another origin than the server's: a page, and the players as they are installed.

import { createServer } from 'node:http';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const FILES = {
  '/watch.html': [here('watch.html'), 'text/html'],
  '/watch.js': [here('watch.js'), 'text/javascript'],
  '/hls.js': [here('../node_modules/hls.js/dist/hls.min.js'), 'text/javascript'],
  '/shaka.js': [here('../node_modules/shaka-player/dist/shaka-player.compiled.js'), 'text/javascript'],
};

/** Serves the page on a free port, and gives its address. */
export async function startSite(t) {
  const server = createServer(async (request, response) => {
    const [file, type] = FILES[new URL(request.url, 'http://site').pathname] ?? [];
    if (!file) return response.writeHead(404).end();
    response.writeHead(200, { 'content-type': `${type}; charset=utf-8` }).end(await readFile(file));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  return `http://127.0.0.1:${server.address().port}`;
}
