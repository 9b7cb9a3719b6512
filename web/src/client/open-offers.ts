/**
 * The offers of this client that have no answer yet, by recipient. Pure.
 */

import type { Address, Recipient } from './messages';

export class OpenOffers {
  readonly #open = new Set<string>();

  get size(): number {
    return this.#open.size;
  }

  said(to: Recipient | null | undefined): void {
    this.#open.add(key(to));
  }

  /** Somebody has answered, or offers by itself, so that an offer to it is void. */
  answered({ userId, sessionId }: Address): void {
    for (const to of [{ userId, sessionId }, userId, undefined]) this.#open.delete(key(to));
  }

  /** No answer is awaited any more. True where one was. */
  ended(to: Recipient | null | undefined): boolean {
    return this.#open.delete(key(to));
  }

  clear(): void {
    this.#open.clear();
  }
}

/** Without a recipient: everybody else in a call. */
function key(to: Recipient | null | undefined): string {
  return typeof to === 'object' && to ? JSON.stringify([to.userId, to.sessionId]) : JSON.stringify([to ?? null]);
}
