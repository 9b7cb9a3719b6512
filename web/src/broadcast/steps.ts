/**
 * The quality that a way to the server carries: one step down when uploads are slow, one up after a time with room to
 * spare. Only at the lowest step does the rule of the protocol apply, and the broadcast ends (wire protocol, section 9).
 * Pure; time is an argument, in milliseconds.
 */

import { SLOW_MS, Slowness } from './slowness';

export const STEP_DOWN_MS = 3000;
export const STEP_UP_MS = 60_000;
/** Headroom above the bit rate of a quality. */
const HEADROOM = 1.5;
/** Faster than this, nothing waits for anything. */
const EASY_MS = 350;
/** A step up that was undone soon is tried later and later. */
const MAX_BACKOFF = 8;

export type StepVerdict = 'down' | 'up' | 'stop' | undefined;

/** Lowest first: what each step sends, in bits per second. */
export class Steps {
  readonly #bitrates: readonly number[];
  readonly #slowness = new Slowness();
  #step: number;
  #top: number;
  #easySince: number | undefined;
  #carries = Number.POSITIVE_INFINITY;
  #backoff = 1;
  #wentUp = Number.NEGATIVE_INFINITY;

  constructor(bitrates: readonly number[], top: number) {
    this.#bitrates = bitrates;
    this.#top = this.#step = top;
  }

  get step(): number {
    return this.#step;
  }

  get isReduced(): boolean {
    return this.#step < this.#top;
  }

  /** Chooses the highest step, and begins there. */
  choose(top: number): void {
    this.#top = this.#step = top;
    this.#backoff = 1;
    this.reset();
  }

  /** Another uplink, another count. */
  reset(): void {
    this.#slowness.reset();
    this.#easySince = undefined;
    this.#carries = Number.POSITIVE_INFINITY;
  }

  /** Slow for long enough to be worth a word, with no lower quality left. */
  isSlow(now: number): boolean {
    return this.#slowness.slowFor(now) >= STEP_DOWN_MS;
  }

  /** Takes an upload of so many bits that was acknowledged after `delay`. */
  report(now: number, delay: number, bits: number): StepVerdict {
    const verdict = this.#judge(now, delay);
    if (verdict) return verdict;
    return this.#isEasy(now, delay, bits) ? this.#up(now) : undefined;
  }

  /** Takes the age of the oldest upload without an acknowledgement: once it is late, it counts like a slow one. */
  unacknowledged(now: number, age: number): StepVerdict {
    if (age > EASY_MS) this.#easySince = undefined;
    return age > SLOW_MS ? this.#judge(now, age) : undefined;
  }

  /** Counts nothing until `resume`. */
  pause(now: number): void {
    this.#slowness.pause(now);
  }

  resume(now: number): void {
    this.#slowness.resume(now);
  }

  #judge(now: number, delay: number): StepVerdict {
    const tooSlow = this.#slowness.report(now, delay);
    if (this.#slowness.slowFor(now) >= STEP_DOWN_MS && this.#step > 0) return this.#down(now);
    return tooSlow ? 'stop' : undefined;
  }

  #isEasy(now: number, delay: number, bits: number): boolean {
    if (delay > EASY_MS) this.#easySince = undefined;
    else this.#easySince ??= now;
    this.#carries = Math.min(this.#carries * 1.05, (bits * 1000) / Math.max(1, delay));
    const next = this.#bitrates[this.#step + 1];
    if (this.#easySince === undefined || next === undefined || !this.isReduced) return false;
    return now - this.#easySince >= STEP_UP_MS * this.#backoff && this.#carries >= HEADROOM * next;
  }

  #down(now: number): StepVerdict {
    this.#backoff = now - this.#wentUp < STEP_UP_MS ? Math.min(MAX_BACKOFF, this.#backoff * 2) : this.#backoff;
    this.#step -= 1;
    this.reset();
    return 'down';
  }

  #up(now: number): StepVerdict {
    this.#step += 1;
    this.#wentUp = now;
    this.reset();
    return 'up';
  }
}
