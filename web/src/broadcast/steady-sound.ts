/**
 * Keeps the sound whole: every moment from the start on has exactly one sample, whatever the microphone does.
 * Where it has left a hole there is silence, where it comes twice or too early it is left out.
 * Pure; counts samples at the rate of the encoder.
 */

/** Further from its place than this, sound is moved there; less is not heard and corrects itself. */
const TOLERANCE_S = 0.06;
/** Time that sound may be late before silence is put in its place. */
const MAX_LATE_S = 0.25;

export class SteadySound {
  readonly #rate: number;
  #next = 0;

  constructor(rate: number) {
    this.#rate = rate;
  }

  /** The first sample that is not there yet. */
  get next(): number {
    return this.#next;
  }

  /**
   * Decides about `samples` that were taken `seconds` after the start: how much silence to put before them, or to
   * leave them out.
   */
  take(seconds: number, samples: number): { silence: number } | undefined {
    const ahead = Math.round(seconds * this.#rate) - this.#next;
    if (ahead < -TOLERANCE_S * this.#rate) return undefined;
    const silence = ahead > TOLERANCE_S * this.#rate ? ahead : 0;
    this.#next += silence + samples;
    return { silence };
  }

  /**
   * The silence that is due at `seconds` because nothing has come for a while.
   * @param expected whether something may still come
   */
  fill(seconds: number, expected = true): number {
    const missing = Math.floor(seconds * this.#rate) - this.#next;
    if (missing < (expected ? MAX_LATE_S : TOLERANCE_S) * this.#rate) return 0;
    const silence = missing - Math.floor(TOLERANCE_S * this.#rate);
    this.#next += silence;
    return silence;
  }
}
