/**
 * Exponential backoff with full jitter: a delay is drawn evenly from zero to a ceiling that doubles.
 * Randomness is an argument. Never waits by itself.
 */

export const FIRST_CEILING_MS = 250;
export const LAST_CEILING_MS = 5000;

export class Backoff {
  readonly #random: () => number;
  #failures = 0;

  /** @param random returns numbers from 0 (included) to 1 (excluded) */
  constructor(random: () => number) {
    this.#random = random;
  }

  /** Milliseconds to wait before the next attempt. */
  nextDelay(): number {
    const ceiling = Math.min(LAST_CEILING_MS, FIRST_CEILING_MS * 2 ** this.#failures);
    this.#failures += 1;
    return this.#random() * ceiling;
  }

  reset(): void {
    this.#failures = 0;
  }
}
