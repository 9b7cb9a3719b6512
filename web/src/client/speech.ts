/**
 * Signals of the application: queued while they cannot be said, numbered as they are written, kept until the server
 * confirms them, and said again before anything new. Knows no socket: it is told how to write and when the member is
 * joined.
 */

import type { ApplicationSignal } from './messages';
import { type Numbered, Unconfirmed } from './numbering';
import { OfflineQueue } from './queue';

export interface SpeechHandlers {
  /** False when nothing can be written. */
  write(signal: ApplicationSignal | Numbered): boolean;
  /** The same for what was written before: an offer among it is not waited for, as the join has begun all waits anew. */
  repeat(signal: Numbered): boolean;
  /** A signal that waited had to go. */
  dropped(signal: ApplicationSignal): void;
  /** The bytes that a signal takes on the wire. */
  size(signal: ApplicationSignal): number;
  isJoined(): boolean;
  /** Number of unconfirmed signals at which the server should be asked soon. */
  hurry(): void;
}

export class Speech {
  readonly #handlers: SpeechHandlers;
  readonly #unconfirmed: Unconfirmed;
  readonly #queue: OfflineQueue<ApplicationSignal>;
  /** Signals to be said again, while the application hears of a join. */
  #repeated: Numbered[] = [];
  #holding = false;
  #discarded = false;

  /** @param last the number below the first one: above all that this session id ever used */
  constructor(last: number, handlers: SpeechHandlers) {
    this.#unconfirmed = new Unconfirmed(last);
    this.#queue = new OfflineQueue((signal) => handlers.size(signal));
    this.#handlers = handlers;
  }

  /** False when the signal can neither be said nor queued, or too many are unconfirmed. Others may be dropped for it. */
  say(signal: ApplicationSignal): boolean {
    const joined = this.#handlers.isJoined();
    if (joined && this.#unconfirmed.isFull) return false;
    const direct = joined && !this.#holding && this.#queue.length === 0;
    return (direct && this.#write(signal)) || this.#wait(signal);
  }

  /** Forgets what was queued or would be said again. */
  discard(): void {
    this.#queue.clear();
    this.#discarded ||= this.#unconfirmed.length > 0;
    this.#unconfirmed.discard();
    this.#repeated = [];
  }

  /** The number for a join that is sent now: below the lowest signal that is kept. */
  joining(): number {
    this.#discarded = false;
    return this.#unconfirmed.above;
  }

  /** Takes the number of a join ack. Signals that are said while `tell` runs wait for those that are said again. */
  joined(n: number | undefined, tell: () => void): void {
    this.#repeated = this.#unconfirmed.joined(n);
    this.#holding = true;
    tell();
    this.#holding = false;
  }

  /** Signals with numbers were discarded: a join has to tell the server before anything new. */
  get wasDiscarded(): boolean {
    return this.#discarded;
  }

  /** Says again what the join ack did not confirm, then what `between` has to say, then what is queued. */
  goOn(between: (repeated: Numbered[]) => ApplicationSignal | undefined): void {
    const repeated = this.#repeated;
    this.#repeated = [];
    for (const signal of repeated) this.#handlers.repeat(signal);
    const first = between(repeated);
    if (first) this.#write(first);
    this.#flush();
  }

  confirmed(n: number): void {
    this.#unconfirmed.confirm(n);
    this.#flush();
  }

  resend(n: number): void {
    for (const signal of this.#unconfirmed.resend(n)) this.#handlers.repeat(signal);
    this.#flush();
  }

  /** Asks for confirmations soon where much is unconfirmed. */
  hurry(): void {
    if (this.#unconfirmed.hurries) this.#handlers.hurry();
  }

  #wait(signal: ApplicationSignal): boolean {
    const dropped = this.#queue.push(signal);
    for (const other of dropped) if (other !== signal) this.#handlers.dropped(other);
    return !dropped.includes(signal);
  }

  #flush(): void {
    if (this.#handlers.isJoined()) this.#queue.flush((signal) => this.#write(signal));
  }

  #write(signal: ApplicationSignal): boolean {
    const written = this.#unconfirmed.say(signal, (numbered) => this.#handlers.write(numbered));
    this.hurry();
    return written;
  }
}
