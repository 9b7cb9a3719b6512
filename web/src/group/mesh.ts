/**
 * The peer connections of one member of a group: one to everybody it exchanges media with, for both directions. A
 * publisher offers to those who WATCH; a member that does not publish may not offer, and asks to be offered. The
 * later one of two publishers asks. Draws nothing, and knows nothing of requests to publish.
 */

import type { Address, ApplicationSignal, Environment, Forwarded, IceServer, Participant } from '../client';
import type { Kind } from '../rtc/media';
import type { Peer, PeerHandlers } from '../rtc/peer';
import { type Departure, isSilent } from '../rtc/silence';
import { RouteWaits } from './route-waits';

/** Time that an offer may take before it is asked for (again). */
export const OFFER_EXPECTED_MS = 5000;
const UNANSWERED_OFFERS = 2;

export type MeshPeer = Pick<
  Peer,
  | 'polite'
  | 'iceServers'
  | 'pc'
  | 'silence'
  | 'offer'
  | 'receive'
  | 'replaceTrack'
  | 'signalingLost'
  | 'signalingBack'
  | 'close'
>;
export type MakePeer = (address: Address, handlers: PeerHandlers) => MeshPeer;

export interface MeshHandlers {
  send(signal: ApplicationSignal): void;
  /** No answer to an offer is awaited any more. */
  offerEnded(to: Address): void;
  /** A picture came, went, or stands still. */
  changed(): void;
  /** A publisher is not in the room any more. */
  departed(address: Address, how: Departure): void;
  /** The browser does not take the server's ICE servers. */
  settingsRefused(): void;
}

export interface PeerLink {
  readonly address: Address;
  readonly peer: MeshPeer;
  /** Media are expected from it; the others only watch. */
  publishes: boolean;
  stream: MediaStream | null;
  state: RTCPeerConnectionState;
  /** Media flowed at some time. */
  wasConnected: boolean;
  unanswered: number;
}

export class Mesh {
  readonly #me: () => Address;
  readonly #env: Environment;
  readonly #makePeer: MakePeer;
  readonly #handlers: MeshHandlers;
  readonly #links = new Map<string, PeerLink>();
  /** Publishers to whom no way was found, or whose offers did not come. */
  readonly #stuck = new Set<string>();
  readonly #waits: RouteWaits;
  #publishers: Participant[] = [];
  #iceServers: IceServer[] = [];
  #reachable = true;

  constructor(me: () => Address, env: Environment, makePeer: MakePeer, handlers: MeshHandlers) {
    this.#me = me;
    this.#env = env;
    this.#makePeer = makePeer;
    this.#handlers = handlers;
    this.#waits = new RouteWaits(env, () => handlers.changed());
  }

  set iceServers(servers: IceServer[]) {
    this.#iceServers = servers;
    for (const { peer } of this.#links.values()) peer.iceServers = servers;
  }

  link(address: Address): PeerLink | undefined {
    return this.#links.get(key(address));
  }

  /** Whether the media with a publisher failed to come about and are tried again. */
  isStuck(address: Address): boolean {
    return this.#stuck.has(key(address));
  }

  /** Whether the media of a publisher have been missing for so long that the person is told. */
  isUnreached(address: Address): boolean {
    return this.#waits.isOverdue(key(address));
  }

  /** Keeps a connection to every publisher; `publishers` is in the room's order, oldest first. */
  update(publishers: Participant[]): void {
    this.#publishers = publishers;
    const others = publishers.filter(({ userId }) => userId !== this.#me().userId);
    const expected = new Set(others.map(key));
    for (const gone of this.#stuck) if (!expected.has(gone)) this.#stuck.delete(gone);
    for (const link of [...this.#links.values()]) {
      if (link.publishes && !expected.has(key(link.address))) this.#part(link);
    }
    this.#waits.keepOnly(expected);
    for (const other of others) {
      const known = this.link(other);
      const link = known ?? this.#meet(other);
      const isNew = !known?.publishes;
      link.publishes = true;
      link.peer.polite = this.#isPolite(other);
      if (isNew) this.#expectOffer(link);
      if (this.#reachable && link.state === 'new') this.#waits.expect(key(other));
    }
  }

  receive({ sender, signal }: Forwarded): void {
    if (sender.userId === this.#me().userId) return;
    if (signal.s === 'WATCH') {
      if (this.#publishing) (this.link(sender) ?? this.#meet(sender)).peer.offer();
      return;
    }
    // An offer may come before the list that names its sender, which is told at most every 100 ms.
    const link = this.link(sender) ?? (signal.s === 'OFFER' ? this.#meet(sender) : undefined);
    link?.peer.receive(signal);
  }

  /** Media flow to or from somebody, be it a viewer, whom no list names. */
  get isConnected(): boolean {
    return [...this.#links.values()].some(({ state }) => state === 'connected');
  }

  replaceTrack(kind: Kind): void {
    for (const { peer } of this.#links.values()) peer.replaceTrack(kind);
  }

  signalingLost(): void {
    this.#reachable = false;
    this.#waits.keepOnly(new Set());
    for (const { peer } of this.#links.values()) peer.signalingLost();
  }

  signalingBack(): void {
    this.#reachable = true;
    for (const { peer } of this.#links.values()) peer.signalingBack();
  }

  /** Ends every connection; the next list of publishers starts anew. */
  clear(): void {
    for (const link of [...this.#links.values()]) this.#drop(link);
    this.#stuck.clear();
    this.#waits.keepOnly(new Set());
    this.#publishers = [];
  }

  get #publishing(): boolean {
    return this.#place(this.#me()) >= 0;
  }

  #place(address: Address): number {
    return this.#publishers.findIndex((one) => key(one) === key(address));
  }

  /** A member that may not offer gives way, and the later one of two publishers. */
  #isPolite(other: Address): boolean {
    const mine = this.#place(this.#me());
    return mine < 0 || mine > this.#place(other);
  }

  #meet({ userId, sessionId }: Address): PeerLink {
    const address = { userId, sessionId };
    const isCurrent = () => this.link(address) === link;
    const peer = this.#makePeer(address, {
      send: (signal) => this.#send(link, signal),
      streamChanged: (stream) => {
        if (isCurrent()) this.#change(link, { stream });
      },
      connectionChanged: (state) => {
        if (!isCurrent()) return;
        this.#followState(link, state);
        this.#change(link, { state });
      },
      offerEnded: () => this.#handlers.offerEnded(address),
      offerUnanswered: () => this.#offerUnanswered(link),
      gaveUp: (reason) => (reason === 'settings' ? this.#handlers.settingsRefused() : this.#giveUp(link)),
    });
    const link: PeerLink = {
      address,
      peer,
      publishes: false,
      stream: null,
      state: 'new',
      wasConnected: false,
      unanswered: 0,
    };
    peer.polite = this.#isPolite(address);
    peer.iceServers = this.#iceServers;
    this.#links.set(key(address), link);
    return link;
  }

  #followState(link: PeerLink, state: RTCPeerConnectionState): void {
    const id = key(link.address);
    if (state === 'connected') {
      link.unanswered = 0;
      link.wasConnected = true;
      this.#stuck.delete(id);
      this.#waits.end(id);
    } else if (link.publishes && this.#reachable) this.#waits.expect(id);
  }

  #expectOffer(link: PeerLink): void {
    if (link.peer.pc) return;
    if (link.peer.polite && this.#reachable) this.#watch(link);
    this.#env.after(OFFER_EXPECTED_MS, () => {
      if (this.link(link.address) !== link || link.peer.pc) return;
      // Not even the older one waits for ever for somebody who should have asked.
      if (!link.peer.polite && this.#reachable) this.#watch(link);
      if (this.#reachable) this.#stuck.add(key(link.address));
      this.#handlers.changed();
      this.#expectOffer(link);
    });
  }

  /** Asks everybody for an offer: their connections lead to the page before this one, which was reloaded. */
  watchAll(): void {
    for (const link of this.#links.values()) if (link.publishes && !link.peer.polite) this.#watch(link);
  }

  #watch({ address }: PeerLink): void {
    this.#handlers.send({ s: 'WATCH', to: address });
  }

  #send(link: PeerLink, signal: Parameters<PeerHandlers['send']>[0]): void {
    // A new beginning of the media, wanted by a member that may not offer, is for the publisher to make.
    if (signal.s === 'OFFER' && !this.#publishing) this.#watch(link);
    else this.#handlers.send(signal);
  }

  #offerUnanswered(link: PeerLink): void {
    link.unanswered += 1;
    if (link.unanswered > UNANSWERED_OFFERS) this.#giveUp(link);
    else link.peer.offer();
  }

  #change(link: PeerLink, changes: Partial<Pick<PeerLink, 'stream' | 'state'>>): void {
    Object.assign(link, changes);
    this.#handlers.changed();
  }

  #giveUp(link: PeerLink): void {
    this.#stuck.add(key(link.address));
    this.#drop(link);
  }

  /** Ends the media with a publisher that is not listed any more. */
  #part(link: PeerLink): void {
    const how = isSilent(link.peer) ? 'lost' : 'left';
    this.#drop(link);
    // Nothing tells how somebody went whose media never came.
    if (link.wasConnected) this.#handlers.departed(link.address, how);
  }

  /** A publisher that is still in the next list is tried anew then. */
  #drop(link: PeerLink): void {
    if (this.link(link.address) !== link) return;
    this.#links.delete(key(link.address));
    link.peer.close();
    this.#handlers.changed();
  }
}

export function key({ userId, sessionId }: Address): string {
  return `${userId} ${sessionId}`;
}
