/**
 * Signals that the server refused for the moment: each is said again after a delay that grows, a few times at most, and
 * behind what was said meanwhile. Sends nothing itself.
 */

import { Backoff } from './backoff';
import type { Cancel, Environment } from './environment';
import { RETRIES } from './generated/codes';
import { TABLE } from './generated/machine';
import type { ApplicationSignal } from './messages';

interface Entry {
  backoff: Backoff;
  times: number;
  pending: Cancel;
}

/** The number of times that a signal refused with a code is said again. */
function timesOf(code: number): number {
  return RETRIES[code]?.find(({ of }) => of === 'other')?.times ?? 0;
}

export class RefusedSignals {
  readonly #env: Environment;
  readonly #say: (signal: ApplicationSignal) => void;
  readonly #entries = new Map<string, Entry>();

  constructor(env: Environment, say: (signal: ApplicationSignal) => void) {
    this.#env = env;
    this.#say = say;
  }

  /** True when the signal will be said again; otherwise the refusal is the application's to hear. */
  saysAgain(code: number, signal: ApplicationSignal): boolean {
    const key = JSON.stringify(signal);
    const known = this.#entries.get(key);
    const entry = known ?? { backoff: new Backoff(), times: 0, pending: () => {} };
    entry.pending();
    if (entry.times >= timesOf(code)) {
      this.#entries.delete(key);
      return false;
    }
    entry.times += 1;
    entry.pending = this.#env.after(entry.backoff.nextDelay(this.#env.random()), () => this.#again(key, entry, signal));
    this.#entries.set(key, entry);
    return true;
  }

  clear(): void {
    for (const { pending } of this.#entries.values()) pending();
    this.#entries.clear();
  }

  /** A signal has no ack when it is carried out: one of which nothing is heard for long was. */
  #again(key: string, entry: Entry, signal: ApplicationSignal): void {
    entry.pending = this.#env.after(TABLE.heartbeat.timeout, () => this.#entries.delete(key));
    this.#say(signal);
  }
}
