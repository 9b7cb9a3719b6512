/**
 * Replaces the token of a connection before it ends, over the same connection: asks the application for another one
 * and offers it to the server. An attempt that fails is repeated after a pause that grows, until the connection ends:
 * the next one brings a token anyhow. Never opens or closes a connection.
 */

import { fetchToken, malformed, type TokenSource } from './access';
import type { Cancel, Environment } from './environment';
import { lifeOf, pauseAfter, timeToNextRenewal, timeToRenewal } from './life';

/** Timeout of the application for a token, and of the server for its ack. */
const TIMEOUT_MS = 10_000;

export interface RenewalHandlers {
  /** False when the connection takes nothing. */
  offer(token: string): boolean;
  /** The connection has this token from now on. */
  renewed(token: string): void;
}

export class Renewal {
  readonly #env: Environment;
  readonly #source: TokenSource | undefined;
  readonly #handlers: RenewalHandlers;
  #held: string | undefined;
  /** Sent, and not answered yet. */
  #offered: string | undefined;
  /** Identifies the question for a token that counts. */
  #question: object | undefined;
  #timer: Cancel | undefined;
  #failures = 0;

  constructor(env: Environment, source: TokenSource | undefined, handlers: RenewalHandlers) {
    this.#env = env;
    this.#source = source;
    this.#handlers = handlers;
  }

  /** A connection has opened with this token. */
  start(token: string | undefined): void {
    this.stop();
    this.#held = token;
    this.#failures = 0;
    const life = token === undefined || typeof this.#source !== 'function' ? undefined : lifeOf(token);
    if (life) this.#askIn(timeToRenewal(life, this.#env.unixTime()));
  }

  /** The connection is gone. */
  stop(): void {
    this.#timer?.();
    this.#timer = undefined;
    this.#question = undefined;
    this.#offered = undefined;
  }

  /** @param expires the end of the token that was offered, in seconds since 1970; `undefined` where it was refused */
  answered(expires: number | undefined): void {
    const offered = this.#offered;
    if (offered === undefined) return;
    if (expires === undefined) return this.#pause();
    this.stop();
    this.#held = offered;
    this.#failures = 0;
    this.#handlers.renewed(offered);
    const life = { issued: lifeOf(offered)?.issued ?? 0, expires };
    this.#askIn(timeToNextRenewal(life, this.#env.unixTime()));
  }

  #askIn(wait: number): void {
    this.#timer = this.#env.after(wait, () => this.#ask());
  }

  #ask(): void {
    if (typeof this.#source !== 'function') return;
    const question = {};
    this.#question = question;
    this.#timer = this.#env.after(TIMEOUT_MS, () => this.#pause());
    void fetchToken(this.#source).then(
      (token) => this.#question === question && this.#take(token),
      (error: unknown) => {
        console.warn('roomcast: no other token', error);
        if (this.#question === question) this.#pause();
      },
    );
  }

  #take(token: string | undefined): void {
    const isOther = token !== undefined && token !== this.#held && !malformed(token);
    if (!isOther || !this.#handlers.offer(token)) return this.#pause();
    this.stop();
    this.#offered = token;
    this.#timer = this.#env.after(TIMEOUT_MS, () => this.#pause());
  }

  #pause(): void {
    this.stop();
    this.#askIn(pauseAfter(this.#failures, this.#env.random()));
    this.#failures += 1;
  }
}
