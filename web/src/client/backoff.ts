/**
 * The delays before dials, as the table has them: drawn evenly from zero to a ceiling that doubles.
 * Randomness is an argument. Never waits by itself.
 */

import { TABLE } from './generated/machine';

const { base, max, settledAfter } = TABLE.reconnect;

export class Backoff {
  #failures = 0;

  /**
   * Milliseconds to wait before the next attempt.
   * @param random from 0 (included) to 1 (excluded)
   */
  nextDelay(random: number): number {
    const ceiling = Math.min(max, base * 2 ** this.#failures);
    this.#failures += 1;
    return random * ceiling;
  }

  /** A connection was lost that had held for so long, in milliseconds, since its join ack. */
  lost(held: number): void {
    if (held >= settledAfter) this.#failures = 0;
  }
}
