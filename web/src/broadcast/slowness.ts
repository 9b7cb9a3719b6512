/**
 * Whether the way to the server is too slow for a broadcast (wire protocol, section 9: over 700 ms for 10 s).
 * One upload that was fast enough starts the count anew. Pure; time is an argument, in milliseconds.
 */

export const SLOW_MS = 700;
export const SLOW_FOR_MS = 10_000;

export class Slowness {
  #since: number | undefined;
  #pausedAt: number | undefined;

  /** Takes the delay of an upload that was acknowledged; true when it has been too slow for too long. */
  report(now: number, delay: number): boolean {
    if (delay <= SLOW_MS) this.#since = undefined;
    else this.#since ??= now;
    return this.#since !== undefined && now - this.#since >= SLOW_FOR_MS;
  }

  /** For how long every upload has been too slow. */
  slowFor(now: number): number {
    return this.#since === undefined ? 0 : now - this.#since;
  }

  /** Time does not count while the server is out of reach: then uploads say nothing about the way to it. */
  pause(now: number): void {
    this.#pausedAt ??= now;
  }

  resume(now: number): void {
    if (this.#pausedAt !== undefined && this.#since !== undefined) this.#since += now - this.#pausedAt;
    this.#pausedAt = undefined;
  }

  reset(): void {
    this.#since = undefined;
  }
}

/**
 * Notes the time that an upload was on its way. The server's word counts its clock against ours and may be nonsense
 * with clocks that differ; it can never have been longer than from sending to the answer.
 * @param waited in our own queue
 */
export function uplinkDelay(waited: number, delay: number | undefined, roundTrip: number): number {
  return waited + (delay === undefined || delay < 0 ? roundTrip : Math.min(delay, roundTrip));
}
