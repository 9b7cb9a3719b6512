/**
 * One socket at a time to one URL, replaced on demand, at once or after a backoff.
 * A socket that was given up is detached first: nothing it still says is heard.
 * Knows no signal and no state; what a close code means is decided above.
 */

import { Backoff } from './backoff';
import { CloseCode } from './codes';
import type { Cancel, Environment, Socket, SocketHandlers } from './environment';

export const SUBPROTOCOL = 'roomcast.v1';

export class Link {
  readonly #env: Environment;
  readonly #url: string;
  readonly #handlers: SocketHandlers;
  readonly #backoff: Backoff;
  #socket: Socket | undefined;
  #pending: Cancel | undefined;

  constructor(env: Environment, url: string, handlers: SocketHandlers) {
    this.#env = env;
    this.#url = url;
    this.#handlers = handlers;
    this.#backoff = new Backoff(() => env.random());
  }

  open(): void {
    this.drop();
    const ifCurrent = (act: () => void) => {
      if (this.#socket === socket) act();
    };
    const socket: Socket = this.#env.connect(this.#url, SUBPROTOCOL, {
      opened: () => ifCurrent(() => this.#handlers.opened()),
      message: (text) => ifCurrent(() => this.#handlers.message(text)),
      closed: (code, reason) =>
        ifCurrent(() => {
          this.#socket = undefined;
          this.#handlers.closed(code, reason);
        }),
    });
    this.#socket = socket;
  }

  openLater(): void {
    this.drop();
    this.#pending = this.#env.after(this.#backoff.nextDelay(), () => this.open());
  }

  /** The connection has proved good: the next loss starts with a short delay again. */
  settled(): void {
    this.#backoff.reset();
  }

  send(message: unknown): boolean {
    return this.#socket?.send(JSON.stringify(message)) ?? false;
  }

  drop(): void {
    this.#pending?.();
    this.#pending = undefined;
    const socket = this.#socket;
    this.#socket = undefined;
    socket?.close(CloseCode.NORMAL);
  }
}
