/**
 * The token of this tab: taken from the address, whose fragment loses it at once, and kept for reloads of the tab.
 * It stands in sessionStorage only; where storage is forbidden, in memory.
 */

import { storageKey } from '../ui/address';
import { type Claims, claimsOf, tokenOfFragment, withoutToken } from './token';

export class HeldToken {
  readonly #key = storageKey('token');
  #token: string | undefined;
  #changed: () => void = () => {};

  constructor() {
    this.#token = read(this.#key);
  }

  get current(): string | undefined {
    return this.#token;
  }

  get claims(): Claims {
    return this.#token === undefined ? {} : claimsOf(this.#token);
  }

  /** The token as a function for connections, which ask it whenever they need one. */
  readonly source = async (): Promise<string | undefined> => this.#token;

  set onchange(changed: () => void) {
    this.#changed = changed;
  }

  /** Keeps another token from now on. */
  set(token: string): void {
    if (token === this.#token) return;
    this.#token = token;
    write(this.#key, token);
    this.#changed();
  }

  /** Forgets the token: this server asks for none. */
  drop(): void {
    this.#token = undefined;
    write(this.#key, undefined);
  }

  /** Takes a token out of the page's address. */
  takeFromAddress(): void {
    const { pathname, search, hash } = location;
    const token = tokenOfFragment(hash);
    if (token === undefined) return;
    history.replaceState(history.state, '', pathname + search + withoutToken(hash));
    this.set(token);
  }
}

function read(key: string): string | undefined {
  try {
    return sessionStorage.getItem(key) ?? undefined;
  } catch {
    return undefined;
  }
}

function write(key: string, token: string | undefined): void {
  try {
    if (token === undefined) sessionStorage.removeItem(key);
    else sessionStorage.setItem(key, token);
  } catch {
    // Storage may be forbidden: a reload then asks for the token again.
  }
}
