/**
 * The media with the other person of a call: one peer at a time, made when somebody comes and dropped when they go.
 * Counts offers that nobody answers. Knows no membership and no words.
 */

import type { Address, Environment, IceServer, Participant, Session } from '../client';
import type { OutgoingMedia } from './media';
import { Peer, type PeerHandlers } from './peer';

/** How long the one who came later is given to send its offer. */
const OFFER_EXPECTED_MS = 5000;
const UNANSWERED_OFFERS = 3;

export interface CompanionHandlers extends Pick<PeerHandlers, 'send' | 'connectionChanged' | 'settingsRefused'> {
  streamChanged(stream: MediaStream | null): void;
  /** An offer was not answered; another one follows. */
  offerLost(): void;
  /** No way through the network was found. */
  unreachable(): void;
}

export class Companion {
  readonly #media: OutgoingMedia;
  readonly #env: Environment;
  readonly #handlers: CompanionHandlers;
  #peer: Peer | undefined;
  #iceServers: IceServer[] = [];
  #unanswered = 0;

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
        if (state === 'connected') this.#unanswered = 0;
        this.#handlers.connectionChanged(state);
      },
      offerUnanswered: () => this.#offerUnanswered(peer),
      gaveUp: () => this.#handlers.unreachable(),
      settingsRefused: () => this.#handlers.settingsRefused(),
    });
    this.#peer = peer;
    this.#env.after(OFFER_EXPECTED_MS, () => {
      if (this.#peer === peer && !peer.pc) peer.offer();
    });
  }

  drop(): void {
    this.#peer?.close();
    this.#peer = undefined;
    this.#handlers.streamChanged(null);
  }

  /** A new call: what was counted of the one before is forgotten. */
  reset(): void {
    this.drop();
    this.#unanswered = 0;
  }

  #offerUnanswered(peer: Peer): void {
    if (this.#peer !== peer) return;
    this.#unanswered += 1;
    if (this.#unanswered > UNANSWERED_OFFERS) return this.#handlers.unreachable();
    this.#handlers.offerLost();
    peer.offer();
  }
}

/** Whether the order of the room's list says that this member came after the other. */
export function isLater(me: Session, other: Address, participants: Participant[]): boolean {
  const place = (userId: string) => participants.findIndex((one) => one.userId === userId);
  return place(me.userId) > place(other.userId);
}
