/**
 * The heartbeat of one membership: a beat every interval, and sooner where the server should be asked soon.
 * Never touches the socket or the state; whether a beat was answered in time is the table's affair.
 */

import type { Cancel, Environment } from './environment';
import { HURRYING_INTERVAL } from './generated/limits';

export class HeartbeatTimer {
  readonly #env: Environment;
  readonly #send: (id: string) => void;
  #nextBeat: Cancel | undefined;
  #count = 0;
  #interval = 0;
  #due = 0;
  #earliest = 0;

  /** @param send sends a beat with this id */
  constructor(env: Environment, send: (id: string) => void) {
    this.#env = env;
    this.#send = send;
  }

  /** @param interval in milliseconds; the first beat is due one interval from now */
  start(interval: number): void {
    this.#interval = interval;
    this.#schedule(interval);
  }

  /** Lets the next beat come at once, or as soon as five a second allow. */
  hurry(): void {
    const wait = Math.max(0, this.#earliest - this.#env.now());
    if (this.#nextBeat && this.#env.now() + wait < this.#due) this.#schedule(wait);
  }

  stop(): void {
    this.#nextBeat?.();
    this.#nextBeat = undefined;
  }

  #schedule(wait: number): void {
    this.#nextBeat?.();
    this.#due = this.#env.now() + wait;
    this.#nextBeat = this.#env.after(wait, () => this.#beat());
  }

  #beat(): void {
    this.#earliest = this.#env.now() + HURRYING_INTERVAL;
    this.#schedule(this.#interval);
    this.#count += 1;
    this.#send(String(this.#count));
  }
}
