/** Bytes that went out per second, over the last few seconds. Pure; time is an argument, in milliseconds. */

const WINDOW_MS = 5000;

export class Rate {
  #items: { at: number; amount: number }[] = [];

  add(now: number, amount: number): void {
    this.#items.push({ at: now, amount });
    this.#forget(now);
  }

  perSecond(now: number): number {
    this.#forget(now);
    const first = this.#items[0];
    if (!first) return 0;
    const seconds = Math.max(1, (now - first.at) / 1000);
    return this.#items.reduce((sum, { amount }) => sum + amount, 0) / seconds;
  }

  #forget(now: number): void {
    this.#items = this.#items.filter(({ at }) => now - at < WINDOW_MS);
  }
}
