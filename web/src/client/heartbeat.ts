/**
 * The heartbeat of one membership: a beat every interval, and a word when its answers stay away.
 * Loss is counted from the oldest unanswered beat, not from the last answer: a browser that slows the
 * timers of a hidden page would otherwise look like a dead server.
 * Never touches the socket or the state.
 */

import type { Cancel, Environment } from './environment';

/** Shortest time between two beats. */
const HURRYING_INTERVAL_MS = 200;

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
  #interval = 0;
  #timeout = 0;
  #due = 0;
  #earliest = 0;

  constructor(env: Environment, handlers: HeartbeatHandlers) {
    this.#env = env;
    this.#handlers = handlers;
  }

  /** Both in milliseconds; the first beat is due one interval from now. */
  start(interval: number, timeout: number): void {
    this.stop();
    this.#interval = interval;
    this.#timeout = timeout;
    this.#schedule(interval);
  }

  /** Lets the next beat come at once, or as soon as five a second allow. */
  hurry(): void {
    const wait = Math.max(0, this.#earliest - this.#env.now());
    if (this.#nextBeat && this.#env.now() + wait < this.#due) this.#schedule(wait);
  }

  #schedule(wait: number): void {
    this.#nextBeat?.();
    this.#due = this.#env.now() + wait;
    this.#nextBeat = this.#env.after(wait, () => this.#beat());
  }

  #beat(): void {
    this.#earliest = this.#env.now() + HURRYING_INTERVAL_MS;
    this.#schedule(this.#interval);
    this.#loss ??= this.#env.after(this.#timeout, () => this.#handlers.lost());
    this.#count += 1;
    this.#handlers.beat(String(this.#count));
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
