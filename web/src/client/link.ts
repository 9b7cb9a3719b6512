/**
 * One socket at a time to one URL, replaced on demand, at once or after a backoff, each with a token that is asked for
 * just before, and with the next one before that one ends. A socket that was given up is detached first: nothing it still
 * says is heard. Knows no signal and no state; what a close code means is decided above.
 */

import { fetchToken, malformed, type Refusal, subprotocols, type TokenSource } from './access';
import { Backoff } from './backoff';
import type { Cancel, Environment, Socket, SocketHandlers } from './environment';
import { CloseCode } from './generated/codes';
import { TABLE } from './generated/machine';
import { Renewal } from './renewal';

export interface LinkHandlers extends SocketHandlers {
  /** The application could not fetch a token. */
  tokenFailed(): void;
  /** The handshake failed, or took too long. */
  handshakeFailed(): void;
  /** The token cannot be sent at all. */
  tokenRefused(refusal: Refusal): void;
}

export class Link {
  readonly #env: Environment;
  readonly #url: string;
  readonly #source: TokenSource | undefined;
  readonly #handlers: LinkHandlers;
  readonly #backoff: Backoff;
  readonly #renewal: Renewal;
  #socket: Socket | undefined;
  #pending: Cancel | undefined;
  /** Identifies the question for a token that counts. */
  #question: object | undefined;
  #token: string | undefined;
  /** The token that the next connection must not have, and what to do where the application gives no other. */
  #refused: { token: string | undefined; notRenewed: () => void } | undefined;

  constructor(env: Environment, url: string, source: TokenSource | undefined, handlers: LinkHandlers) {
    this.#env = env;
    this.#url = url;
    this.#source = source;
    this.#handlers = handlers;
    this.#backoff = new Backoff();
    this.#renewal = new Renewal(env, source, {
      offer: (token) => this.send({ action: 'renew', data: { s: 'RENEW', token } }),
      renewed: (token) => {
        this.#token = token;
      },
    });
  }

  /** The token that the newest socket has, or was opened with. */
  get token(): string | undefined {
    return this.#token;
  }

  open(): void {
    this.#ask((token) => this.#dial(token));
  }

  /**
   * The next connection needs another token than before.
   * @param notRenewed called when the application gives none, or the same again
   */
  needsAnotherToken(notRenewed: () => void): void {
    this.#refused = { token: this.#token, notRenewed };
  }

  openLater(): void {
    this.drop();
    this.#pending = this.#env.after(this.#backoff.nextDelay(this.#env.random()), () => this.open());
  }

  /**
   * The server has answered to another token.
   * @param expires its end in seconds since 1970; `undefined` where it was refused
   */
  renewed(expires: number | undefined): void {
    this.#renewal.answered(expires);
  }

  /** A connection was lost that had held for so long since its join ack. */
  lost(held: number): void {
    this.#backoff.lost(held);
  }

  send(message: unknown): boolean {
    return this.#socket?.send(JSON.stringify(message)) ?? false;
  }

  drop(): void {
    this.#pending?.();
    this.#pending = undefined;
    this.#question = undefined;
    this.#renewal.stop();
    const socket = this.#socket;
    this.#socket = undefined;
    socket?.close(CloseCode.NORMAL);
  }

  /** Hands over the token at once where it is known, else when the application has fetched it. */
  #ask(then: (token: string | undefined) => void): void {
    this.drop();
    if (typeof this.#source !== 'function') return then(this.#source);
    const question = {};
    this.#question = question;
    const ifCurrent = (act: () => void) => {
      if (this.#question === question) act();
    };
    const failed = (error: unknown) => {
      console.warn('roomcast: no token', error);
      ifCurrent(() => this.#handlers.tokenFailed());
    };
    void fetchToken(this.#source).then((token) => ifCurrent(() => then(token)), failed);
  }

  #dial(token: string | undefined): void {
    this.#question = undefined;
    const refused = this.#refused;
    if (refused && (token === undefined || token === refused.token)) return refused.notRenewed();
    this.#token = token;
    const refusal = malformed(token);
    if (refusal) return this.#handlers.tokenRefused(refusal);
    const late = this.#env.after(TABLE.reconnect.dialTimeout, () => this.#dialFailed());
    this.#pending = late;
    const socket: Socket = this.#env.connect(
      this.#url,
      subprotocols(token),
      this.#socketHandlers(() => socket, late),
    );
    this.#socket = socket;
  }

  #dialFailed(): void {
    this.drop();
    this.#handlers.handshakeFailed();
  }

  /** @param late cancels the failure of a dial that takes too long */
  #socketHandlers(socket: () => Socket, late: Cancel): SocketHandlers {
    const ifCurrent = (act: () => void) => {
      if (this.#socket === socket()) act();
    };
    let wasOpen = false;
    return {
      opened: () =>
        ifCurrent(() => {
          late();
          wasOpen = true;
          this.#refused = undefined;
          this.#renewal.start(this.#token);
          this.#handlers.opened();
        }),
      message: (text) => ifCurrent(() => this.#handlers.message(text)),
      closed: (code, reason) =>
        ifCurrent(() => {
          if (!wasOpen) return this.#dialFailed();
          this.#socket = undefined;
          this.#renewal.stop();
          this.#handlers.closed(code, reason);
        }),
    };
  }
}
