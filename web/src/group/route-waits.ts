/**
 * The waits for media with each publisher, and those that took too long. While the server is out of
 * reach nothing can come about: the waits begin anew when it is back.
 */

import type { Cancel, Environment } from '../client';

/** Longer than two peers try: the older one 22 s, and an offer that is asked for anew. */
export const NO_ROUTE_MS = 30_000;

export class RouteWaits {
  readonly #env: Environment;
  readonly #changed: () => void;
  readonly #timers = new Map<string, Cancel>();
  readonly #overdue = new Set<string>();

  /** @param changed called when a wait has become too long */
  constructor(env: Environment, changed: () => void) {
    this.#env = env;
    this.#changed = changed;
  }

  isOverdue(id: string): boolean {
    return this.#overdue.has(id);
  }

  /** Begins a wait; one that is under way or overdue goes on. */
  expect(id: string): void {
    if (this.#timers.has(id) || this.#overdue.has(id)) return;
    const cancel = this.#env.after(NO_ROUTE_MS, () => {
      this.#timers.delete(id);
      this.#overdue.add(id);
      this.#changed();
    });
    this.#timers.set(id, cancel);
  }

  /** The media flow, or are expected no more. */
  end(id: string): void {
    this.#timers.get(id)?.();
    this.#timers.delete(id);
    this.#overdue.delete(id);
  }

  /** Ends the waits of all but these. */
  keepOnly(ids: ReadonlySet<string>): void {
    for (const id of [...this.#timers.keys(), ...this.#overdue]) if (!ids.has(id)) this.end(id);
  }
}
