// The clients of a conversation: each has a WebSocket, and requests over HTTP one at a time.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import WebSocket from 'ws';

const TIMEOUT = 20_000;

/** Gives things out in the order in which they came in. */
class Inbox {
  #came = [];
  #waiting = [];

  get left() {
    return this.#came;
  }

  put(thing) {
    if (this.#waiting.length > 0) this.#waiting.shift()(thing);
    else this.#came.push(thing);
  }

  take(where) {
    if (this.#came.length > 0) return Promise.resolve(this.#came.shift());
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`nothing came within ${TIMEOUT} ms: ${where}`)), TIMEOUT);
      this.#waiting.push((thing) => { clearTimeout(timer); resolve(thing); });
    });
  }
}

const headersOf = (wanted, get) => wanted.map(([name]) => [name, get(name.toLowerCase())]);

export class Client {
  #t;
  /** The address that it dials and asks. */
  address;
  #socket;
  #inbox = new Inbox();
  #answer;
  /** The message that was sent last. */
  last;

  constructor(t, address) {
    this.#t = t;
    this.address = address;
  }

  /** Messages that came and were not asked for. */
  get unread() {
    return this.#inbox.left;
  }

  /** Sends a message, or begins a request. */
  async say({ json, method, target, headers, body }) {
    if (json) {
      this.last = json;
      return this.#socket.send(JSON.stringify(json));
    }
    if (target === '/ws') return this.#open(headers);
    const isForm = headers.some(([, value]) => value.startsWith('multipart/'));
    const content = body === '' ? {} : { body: isForm ? body.replaceAll('\n', '\r\n') : body };
    this.#answer = fetch(this.address + target, { method, headers, ...content });
    // The code that takes the answer hears of a failure.
    this.#answer.catch(() => {});
    return undefined;
  }

  /** The next message, close or answer; of an answer the headers that are asked for. */
  hear({ status, headers = [] }, where) {
    if (!status) return this.#inbox.take(where);
    assert.ok(this.#answer, `there was no request: ${where}`);
    return this.#taken(headers);
  }

  async #taken(headers) {
    const response = await this.#answer;
    if (response.upgrade) return { status: response.upgrade, headers: headersOf(headers, response.header), body: response.body };
    const body = await response.text();
    return { status: response.status, headers: headersOf(headers, (name) => response.headers.get(name)), body };
  }

  #open(headers) {
    const fields = Object.fromEntries(headers.filter(([name]) => name !== 'Sec-WebSocket-Protocol'));
    const protocols = headers.filter(([name]) => name === 'Sec-WebSocket-Protocol').flatMap(([, value]) => value.split(', '));
    const socket = new WebSocket(`${this.address.replace('http', 'ws')}/ws`, protocols, { headers: fields });
    this.#t.after(() => socket.terminate());
    this.#socket = socket;
    socket.on('message', (data) => this.#inbox.put({ json: JSON.parse(data) }));
    socket.on('close', (close, reason) => { if (close !== 1006) this.#inbox.put({ close, reason: String(reason) }); });
    socket.on('error', () => {});
    this.#answer = new Promise((resolve) => {
      const header = (response) => (name) => response.headers[name];
      socket.once('upgrade', (response) => resolve({ upgrade: 101, header: header(response), body: '' }));
      socket.once('unexpected-response', async (_, response) => {
        const chunks = await response.toArray();
        resolve({ upgrade: response.statusCode, header: header(response), body: String(Buffer.concat(chunks)) });
      });
    });
  }

  /** Ends the connection without a word. */
  async cut() {
    const closed = once(this.#socket, 'close');
    this.#socket.terminate();
    await closed;
  }
}
