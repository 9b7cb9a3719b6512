/**
 * The offline queue: what the application signals while there is no joined connection.
 * Bounded in signals and bytes, and in the order of arrival. What does not fit is refused, so that the caller learns
 * of it; nothing that was accepted is ever dropped silently.
 */

import { OFFLINE_BYTES, OFFLINE_SIGNALS } from './generated/limits';

export class OfflineQueue<T> {
  readonly #size: (item: T) => number;
  #items: T[] = [];
  #bytes = 0;

  /** @param size of an item, in bytes */
  constructor(size: (item: T) => number) {
    this.#size = size;
  }

  get length(): number {
    return this.#items.length;
  }

  /** False when the queue is full. */
  push(item: T): boolean {
    const bytes = this.#bytes + this.#size(item);
    if (this.#items.length >= OFFLINE_SIGNALS || bytes > OFFLINE_BYTES) return false;
    this.#items.push(item);
    this.#bytes = bytes;
    return true;
  }

  /** Hands the items to `send` in order until it returns false; what was not sent stays. */
  flush(send: (item: T) => boolean): void {
    const unsent = this.#items.findIndex((item) => !send(item));
    this.#keep(unsent < 0 ? [] : this.#items.slice(unsent));
  }

  clear(): void {
    this.#keep([]);
  }

  #keep(items: T[]): void {
    this.#items = items;
    this.#bytes = items.reduce((sum, item) => sum + this.#size(item), 0);
  }
}
