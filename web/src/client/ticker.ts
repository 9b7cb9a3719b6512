/** Calls at a fixed interval between start and stop. */

import type { Cancel, Timers } from './environment';

export class Ticker {
  readonly #timers: Timers;
  readonly #interval: number;
  readonly #tick: () => void;
  #next: Cancel | undefined;

  constructor(timers: Timers, interval: number, tick: () => void) {
    this.#timers = timers;
    this.#interval = interval;
    this.#tick = tick;
  }

  start(): void {
    this.stop();
    this.#next = this.#timers.after(this.#interval, () => {
      this.start();
      this.#tick();
    });
  }

  stop(): void {
    this.#next?.();
    this.#next = undefined;
  }
}
