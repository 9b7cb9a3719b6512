/**
 * Brings the timestamps of a device to the page's clock.
 *
 * The media of a device arrive late by a different amount each time, but never early: the least late arrival tells
 * the offset of the two clocks. The offset may rise slowly, so that clocks of different speed stay together. Pure;
 * milliseconds throughout.
 */

/** The offset may rise by this share of the time that goes by: ten times what clocks differ by. */
const LEAK = 0.001;

export class ClockMap {
  #offset: number | undefined;
  #last = 0;

  /** The moment on the page's clock that belongs to a timestamp which arrived at `arrival`. */
  map(timestamp: number, arrival: number): number {
    const offset = arrival - timestamp;
    const leaked = (this.#offset ?? offset) + Math.max(0, arrival - this.#last) * LEAK;
    this.#offset = this.#offset === undefined ? offset : Math.min(offset, leaked);
    this.#last = arrival;
    return timestamp + this.#offset;
  }
}
