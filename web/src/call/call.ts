/**
 * One call of this page: the membership, the other person and the media between the two, kept together. Turns events
 * into the state of the page and hands it on after every change. Draws nothing itself.
 */

import {
  type Address,
  type Attempt,
  Code,
  type Connection,
  type Environment,
  type Failure,
  type Forwarded,
  type Identity,
  type JoinAck,
  type Participant,
} from '../client';
import type { Kind, LocalMedia } from '../rtc/media';
import type { GiveUpReason } from '../rtc/peer';
import { seatPolicy } from '../rtc/policy';
import { RoomEntry } from '../rtc/room-entry';
import type { Departure } from '../rtc/silence';
import type { Seats } from '../seats/seats';
import { displayName, memberName } from '../ui/names';
import { failureMessage, noWayThroughMessage, settingsRefusedMessage, type UserMessage } from '../ui/user-messages';
import { Companion, isLater } from './companion';
import type { PageState } from './model';
import { PageStateStore } from './page-state';

export interface CallHandlers {
  changed(pageState: PageState): void;
  streamChanged(stream: MediaStream | null): void;
}

export class Call {
  readonly #entry: RoomEntry<Identity>;
  readonly #pageState: PageStateStore;
  readonly #companion: Companion;
  #offerOnList = false;

  constructor(
    url: string,
    room: string,
    identity: Identity,
    media: LocalMedia,
    env: Environment,
    seats: Seats,
    handlers: CallHandlers,
  ) {
    this.#entry = new RoomEntry(url, 'p2p', room, identity, media, env, seats);
    this.#pageState = new PageStateStore(env, (pageState) => handlers.changed(pageState));
    this.#companion = new Companion(media, env, {
      send: (signal) => this.#entry.send(signal),
      streamChanged: (stream) => handlers.streamChanged(stream),
      connectionChanged: (state) => this.#connectionChanged(state),
      offerEnded: (to) => this.connection?.offerEnded(to),
      mediaFailed: () => this.connection?.observe('criticalFailure'),
      unreachable: (reason) => this.#noWayThrough(reason),
      outOfSight: () => this.#pageState.update({ outOfSight: true }),
      departed: (userId, how) => this.#departed(userId, how),
    });
    media.onchange = (kind) => this.#mediaChanged(kind);
  }

  get connection(): Connection | undefined {
    return this.#entry.connection;
  }

  get stage(): PageState['stage'] {
    return this.#pageState.now.stage;
  }

  get pc(): RTCPeerConnection | undefined {
    return this.#companion.peer?.pc;
  }

  join(): void {
    this.#entry.leave();
    this.#pageState.update({
      stage: 'joining',
      returning: false,
      notOpened: false,
      unreachable: false,
      failure: undefined,
      departed: undefined,
    });
    this.#companion.reset();
    this.#forgetPeer();
    const policy = seatPolicy(() => this.#entry.seats.areHeldByGhost);
    const handlers = {
      joined: (ack: JoinAck) => this.#joined(ack),
      participantsChanged: (participants: Participant[]) => this.#participantsChanged(participants),
      signalReceived: (forwarded: Forwarded) => this.#signalReceived(forwarded),
      gap: () => this.#companion.peer?.offer(),
      attemptFailed: () => this.#pageState.update({ unreachable: true }),
      interrupted: () => this.#signalingLost(),
      retrying: (failure: Failure, attempt: Attempt) => this.#retrying(failure, attempt),
      over: (failure: Failure) => this.#over(failure),
    };
    this.#entry.join(policy, handlers, this.#pageState.now.offline);
  }

  /** Looks for another way through the network for picture and sound. */
  restartMedia(): void {
    this.#companion.peer?.restart();
  }

  leave(): void {
    this.#entry.leave();
    this.#dropPeer();
    this.#pageState.update({ stage: 'gone' });
  }

  /** Ends the way in, for a reason that was found out elsewhere. */
  refuse(failure: UserMessage): void {
    const { stage } = this.#pageState.now;
    if (stage === 'joined' || stage === 'recovering') return;
    this.#entry.leave();
    this.#dropPeer();
    this.#pageState.update({ stage: 'failed', failure });
  }

  networkLost(): void {
    this.#pageState.update({ offline: true });
    this.#entry.networkLost();
  }

  networkBack(): void {
    this.#pageState.update({ offline: false });
    this.#entry.networkBack();
  }

  #signalingLost(): void {
    this.#companion.peer?.signalingLost();
    this.#pageState.update({ stage: 'recovering' });
  }

  #joined(ack: JoinAck): void {
    this.#companion.iceServers = ack.iceServers;
    if (!ack.resumed) {
      // To the others this is somebody new: what was meant for the media of before is of no use to them.
      this.connection?.discardQueued();
      this.#dropPeer();
    }
    this.#companion.peer?.signalingBack();
    this.#offerOnList = !this.pc;
    this.#pageState.update({ stage: 'joined', returning: false, notOpened: false, unreachable: false });
  }

  #participantsChanged(participants: Participant[]): void {
    const me = this.#entry.identity.session();
    // An earlier page of this person will never answer, and goes by itself.
    const other = participants.find(
      (one) => one.userId !== me.userId && one.category === 'stream' && !this.#entry.seats.isGhost(one.sessionId),
    );
    if (other) this.#otherPresent(other, participants);
    else this.#companion.absent();
    this.#offerOnList = false;
  }

  #otherPresent(other: Participant, participants: Participant[]): void {
    const polite = isLater(this.#entry.identity.session(), other, participants);
    if (this.#companion.is(other)) this.#companion.present();
    else this.#meet(other, polite);
    const { peer } = this.#companion;
    if (peer) peer.polite = polite;
    if (this.#offerOnList) peer?.offer();
    const { video, audio } = other;
    this.#pageState.update({ other: { name: memberName(other), video, audio }, outOfSight: false });
  }

  #meet(other: Address, polite: boolean): void {
    this.#companion.meet(other, polite);
    this.#forgetPeer();
    this.#pageState.update({ departed: undefined });
  }

  #signalReceived({ sender, signal }: Forwarded): void {
    const me = this.#entry.identity.session();
    if (sender.userId === me.userId || sender.category !== 'stream') return;
    this.#entry.seats.heardFrom(sender.sessionId);
    // The offer of somebody new may come before the list that names them, which is told at most every 100 ms.
    if (!this.#companion.is(sender) && signal.s === 'OFFER') {
      this.#meet(sender, isLater(me, sender, []));
      this.#pageState.update({ other: { name: displayName(sender.userId), video: true, audio: true } });
    }
    if (this.#companion.is(sender)) this.#companion.peer?.receive(signal);
  }

  #connectionChanged(media: RTCPeerConnectionState): void {
    this.#pageState.update({ media, everConnected: this.#pageState.now.everConnected || media === 'connected' });
  }

  #noWayThrough(reason: GiveUpReason): void {
    const name = this.#pageState.now.other?.name ?? 'the other person';
    this.#entry.leave();
    this.#dropPeer();
    this.#pageState.update({
      stage: 'failed',
      failure: reason === 'settings' ? settingsRefusedMessage() : noWayThroughMessage(name),
    });
  }

  #departed(userId: string, how: Departure): void {
    const name = this.#pageState.now.other?.name ?? displayName(userId);
    this.#dropPeer();
    this.#pageState.update({ departed: { name, how } });
  }

  #dropPeer(): void {
    this.#companion.drop();
    this.#forgetPeer();
  }

  #forgetPeer(): void {
    this.#pageState.update({ other: undefined, media: 'new', everConnected: false, outOfSight: false });
  }

  #retrying(failure: Failure, { waiting }: Attempt): void {
    if (failure.kind === 'noAnswer') {
      // A page that was never in the call is still on the way in.
      if (this.#pageState.now.stage !== 'joining') this.#pageState.update({ stage: 'recovering' });
      return;
    }
    if (failure.kind !== 'refused' || !waiting) return;
    if (failure.code !== Code.ROOM_FULL) return this.#pageState.update({ stage: 'joining', notOpened: true });
    this.#pageState.update({ stage: 'joining', returning: true });
    // Another page of this person may have taken the seat meanwhile.
    void this.#entry.seats.look();
  }

  #over(failure: Failure): void {
    this.#dropPeer();
    const message =
      failure.kind === 'refused' && failure.code === Code.ALREADY_EXIST_ROOM
        ? { title: 'The call could not be joined', detail: 'Try again in a moment.', canRetry: true }
        : failureMessage(failure, 'call');
    this.#pageState.update({ stage: 'failed', failure: message });
  }

  #mediaChanged(kind: Kind): void {
    this.#companion.peer?.replaceTrack(kind);
    const { stage } = this.#pageState.now;
    if (stage === 'joined' || stage === 'recovering') this.#entry.sendUpdate();
    this.#pageState.update({});
  }
}
