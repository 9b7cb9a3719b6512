// A TCP proxy between a page and the server, which fails like a network does: it swallows, cuts and refuses.

import { once } from 'node:events';
import { connect, createServer } from 'node:net';

/** Starts a proxy to the server on a port of its own; it passes everything on until it is told otherwise. */
export async function startProxy(t, server) {
  const proxy = new NetworkProxy(new URL(server.url));
  await proxy.accept();
  t.after(() => proxy.refuse());
  return proxy;
}

class NetworkProxy {
  #target;
  #port = 0;
  #listener;
  #dark = false;
  #pairs = new Set();

  constructor({ hostname, port }) {
    this.#target = { host: hostname, port: Number(port) };
  }

  get url() {
    return `http://127.0.0.1:${this.#port}`;
  }

  /** From now on nothing arrives any more in either direction, and nobody is told. */
  darken() {
    this.#dark = true;
    for (const pair of this.#pairs) pair.pause();
  }

  /** The end of the tunnel: bytes sent meanwhile arrive after all, as TCP sends it again. */
  lighten() {
    this.#dark = false;
    for (const pair of this.#pairs) pair.resume();
  }

  /** Cuts all connections; new ones are welcome. */
  cut() {
    for (const pair of this.#pairs) pair.cut();
  }

  /** Cuts all connections and refuses new ones. */
  async refuse() {
    const listener = this.#listener;
    this.#listener = undefined;
    const closed = listener && once(listener, 'close');
    listener?.close();
    this.cut();
    await closed;
  }

  async accept() {
    this.#listener = createServer((client) => this.#accepted(client));
    this.#listener.listen(this.#port, '127.0.0.1');
    await once(this.#listener, 'listening');
    this.#port = this.#listener.address().port;
  }

  #accepted(client) {
    const pair = new Pair(client, this.#target);
    this.#pairs.add(pair);
    client.once('close', () => this.#pairs.delete(pair));
    if (this.#dark) pair.pause();
    else pair.resume();
  }
}

/** A connection of the page and the one to the server that belongs to it, made once there is light. */
class Pair {
  #client;
  #target;
  #upstream;

  constructor(client, target) {
    this.#client = client;
    this.#target = target;
    client.on('error', () => this.cut());
    client.on('close', () => this.cut());
  }

  pause() {
    this.#client.pause();
    this.#upstream?.pause();
  }

  resume() {
    this.#upstream ??= this.#connect();
    this.#client.resume();
    this.#upstream.resume();
  }

  cut() {
    this.#client.destroy();
    this.#upstream?.destroy();
  }

  #connect() {
    const upstream = connect(this.#target);
    upstream.on('error', () => this.cut());
    upstream.on('close', () => this.cut());
    upstream.on('data', (bytes) => this.#client.write(bytes));
    this.#client.on('data', (bytes) => upstream.write(bytes));
    return upstream;
  }
}
