/**
 * Keeps the facts of one call and tells them after every change.
 * That an interruption is over stays a fact for as long as it takes to read it.
 */

import type { Cancel, Environment } from '../client';
import { describe, type Facts } from './model';

export const BACK_SHOWN_MS = 5000;

export class CallFacts {
  readonly #env: Environment;
  readonly #changed: (facts: Facts) => void;
  readonly #facts: Facts = {
    stage: 'lobby',
    returning: false,
    notOpened: false,
    unreachable: false,
    offline: false,
    media: 'new',
    everConnected: false,
    outOfSight: false,
    interrupted: false,
  };
  #read: Cancel | undefined;

  constructor(env: Environment, changed: (facts: Facts) => void) {
    this.#env = env;
    this.#changed = changed;
  }

  get now(): Readonly<Facts> {
    return this.#facts;
  }

  update(changes: Partial<Facts>): void {
    Object.assign(this.#facts, changes);
    this.#noteInterruption();
    this.#changed(this.#facts);
  }

  #noteInterruption(): void {
    const { state } = describe(this.#facts);
    if (state === 'in-call' && this.#facts.interrupted) {
      this.#read ??= this.#env.after(BACK_SHOWN_MS, () => this.update({ interrupted: false }));
      return;
    }
    this.#read?.();
    this.#read = undefined;
    if (state === 'reconnecting') this.#facts.interrupted = true;
    if (this.#facts.stage !== 'joined' && state !== 'reconnecting') this.#facts.interrupted = false;
  }
}
