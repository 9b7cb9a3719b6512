/**
 * One call of this page: the membership, the other person and the media between the two, kept together.
 * Turns what happens into facts and hands them on after every change. Draws nothing itself.
 */

import type { Identity } from '../client';
import {
  type ApplicationSignal,
  Code,
  type Connection,
  type Environment,
  type Failure,
  type Forwarded,
  type IceServer,
  type JoinAck,
  Membership,
  type Participant,
} from '../client';
import { displayName } from '../ui/names';
import { failureWords, noWayThroughWords, settingsRefusedWords, type Words } from '../ui/words';
import { CallFacts } from './facts';
import type { Kind, LocalMedia } from './media';
import type { Facts } from './model';
import { Peer } from './peer';
import { seatPolicy } from './policy';
import type { Seats } from './seats';

/** How long the one who came later is given to send its offer. */
const OFFER_EXPECTED_MS = 5000;
const UNANSWERED_OFFERS = 3;

export interface CallHandlers {
  changed(facts: Facts): void;
  streamChanged(stream: MediaStream | null): void;
}

export class Call {
  readonly #url: string;
  readonly #room: string;
  readonly #identity: Identity;
  readonly #media: LocalMedia;
  readonly #env: Environment;
  readonly #seats: Seats;
  readonly #handlers: CallHandlers;
  readonly #facts: CallFacts;
  #membership: Membership | undefined;
  #peer: Peer | undefined;
  #iceServers: IceServer[] = [];
  #offerOnList = false;
  #unanswered = 0;

  constructor(
    url: string,
    room: string,
    identity: Identity,
    media: LocalMedia,
    env: Environment,
    seats: Seats,
    handlers: CallHandlers,
  ) {
    this.#url = url;
    this.#room = room;
    this.#identity = identity;
    this.#media = media;
    this.#env = env;
    this.#seats = seats;
    this.#handlers = handlers;
    this.#facts = new CallFacts(env, (facts) => handlers.changed(facts));
    media.onchange = (kind) => this.#mediaChanged(kind);
  }

  get connection(): Connection | undefined {
    return this.#membership?.connection;
  }

  get pc(): RTCPeerConnection | undefined {
    return this.#peer?.pc;
  }

  join(): void {
    this.#membership?.leave();
    this.#facts.update({
      stage: 'joining',
      returning: false,
      unreachable: false,
      failure: undefined,
      departed: undefined,
    });
    this.#dropPeer();
    this.#unanswered = 0;
    const options = { url: this.#url, roomType: 'p2p', roomId: this.#room, environment: this.#env } as const;
    const policy = seatPolicy(() => this.#seats.areHeldByGhost);
    const membership: Membership = new Membership({ ...options, ...this.#publishing() }, this.#identity, policy, {
      joined: (ack) => this.#joined(ack),
      participantsChanged: (participants) => this.#participantsChanged(participants),
      signalReceived: (forwarded) => this.#signalReceived(forwarded),
      gap: () => this.#peer?.offer(),
      attemptFailed: () => this.#facts.update({ unreachable: true }),
      stateChanged: (state) => {
        if (state === 'reinitializing' || state === 'waitingNetwork') this.#signalingLost();
      },
      retrying: (failure) => this.#retrying(failure),
      over: (failure) => this.#over(failure),
    });
    this.#membership = membership;
    if (this.#facts.now.offline) membership.networkLost();
    membership.join();
  }

  /** Looks for another way through the network for picture and sound. */
  restartMedia(): void {
    this.#peer?.restart();
  }

  leave(): void {
    this.#sayGoodbye();
    this.#dropPeer();
    this.#facts.update({ stage: 'gone' });
  }

  networkLost(): void {
    this.#facts.update({ offline: true });
    this.#membership?.networkLost();
  }

  networkBack(): void {
    this.#facts.update({ offline: false });
    this.#membership?.networkBack();
  }

  #signalingLost(): void {
    this.#peer?.signalingLost();
    this.#facts.update({ stage: 'recovering' });
  }

  #joined(ack: JoinAck): void {
    const { interval, timeout } = ack.heartbeat;
    this.#seats.taken(this.#identity.session().sessionId, interval + timeout);
    this.#iceServers = ack.iceServers;
    if (this.#peer) this.#peer.iceServers = ack.iceServers;
    if (!ack.resumed) {
      // To the others this is somebody new: what was meant for the media of before is of no use to them.
      this.connection?.discardQueued();
      this.#dropPeer();
    }
    this.#peer?.signalingBack();
    this.#offerOnList = !this.#peer?.pc;
    this.#facts.update({ stage: 'joined', returning: false, unreachable: false });
  }

  #participantsChanged(participants: Participant[]): void {
    // The list comes with every answer to a heartbeat.
    this.#seats.confirmed();
    const me = this.#identity.session().userId;
    const other = participants.find((one) => one.userId !== me && one.category === 'stream');
    if (!other) {
      if (this.#peer) this.#departed(this.#peer);
    } else {
      if (!this.#isPeer(other)) this.#meet(other, participants);
      if (this.#peer) this.#peer.polite = isLater(me, other.userId, participants);
      if (this.#offerOnList) this.#peer?.offer();
      const { video, audio } = other;
      this.#facts.update({ other: { name: displayName(other.userId), video, audio } });
    }
    this.#offerOnList = false;
  }

  #isPeer({ userId, sessionId }: { userId: string; sessionId: string }): boolean {
    return this.#peer?.address.userId === userId && this.#peer.address.sessionId === sessionId;
  }

  #meet({ userId, sessionId }: { userId: string; sessionId: string }, participants: Participant[]): void {
    this.#dropPeer();
    const polite = isLater(this.#identity.session().userId, userId, participants);
    const peer: Peer = new Peer({ userId, sessionId }, polite, this.#iceServers, this.#media, this.#env, {
      send: (signal) => this.#membership?.send(signal),
      streamChanged: (stream) => this.#handlers.streamChanged(stream),
      connectionChanged: (media) => this.#connectionChanged(media),
      offerUnanswered: () => this.#offerUnanswered(peer),
      gaveUp: () => this.#noWayThrough(),
      settingsRefused: () => this.#fail(settingsRefusedWords()),
    });
    this.#peer = peer;
    this.#env.after(OFFER_EXPECTED_MS, () => {
      if (this.#peer === peer && !peer.pc) peer.offer();
    });
    this.#facts.update({ departed: undefined, media: 'new', everConnected: false });
  }

  #signalReceived({ sender, signal }: Forwarded): void {
    if (sender.userId === this.#identity.session().userId || sender.category !== 'stream') return;
    // The offer of somebody new may come before the list that names them, which is told at most every 100 ms.
    if (!this.#isPeer(sender) && signal.s === 'OFFER') {
      this.#meet(sender, []);
      this.#facts.update({ other: { name: displayName(sender.userId), video: true, audio: true } });
    }
    if (this.#isPeer(sender)) this.#peer?.receive(signal);
  }

  #connectionChanged(media: RTCPeerConnectionState): void {
    if (media === 'connected') this.#unanswered = 0;
    this.#facts.update({ media, everConnected: this.#facts.now.everConnected || media === 'connected' });
  }

  #offerUnanswered(peer: Peer): void {
    if (this.#peer !== peer) return;
    this.#unanswered += 1;
    if (this.#unanswered > UNANSWERED_OFFERS) return this.#noWayThrough();
    this.connection?.recover();
    peer.offer();
  }

  #noWayThrough(): void {
    const name = this.#facts.now.other?.name ?? 'the other person';
    this.#fail(noWayThroughWords(name));
  }

  #fail(failure: Words): void {
    this.#sayGoodbye();
    this.#dropPeer();
    this.#facts.update({ stage: 'failed', failure });
  }

  #sayGoodbye(): void {
    if (this.#membership?.leave() ?? true) this.#seats.release();
    else this.#seats.abandon();
  }

  #departed(peer: Peer): void {
    this.#dropPeer();
    this.#facts.update({ departed: displayName(peer.address.userId) });
  }

  #dropPeer(): void {
    this.#peer?.close();
    this.#peer = undefined;
    this.#handlers.streamChanged(null);
    this.#facts.update({ other: undefined, media: 'new', everConnected: false });
  }

  #retrying(failure: Failure): void {
    if (failure.kind === 'noAnswer') return this.#facts.update({ stage: 'recovering' });
    if (failure.kind !== 'refused' || failure.code !== Code.ROOM_FULL) return;
    this.#facts.update({ stage: 'joining', returning: true });
    // Another page of this person may have taken the seat meanwhile.
    void this.#seats.look();
  }

  #over(failure: Failure): void {
    this.#seats.release();
    this.#dropPeer();
    const words =
      failure.kind === 'refused' && failure.code === Code.ALREADY_EXIST_ROOM
        ? { title: 'The call could not be joined', detail: 'Try again in a moment.', canRetry: true }
        : failureWords(failure, 'call');
    this.#facts.update({ stage: 'failed', failure: words });
  }

  #mediaChanged(kind: Kind): void {
    this.#peer?.replaceTrack(kind);
    const { video: ve, audio: ae } = this.#publishing();
    const update: ApplicationSignal = { s: 'UPDATE', ve, ae };
    const { stage } = this.#facts.now;
    if (stage === 'joined' || stage === 'recovering') this.#membership?.send(update);
    this.#facts.update({});
  }

  #publishing() {
    return { video: this.#media.isOn('video'), audio: this.#media.isOn('audio') };
  }
}

function isLater(me: string, other: string, participants: Participant[]): boolean {
  const place = (userId: string) => participants.findIndex((one) => one.userId === userId);
  return place(me) > place(other);
}
