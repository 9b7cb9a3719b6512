/**
 * The position of this member in the server's numbering, and the token to take its place up again: "nothing lost
 * across a reconnect" from the client's side. Says which messages were seen already. Pure: storing it over a page
 * reload is the application's job.
 */

import type { JoinAck, JoinOptions, Session, Update } from './messages';
import type { Numbered } from './numbering';

/** Enough to take a membership up again from another connection or after a reload. */
export interface Resume {
  token: string;
  from: number;
  /** Drop what the server repeats: after a reload it was meant for a page that is gone. */
  skipReplay?: boolean;
}

export class Progress {
  #token: string;
  #highest = 0;
  #known = false;
  #skipReplay: boolean;

  /**
   * @param own the token of a first join, which nobody can guess: a join whose ack was lost is repeated with it, and the
   *     server takes it as the former one
   */
  constructor(own: string, resume?: Resume) {
    this.#skipReplay = resume?.skipReplay ?? false;
    this.#token = resume?.token ?? own;
    if (!resume) return;
    this.#known = true;
    this.#highest = resume.from;
  }

  /** The highest sequence number seen. */
  get highest(): number {
    return this.#highest;
  }

  get resume(): Resume {
    return { token: this.#token, from: this.#highest };
  }

  /** @param n the number below the lowest signal that is kept */
  joinOptions(roomCreating: boolean, n: number): JoinOptions {
    const options: JoinOptions = { roomCreating, resumeToken: this.#token, n };
    return this.#known ? { ...options, resumeFrom: this.#highest } : options;
  }

  joined(ack: JoinAck): void {
    // A membership that is new counts anew; a resumed one may have lost numbers, but never runs ahead of the server.
    const restart = !ack.resumed || this.#skipReplay;
    this.#highest = restart ? ack.sequence : Math.min(this.#highest, ack.sequence);
    this.#token = ack.resumeToken;
    this.#known = true;
    this.#skipReplay = false;
  }

  /** True for a number that is new, which then counts as seen. */
  advance(sequence: number): boolean {
    if (sequence <= this.#highest) return false;
    this.#highest = sequence;
    return true;
  }
}

/**
 * A resumed member is as the server knew it: what it was told in vain, it is told again.
 * @param repeated signals that are said again anyhow
 */
export function correction(ack: JoinAck, me: Session, wanted: Update, repeated: Numbered[]): Update | undefined {
  if (!ack.resumed || repeated.some(({ s }) => s === 'UPDATE')) return undefined;
  const own = ack.participants.find((one) => one.userId === me.userId && one.sessionId === me.sessionId);
  return own && (own.video !== wanted.ve || own.audio !== wanted.ae) ? wanted : undefined;
}
