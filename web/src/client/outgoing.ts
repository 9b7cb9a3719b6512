/**
 * Writes signals for the socket, in the envelope of one member, and keeps the offers among them until no answer is
 * awaited any more. Knows no order and no numbers.
 */

import { ACTIONS } from './generated/codes';
import type { Machine } from './machine';
import type { Address, Common, Recipient, Signal } from './messages';
import { bytesOf, type Numbered } from './numbering';
import { OpenOffers } from './open-offers';

export class Outgoing {
  readonly #common: Common;
  readonly #send: (message: object) => boolean;
  readonly #machine: Pick<Machine, 'see'>;
  readonly #offers = new OpenOffers();

  /** @param send false when nothing can be sent */
  constructor(common: Common, send: (message: object) => boolean, machine: Pick<Machine, 'see'>) {
    this.#common = common;
    this.#send = send;
    this.#machine = machine;
  }

  /** Offers that are without an answer. */
  get openOffers(): number {
    return this.#offers.size;
  }

  /** False when the signal cannot be sent. */
  write(signal: Signal | Numbered): boolean {
    if (!this.#send(this.#envelope(signal))) return false;
    if (signal.s !== 'OFFER') return true;
    this.#offers.said(signal.to);
    this.#machine.see('offerSent');
    return true;
  }

  /** The same for a signal that was sent before. */
  repeat(signal: Numbered): boolean {
    return this.#send(this.#envelope(signal));
  }

  /** The bytes of a signal on the wire. */
  size(signal: Signal): number {
    return bytesOf(JSON.stringify(this.#envelope(signal)));
  }

  /** Somebody has answered. */
  answered(sender: Address): void {
    this.#offers.answered(sender);
  }

  /** No answer to an offer is awaited any more. */
  offerEnded(to?: Recipient): void {
    if (this.#offers.ended(to) && this.#offers.size === 0) this.#machine.see('answerReceived');
  }

  forgetOffers(): void {
    this.#offers.clear();
  }

  #envelope({ s, ...members }: Signal | Numbered): object {
    return { action: ACTIONS[s], data: { s, ...this.#common, ...members } };
  }
}
