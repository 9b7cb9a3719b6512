/**
 * The watchdog over a join: no ack within ten seconds asks for another join, three times at most.
 * While the network is down nobody could answer, and waiting for it counts as no retry.
 * Decides nothing about sockets or states.
 */

import type { Cancel, Environment } from './environment';

export const JOIN_TIMEOUT_MS = 10_000;
export const JOIN_RETRIES = 3;

export interface JoinDeadlineHandlers {
  isOffline(): boolean;
  overdue(mayRetry: boolean): void;
}

export class JoinDeadline {
  readonly #env: Environment;
  readonly #handlers: JoinDeadlineHandlers;
  #retries = 0;
  #timer: Cancel | undefined;

  constructor(env: Environment, handlers: JoinDeadlineHandlers) {
    this.#env = env;
    this.#handlers = handlers;
  }

  start(): void {
    this.#retries = 0;
    this.#arm();
  }

  stop(): void {
    this.#timer?.();
    this.#timer = undefined;
  }

  #arm(): void {
    this.stop();
    this.#timer = this.#env.after(JOIN_TIMEOUT_MS, () => this.#expired());
  }

  #expired(): void {
    if (this.#handlers.isOffline()) return this.#arm();
    const mayRetry = this.#retries < JOIN_RETRIES;
    this.#retries += 1;
    if (mayRetry) this.#arm();
    this.#handlers.overdue(mayRetry);
  }
}
