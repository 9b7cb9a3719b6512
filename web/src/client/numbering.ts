/**
 * Numbers of signals in both directions: what this client said and the server has not confirmed, and whose signals it
 * has had. A signal gets its number when it is first written to a socket and is kept until it is confirmed; what is kept
 * is said again after every join and whenever the server asks, so that a line that was already dead loses nothing.
 * Pure: knows no socket and no clock.
 */

import {
  HURRYING_SIGNALS,
  RECEIVED_BYTES,
  RECEIVED_MESSAGES,
  REMEMBERED_SENDERS,
  UNCONFIRMED_SIGNALS,
} from './generated/limits';
import type { ApplicationSignal, Session } from './messages';

export type Numbered = ApplicationSignal & { n: number };

/** The signals that the server has not confirmed, oldest first. Their numbers have no holes. */
export class Unconfirmed {
  #last: number;
  #kept: Numbered[] = [];
  /** A server that knows no numbers confirms nothing, so that nothing is kept for it. */
  #counted = true;

  /** @param last the number below the first one: above all that this session id ever used */
  constructor(last: number) {
    this.#last = last;
  }

  /** The number below the lowest that is kept, for the next join. */
  get above(): number {
    return this.#last - this.#kept.length;
  }

  get length(): number {
    return this.#kept.length;
  }

  get isFull(): boolean {
    return this.#kept.length >= UNCONFIRMED_SIGNALS;
  }

  get hurries(): boolean {
    return this.#kept.length >= HURRYING_SIGNALS;
  }

  /** Hands a signal to `write` with its number, which counts only if it was written. False when it was not. */
  say(signal: ApplicationSignal, write: (signal: ApplicationSignal | Numbered) => boolean): boolean {
    if (!this.#counted) return write(signal);
    const numbered = { ...signal, n: this.#last + 1 };
    if (this.isFull || !write(numbered)) return false;
    this.#last += 1;
    this.#kept.push(numbered);
    return true;
  }

  /** Takes the number of a join ack; gives what is to be said again before anything new. */
  joined(n: number | undefined): Numbered[] {
    this.#counted = n !== undefined;
    if (n !== undefined) return this.resend(n);
    const kept = this.#kept;
    this.#kept = [];
    return kept;
  }

  /** Takes the number up to which nothing can be lost; gives what is to be said again before anything new. */
  resend(n: number): Numbered[] {
    this.confirm(n);
    return [...this.#kept];
  }

  confirm(n: number): void {
    this.#kept = this.#kept.filter((signal) => signal.n > n);
    // The server knows of more: an earlier page with this session id went further than the clock says.
    this.#last = Math.max(this.#last, n);
  }

  /** Forgets what is kept. A join has to follow before anything new: the server waits for those numbers. */
  discard(): void {
    this.#kept = [];
  }
}

/** The highest number that was had from each session. */
export class HeardNumbers {
  readonly #limit: number;
  /** In the order in which they were heard last. */
  readonly #highest = new Map<string, number>();

  constructor(limit: number = REMEMBERED_SENDERS) {
    this.#limit = limit;
  }

  /** True for a signal that was not had before. */
  isNew({ userId, sessionId }: Session, n: number): boolean {
    const sender = JSON.stringify([userId, sessionId]);
    const highest = this.#highest.get(sender) ?? 0;
    this.#highest.delete(sender);
    this.#highest.set(sender, Math.max(highest, n));
    const [oldest] = this.#highest.keys();
    if (this.#highest.size > this.#limit && oldest !== undefined) this.#highest.delete(oldest);
    return n > highest;
  }
}

/** Numbered messages received since the server was last told: it keeps a copy of each until then. */
export class Unacknowledged {
  #messages = 0;
  #bytes = 0;

  /** True when the server should be told at once. */
  note(text: string): boolean {
    this.#messages += 1;
    this.#bytes += bytesOf(text);
    return this.#messages >= RECEIVED_MESSAGES || this.#bytes >= RECEIVED_BYTES;
  }

  reset(): void {
    this.#messages = 0;
    this.#bytes = 0;
  }
}

const encoder = new TextEncoder();

/** The size of a text on the wire. */
export function bytesOf(text: string): number {
  return encoder.encode(text).length;
}
