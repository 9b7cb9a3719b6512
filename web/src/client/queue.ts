/**
 * The offline queue: what the application signals while there is no joined connection.
 * Bounded in signals and bytes, and in the order of arrival. Beyond the bounds the least precious signal goes, oldest
 * first among its equals, and the caller is told of each. Candidates go last: they are said once, and without them a
 * connection that was agreed on never comes about.
 */

import { OFFLINE_BYTES, OFFLINE_SIGNALS } from './generated/limits';

const NEGOTIATION = 2;
const REPEATABLE = 1;
const WORTH: Readonly<Record<string, number>> = { ICE: 3, OFFER: NEGOTIATION, ANSWER: NEGOTIATION };
/** An `UPDATE` that another one follows says nothing any more. */
const SUPERSEDED = 0;

export class OfflineQueue<T extends { s: string }> {
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

  /** Gives what had to be dropped for an item, which may be the item itself. */
  push(item: T): T[] {
    const bytes = this.#size(item);
    // One that fits no empty queue would drive out all others first.
    if (bytes > OFFLINE_BYTES) return [item];
    this.#items.push(item);
    this.#bytes += bytes;
    const dropped: T[] = [];
    while (this.#items.length > OFFLINE_SIGNALS || this.#bytes > OFFLINE_BYTES) dropped.push(this.#dropOne());
    return dropped;
  }

  /** Hands the items to `send` in order until it returns false; items that were not sent stay. */
  flush(send: (item: T) => boolean): void {
    const unsent = this.#items.findIndex((item) => !send(item));
    this.#keep(unsent < 0 ? [] : this.#items.slice(unsent));
  }

  clear(): void {
    this.#keep([]);
  }

  /** Takes the first of the least worth out; there is one item at least. */
  #dropOne(): T {
    const last = this.#items.findLastIndex(({ s }) => s === 'UPDATE');
    const worths = this.#items.map(({ s }, index) =>
      s === 'UPDATE' && index < last ? SUPERSEDED : (WORTH[s] ?? REPEATABLE),
    );
    const [dropped] = this.#items.splice(worths.indexOf(Math.min(...worths)), 1) as [T];
    this.#bytes -= this.#size(dropped);
    return dropped;
  }

  #keep(items: T[]): void {
    this.#items = items;
    this.#bytes = items.reduce((sum, item) => sum + this.#size(item), 0);
  }
}
