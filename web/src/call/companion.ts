/**
 * The media with the other person of a call: one peer at a time, made when somebody comes and dropped when they go.
 * Counts offers that nobody answers. Knows no membership and no words.
 */

import type { Address, Cancel, Environment, IceServer, Participant, Session } from '../client';
import type { OutgoingMedia } from '../rtc/media';
import { type GiveUpReason, Peer, type PeerHandlers } from '../rtc/peer';
import { CONNECT_MS } from '../rtc/revival';
import { type Departure, isSilent, SILENT_MS } from '../rtc/silence';

/** Time for the later member to send its offer. */
const OFFER_EXPECTED_MS = 5000;
const UNANSWERED_OFFERS = 3;

const GOING_ON_MS = 1000;
/** Time to see whether the media of a member that left the list goes on. */
const PARTING_MS = 1500;

export interface CompanionHandlers extends Pick<PeerHandlers, 'send' | 'connectionChanged'> {
  streamChanged(stream: MediaStream | null): void;
  /** No answer to an offer is awaited any more. */
  offerEnded(to: Address): void;
  /** Media that were there, or should be, have failed. */
  mediaFailed(): void;
  unreachable(reason: GiveUpReason): void;
  /** The server has lost them, their media go on. */
  outOfSight(): void;
  /** Somebody who is not in the room's list any more: they left, or the server lost sight of them. */
  departed(userId: string, how: Departure): void;
}

export class Companion {
  readonly #media: OutgoingMedia;
  readonly #env: Environment;
  readonly #handlers: CompanionHandlers;
  #peer: Peer | undefined;
  #iceServers: IceServer[] = [];
  #unanswered = 0;
  #metAt = 0;
  #everConnected = false;
  /** Only the first of several failures in a row is told: the others are a matter of ICE restarts. */
  #failureTold = false;
  /** Not in the room's list any more; what became of them shows in a moment. */
  #parting: Cancel | undefined;

  constructor(media: OutgoingMedia, env: Environment, handlers: CompanionHandlers) {
    this.#media = media;
    this.#env = env;
    this.#handlers = handlers;
  }

  get peer(): Peer | undefined {
    return this.#peer;
  }

  set iceServers(servers: IceServer[]) {
    this.#iceServers = servers;
    if (this.#peer) this.#peer.iceServers = servers;
  }

  is({ userId, sessionId }: Address): boolean {
    return this.#peer?.address.userId === userId && this.#peer.address.sessionId === sessionId;
  }

  /** Takes somebody for the other person from now on. In a collision of offers the polite one gives way. */
  meet({ userId, sessionId }: Address, polite: boolean): void {
    this.drop();
    const peer: Peer = new Peer({ userId, sessionId }, polite, this.#iceServers, this.#media, this.#env, {
      send: (signal) => this.#handlers.send(signal),
      streamChanged: (stream) => this.#handlers.streamChanged(stream),
      connectionChanged: (state) => {
        if (state === 'connected') {
          this.#unanswered = 0;
          this.#everConnected = true;
          this.#failureTold = false;
        }
        if (state === 'failed') this.#mediaFailed(peer);
        this.#handlers.connectionChanged(state);
      },
      offerEnded: () => this.#handlers.offerEnded(peer.address),
      offerUnanswered: () => this.#offerUnanswered(peer),
      gaveUp: (reason) => {
        if (this.#peer === peer) this.#gaveUp(peer, reason);
      },
    });
    this.#peer = peer;
    this.#metAt = this.#env.now();
    this.#everConnected = false;
    this.#failureTold = false;
    this.#env.after(OFFER_EXPECTED_MS, () => {
      if (this.#peer === peer && !peer.pc) peer.offer();
    });
  }

  /** They are in the room's list. */
  present(): void {
    this.#parting?.();
    this.#parting = undefined;
  }

  /**
   * They are in the room's list no more: with a goodbye their media end, without one they stood still already. While
   * the media go on, only the server has lost sight of them. Where no way to them was found for as long as either side
   * tries one, they have given up: both are told the reason.
   */
  absent(): void {
    const peer = this.#peer;
    if (!peer || this.#parting) return;
    const isWithoutRoute = !this.#everConnected && this.#env.now() - this.#metAt >= CONNECT_MS;
    if (isWithoutRoute) return this.#handlers.unreachable('network');
    if (isSilent(peer)) return this.#part(peer, 'lost');
    this.#parting = this.#env.after(PARTING_MS, () => {
      if ((peer.silence() ?? SILENT_MS) > GOING_ON_MS) return this.#part(peer, 'left');
      this.#handlers.outOfSight();
      this.#watchMedia(peer);
    });
  }

  #watchMedia(peer: Peer): void {
    this.#parting = this.#env.after(PARTING_MS, () => {
      if ((peer.silence() ?? SILENT_MS) < SILENT_MS) this.#watchMedia(peer);
      else this.#part(peer, 'lost');
    });
  }

  drop(): void {
    this.present();
    this.#peer?.close();
    this.#peer = undefined;
    this.#handlers.streamChanged(null);
  }

  /** A new call: what was counted of the one before is forgotten. */
  reset(): void {
    this.drop();
    this.#unanswered = 0;
  }

  #part(peer: Peer, how: Departure): void {
    if (this.#peer === peer) this.#handlers.departed(peer.address.userId, how);
  }

  #gaveUp(peer: Peer, reason: GiveUpReason): void {
    if (this.#parting) this.#part(peer, 'lost');
    else this.#handlers.unreachable(reason);
  }

  #mediaFailed(peer: Peer): void {
    if (this.#peer !== peer || this.#failureTold) return;
    this.#failureTold = true;
    this.#handlers.mediaFailed();
  }

  #offerUnanswered(peer: Peer): void {
    if (this.#peer !== peer) return;
    this.#unanswered += 1;
    if (this.#unanswered > UNANSWERED_OFFERS) return this.#gaveUp(peer, 'network');
    peer.offer();
  }
}

/** Whether the order of the room's list says that this member came after the other. */
export function isLater(me: Session, other: Address, participants: Participant[]): boolean {
  const place = (userId: string) => participants.findIndex((one) => one.userId === userId);
  return place(me.userId) > place(other.userId);
}
