/**
 * Puts the frames of a camera on an even grid: at most one for every place, and the last one again where the
 * camera left a place empty. Cameras tremble, slow down in the dark and stop; a stream of parts should not.
 * A frame keeps its place while it is less than three quarters of a place away, so that a camera which runs
 * right between two places does not make the picture stutter. Pure.
 */

/** Rates at which whole frames fill a part to nine tenths or more. */
const RATES = [30, 25, 24, 20, 15, 12, 10];
const TOLERANCE = 0.75;

/** The rate of the grid for what a camera says of itself. */
export function gridRate(cameraRate: number | undefined): number {
  const wanted = cameraRate && cameraRate > 0 ? cameraRate : 30;
  return RATES.find((rate) => rate <= wanted + 0.5) ?? 10;
}

export class Cadence {
  readonly #rate: number;
  #next = 0;

  constructor(rate: number) {
    this.#rate = rate;
  }

  /** The next place that is free. */
  get next(): number {
    return this.#next;
  }

  /**
   * The places to fill for a frame taken `seconds` after the start: none for a frame too many, else its own, and
   * before it those that were left empty, which get the frame before.
   */
  take(seconds: number): { repeats: number; place: number } | undefined {
    const ahead = seconds * this.#rate - this.#next;
    if (ahead < -TOLERANCE) return undefined;
    const repeats = ahead > TOLERANCE ? Math.round(ahead) : 0;
    const place = this.#next + repeats;
    this.#next = place + 1;
    return { repeats, place };
  }

  /** The number of empty places before `seconds`; they count as filled from now on. */
  fill(seconds: number): number {
    const empty = Math.max(0, Math.floor(seconds * this.#rate) - this.#next);
    this.#next += empty;
    return empty;
  }
}
