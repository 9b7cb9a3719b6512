/**
 * The offer that waits for its answer: for how long, and whether it may have been lost on the way.
 * While the server is out of reach no answer can come, and waiting for it counts for nothing.
 * Sends nothing itself.
 */

import type { Cancel, Environment, Offer } from '../client';

export const ANSWER_TIMEOUT_MS = 10_000;

export interface PendingOfferHandlers {
  unanswered(): void;
  /** It was answered, or given up for another one. */
  ended(): void;
}

export class PendingOffer {
  readonly #env: Environment;
  readonly #handlers: PendingOfferHandlers;
  #offer: Offer | undefined;
  #timer: Cancel | undefined;
  #paused = false;
  /** It went out before the server was found to be out of reach: it may have come there or not. */
  #doubtful = false;

  constructor(env: Environment, handlers: PendingOfferHandlers) {
    this.#env = env;
    this.#handlers = handlers;
  }

  said(offer: Offer): void {
    this.#offer = offer;
    this.#doubtful = !this.#paused;
    this.#arm();
  }

  /** It was answered, or given up for another one. */
  clear(): void {
    const offer = this.#offer;
    this.#offer = undefined;
    this.#timer?.();
    this.#timer = undefined;
    if (offer) this.#handlers.ended();
  }

  pause(): void {
    this.#paused = true;
    this.#timer?.();
  }

  /** Goes on waiting, and gives the offer if it should be said once more. */
  resume(): Offer | undefined {
    this.#paused = false;
    this.#arm();
    const again = this.#doubtful ? this.#offer : undefined;
    this.#doubtful = true;
    return again;
  }

  #arm(): void {
    this.#timer?.();
    if (this.#offer && !this.#paused)
      this.#timer = this.#env.after(ANSWER_TIMEOUT_MS, () => this.#handlers.unanswered());
  }
}
