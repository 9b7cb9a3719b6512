/**
 * Limits how often something may happen within a sliding window: the bound of the watchdog ("at most 3 times in the
 * last minute") and of every repair that could otherwise go on for ever. Pure: time is an argument, in milliseconds.
 */

export class Budget {
  readonly #limit: number;
  readonly #windowMs: number;
  #taken: number[] = [];

  constructor(limit: number, windowMs: number) {
    this.#limit = limit;
    this.#windowMs = windowMs;
  }

  /** True, and one unit is used up, when the window has one left. */
  take(now: number): boolean {
    this.#taken = this.#taken.filter((at) => now - at < this.#windowMs);
    if (this.#taken.length >= this.#limit) return false;
    this.#taken.push(now);
    return true;
  }

  reset(): void {
    this.#taken = [];
  }
}
