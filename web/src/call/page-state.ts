/**
 * Keeps the state of the page of one call and tells it after every change. The end of an interruption stays in it for
 * as long as it takes to read it.
 */

import type { Cancel, Environment } from '../client';
import { describe, INITIAL_STATE, type PageState } from './model';

export const BACK_SHOWN_MS = 5000;

export class PageStateStore {
  readonly #env: Environment;
  readonly #changed: (pageState: PageState) => void;
  readonly #pageState: PageState = { ...INITIAL_STATE };
  #read: Cancel | undefined;

  constructor(env: Environment, changed: (pageState: PageState) => void) {
    this.#env = env;
    this.#changed = changed;
  }

  get now(): Readonly<PageState> {
    return this.#pageState;
  }

  update(changes: Partial<PageState>): void {
    Object.assign(this.#pageState, changes);
    this.#noteInterruption();
    this.#changed(this.#pageState);
  }

  #noteInterruption(): void {
    const { state } = describe(this.#pageState);
    if (state === 'in-call' && this.#pageState.interrupted) {
      this.#read ??= this.#env.after(BACK_SHOWN_MS, () => this.update({ interrupted: false }));
      return;
    }
    this.#read?.();
    this.#read = undefined;
    if (state === 'reconnecting') this.#pageState.interrupted = true;
    if (this.#pageState.stage !== 'joined' && state !== 'reconnecting') this.#pageState.interrupted = false;
  }
}
