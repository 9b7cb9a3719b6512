/**
 * The heartbeat of one membership: a beat every interval, and a word when its answers stay away.
 * Loss is counted from the oldest unanswered beat, not from the last answer: a browser that slows the
 * timers of a hidden page would otherwise look like a dead server.
 * Never touches the socket or the state.
 */

import type { Cancel, Environment } from './environment';

export interface HeartbeatHandlers {
  beat(id: string): void;
  lost(): void;
}

export class HeartbeatTimer {
  readonly #env: Environment;
  readonly #handlers: HeartbeatHandlers;
  #nextBeat: Cancel | undefined;
  #loss: Cancel | undefined;
  #count = 0;

  constructor(env: Environment, handlers: HeartbeatHandlers) {
    this.#env = env;
    this.#handlers = handlers;
  }

  /** Both in milliseconds; the first beat is due one interval from now. */
  start(interval: number, timeout: number): void {
    this.stop();
    const beat = () => {
      this.#nextBeat = this.#env.after(interval, beat);
      this.#loss ??= this.#env.after(timeout, () => this.#handlers.lost());
      this.#count += 1;
      this.#handlers.beat(String(this.#count));
    };
    this.#nextBeat = this.#env.after(interval, beat);
  }

  acknowledged(): void {
    this.#loss?.();
    this.#loss = undefined;
  }

  stop(): void {
    this.acknowledged();
    this.#nextBeat?.();
    this.#nextBeat = undefined;
  }
}
