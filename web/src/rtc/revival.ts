/**
 * Watches over one peer connection and says when its media must be restarted, and when to give up.
 * The impolite side restarts; the polite one follows only when that did not help, so that both do not
 * start at once. Never touches the peer connection itself.
 */

import type { Cancel, Environment } from '../client';

export const DISCONNECTED_MS = 5000;
const POLITE_EXTRA_MS = 5000;
const RESTART_MS = 12_000;
const RESTARTS = 3;
/** Time for a connection to be established before another way is tried. */
export const CONNECT_MS = 10_000;
/** Fewer than later on: nobody has seen anybody yet. */
const FIRST_RESTARTS = 1;

export interface RevivalHandlers {
  restart(): void;
  gaveUp(): void;
}

export class Revival {
  readonly #env: Environment;
  readonly #handlers: RevivalHandlers;
  #timer: Cancel | undefined;
  #due = Number.POSITIVE_INFINITY;
  #restarts = 0;
  #suspended = false;
  /** The connection has never come about. */
  #isNew = false;

  constructor(env: Environment, handlers: RevivalHandlers) {
    this.#env = env;
    this.#handlers = handlers;
  }

  /** A new peer connection, which has to come about within a bound: browsers may leave it `new` for ever. */
  begin(polite: boolean): void {
    this.stop();
    this.#restarts = 0;
    this.#isNew = true;
    if (!this.#suspended) this.#restartIn(CONNECT_MS + (polite ? POLITE_EXTRA_MS : 0));
  }

  observe(state: RTCPeerConnectionState, polite: boolean): void {
    if (state === 'connected' || state === 'closed') {
      if (state === 'connected') this.#isNew = false;
      this.#restarts = 0;
      return this.stop();
    }
    if (this.#suspended) return;
    const extra = polite ? POLITE_EXTRA_MS : 0;
    if (state === 'disconnected') this.#restartIn(DISCONNECTED_MS + extra);
    if (state === 'failed') this.#restartIn(extra);
  }

  /** The other side cannot be reached: a restart would be wasted, and its failure would prove nothing. */
  suspend(): void {
    this.stop();
    this.#suspended = true;
  }

  /** The other side can be reached again: media that stand still are restarted at once. */
  resume(state: RTCPeerConnectionState): void {
    this.#suspended = false;
    this.#restarts = 0;
    if (state === 'disconnected' || state === 'failed') this.#restartIn(0);
    if (state === 'new' || state === 'connecting') this.#restartIn(CONNECT_MS);
  }

  stop(): void {
    this.#timer?.();
    this.#timer = undefined;
    this.#due = Number.POSITIVE_INFINITY;
  }

  /** The sooner of two wishes counts: `failed` after `disconnected` must not wait any longer. */
  #restartIn(ms: number): void {
    const due = this.#env.now() + ms;
    if (due >= this.#due) return;
    this.stop();
    this.#due = due;
    this.#timer = this.#env.after(ms, () => this.#restart());
  }

  #restart(): void {
    this.stop();
    if (this.#restarts >= (this.#isNew ? FIRST_RESTARTS : RESTARTS)) return this.#handlers.gaveUp();
    this.#restarts += 1;
    this.#handlers.restart();
    this.#restartIn(RESTART_MS);
  }
}
