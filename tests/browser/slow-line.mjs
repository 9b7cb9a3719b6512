// A TCP proxy between a page and the server whose way to the page, to the server, or both can be slowed down to a rate.

import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { setTimeout as after } from 'node:timers/promises';

/** Starts a line; `down` and `up` are bits per second, as fast as can be unless set. */
export async function startSlowLine(t, server) {
  const { hostname, port } = new URL(server.url);
  const line = { url: '', down: Number.POSITIVE_INFINITY, up: Number.POSITIVE_INFINITY };
  const [toPage, toServer] = [new Bucket(() => line.down), new Bucket(() => line.up)];
  const sockets = new Set();
  const listener = createServer((client) => {
    const upstream = connect({ host: hostname, port: Number(port) });
    for (const socket of [client, upstream]) sockets.add(socket.on('error', () => {}));
    const end = () => [client, upstream].forEach((socket) => socket.destroy());
    pass(client, upstream, toServer).finally(end);
    pass(upstream, client, toPage).finally(end);
  });
  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  t.after(() => {
    listener.close();
    for (const socket of sockets) socket.destroy();
  });
  line.url = `http://127.0.0.1:${listener.address().port}`;
  return line;
}

async function pass(from, to, bucket) {
  try {
    for await (const bytes of from) {
      await bucket.take(bytes.length);
      if (!to.write(bytes)) await once(to, 'drain');
    }
  } catch {
    // One end is gone: so is the other.
  }
}

/** Bandwidth that all connections share in one direction: each piece waits for those before it. */
class Bucket {
  #rate;
  #free = 0;

  constructor(rate) {
    this.#rate = rate;
  }

  async take(bytes) {
    const now = performance.now();
    this.#free = Math.max(now, this.#free) + (bytes * 8000) / this.#rate();
    if (this.#free > now + 1) await after(this.#free - now);
  }
}
