/**
 * The offline queue: what the application signals while there is no joined connection.
 * Bounded, and in the order of arrival. What does not fit is refused, so that the caller learns of it;
 * nothing that was accepted is ever dropped silently.
 */

export const QUEUE_LIMIT = 256;

export class OfflineQueue<T> {
  readonly #limit: number;
  #items: T[] = [];

  constructor(limit: number = QUEUE_LIMIT) {
    this.#limit = limit;
  }

  get length(): number {
    return this.#items.length;
  }

  /** False when the queue is full. */
  push(item: T): boolean {
    if (this.#items.length >= this.#limit) return false;
    this.#items.push(item);
    return true;
  }

  /** Hands the items to `send` in order until it returns false; what was not sent stays. */
  flush(send: (item: T) => boolean): void {
    const sent = this.#items.findIndex((item) => !send(item));
    this.#items = sent < 0 ? [] : this.#items.slice(sent);
  }

  clear(): void {
    this.#items = [];
  }
}
