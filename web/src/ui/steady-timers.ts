/**
 * Timers for a page that may be hidden. Browsers wake the timers of a hidden page once a minute, which is too seldom for
 * heartbeats; those of a dedicated worker they leave alone.
 * Every timer is set in both places and runs where it is due first. A page that may have no worker (no `Worker`, a
 * Content-Security-Policy, a file that does not load) keeps its own timers that way.
 */

import { browserEnvironment, type Cancel, type Environment, type Timers } from '../client';

/** The part of `Worker` that is used. */
export interface TimerWorker {
  onmessage: ((event: { data: unknown }) => void) | null;
  onerror: ((event: Pick<Event, 'preventDefault'>) => void) | null;
  /** `ms` sets a timer, its absence cancels it. */
  postMessage(order: { id: number; ms?: number }): void;
  terminate(): void;
}

interface Pending {
  run: () => void;
  pageTimer: ReturnType<typeof setTimeout>;
}

export class SteadyTimers implements Timers {
  readonly #pending = new Map<number, Pending>();
  #worker: TimerWorker | undefined;
  #last = 0;

  /** @param start starts the worker; may throw */
  constructor(start: () => TimerWorker) {
    try {
      this.#worker = start();
    } catch {
      return;
    }
    this.#worker.onmessage = ({ data }) => this.#run(Number(data));
    // A policy that forbids the worker is told here, not thrown.
    this.#worker.onerror = (event) => {
      event.preventDefault();
      this.#worker?.terminate();
      this.#worker = undefined;
    };
  }

  after(ms: number, run: () => void): Cancel {
    this.#last += 1;
    const id = this.#last;
    this.#pending.set(id, { run, pageTimer: setTimeout(() => this.#run(id), ms) });
    this.#worker?.postMessage({ id, ms });
    return () => void this.#take(id);
  }

  #run(id: number): void {
    this.#take(id)?.run();
  }

  /** Takes a timer out of both places. */
  #take(id: number): Pending | undefined {
    const pending = this.#pending.get(id);
    if (!pending) return undefined;
    this.#pending.delete(id);
    clearTimeout(pending.pageTimer);
    this.#worker?.postMessage({ id });
    return pending;
  }
}

let shared: SteadyTimers | undefined;

/** The environment of the client in this page, with timers that hold while it is hidden. */
export function pageEnvironment(): Environment {
  shared ??= new SteadyTimers(
    () => new Worker(new URL('./timer.worker.js', import.meta.url), { name: 'roomcast-timers' }) as TimerWorker,
  );
  return browserEnvironment(WebSocket, shared);
}
