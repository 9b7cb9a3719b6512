/**
 * One member of a group: its membership, the publishers, the requests to publish, and the mesh of media between them. Turns events
 * into the state of the page and hands it on after every change. Draws nothing itself.
 */

import {
  type Attempt,
  type Cancel,
  Code,
  type Connection,
  type Environment,
  type Failure,
  type Forwarded,
  type JoinAck,
  type Participant,
} from '../client';
import type { Kind, LocalMedia } from '../rtc/media';
import { callPolicy } from '../rtc/policy';
import { RoomEntry } from '../rtc/room-entry';
import type { Departure } from '../rtc/silence';
import type { ReturningIdentity } from '../seats/seated-membership';
import type { Seats } from '../seats/seats';
import { memberName } from '../ui/names';
import { failureMessage, settingsRefusedMessage, type UserMessage } from '../ui/user-messages';
import { listChange } from './list-change';
import { type MakePeer, Mesh } from './mesh';
import { INITIAL_STATE, type PageState } from './model';
import { type Request, withoutRequests, withRequest } from './requests';

/** A request that is not answered for so long may be made again. */
const ANSWER_MS = 30_000;
/** Time to read that somebody is gone. */
export const DEPARTED_SHOWN_MS = 8000;
const KINDS: readonly Kind[] = ['audio', 'video'];

/** Said where an answer comes after its request was given up. */
const LET_IN_LATE = 'You were let in. Your camera and microphone are off.';

export interface GroupHandlers {
  changed(pageState: PageState): void;
  /** A request was granted after it was given up: called before the member counts as publishing. */
  letInLate?(): void;
}

export class Group {
  readonly #entry: RoomEntry<ReturningIdentity>;
  readonly #env: Environment;
  readonly #handlers: GroupHandlers;
  readonly mesh: Mesh;
  readonly #pageState: PageState = { ...INITIAL_STATE };
  /** Counts the questions for devices: the answer to an earlier one asks nobody. */
  #devicesAsked = 0;
  #answerDue: Cancel | undefined;
  #departureRead: Cancel | undefined;
  /** The list of publishers before the newest one: whoever is gone still stands in it. */
  #listedBefore: Participant[] = [];
  /** This page is the reload of one whose place it has taken. */
  #returned = false;

  constructor(
    url: string,
    room: string,
    identity: ReturningIdentity,
    media: Pick<LocalMedia, 'isOn'>,
    env: Environment,
    seats: Seats,
    makePeer: MakePeer,
    handlers: GroupHandlers,
  ) {
    this.#entry = new RoomEntry(url, 'm2m', room, identity, media, env, seats);
    this.#env = env;
    this.#handlers = handlers;
    this.mesh = new Mesh(() => identity.session(), env, makePeer, {
      send: (signal) => this.#entry.send(signal),
      offerEnded: (to) => this.connection?.offerEnded(to),
      changed: () => this.#update({}),
      departed: ({ userId }, how) => this.#departed(userId, how),
      settingsRefused: () => this.#settingsRefused(),
    });
  }

  get pageState(): Readonly<PageState> {
    return this.#pageState;
  }

  get connection(): Connection | undefined {
    return this.#entry.connection;
  }

  /** Somebody would notice that this member goes: another publisher, or a viewer. Nobody notices a viewer that goes. */
  get isMissed(): boolean {
    const { publishing, publishers } = this.#pageState;
    return publishing && (publishers.length > 1 || this.mesh.isConnected);
  }

  join(): void {
    this.#entry.leave();
    this.#update({ stage: 'joining', notOpened: false, unreachable: false, failure: undefined });
    this.#forget();
    const handlers = {
      joined: (ack: JoinAck) => this.#joined(ack),
      participantsChanged: (publishers: Participant[]) => this.#listChanged(publishers),
      signalReceived: (forwarded: Forwarded) => this.#signalReceived(forwarded),
      gap: () => this.#startAnew(),
      errorReceived: (name: string, code: number) => this.#refused(name, code),
      attemptFailed: () => this.#update({ unreachable: true }),
      interrupted: () => this.#signalingLost(),
      retrying: (_: Failure, { waiting }: Attempt) => {
        if (waiting) this.#update({ stage: 'joining', notOpened: true });
      },
      over: (failure: Failure) => this.#over(failure),
    };
    this.#entry.join(callPolicy, handlers, this.#pageState.offline);
  }

  leave(): void {
    this.#entry.leave();
    this.#forget();
    this.#update({ stage: 'gone' });
  }

  /** Fails before the room is joined, for a reason that was found out elsewhere. */
  refuse(message: UserMessage): void {
    if (this.#pageState.stage === 'joined' || this.#pageState.stage === 'recovering') return;
    this.#entry.leave();
    this.#fail(message);
  }

  /** The page goes away. The place is kept for as long as a reload takes; the server gives up a member that does not return. */
  suspend(): void {
    this.mesh.clear();
  }

  /** Takes the devices, and then asks the owner, unless the person has left or given up by then. */
  async askWith(devices: () => Promise<void>): Promise<void> {
    const { stage, publishing, asked } = this.#pageState;
    if (stage !== 'joined' || publishing || asked === 'permission' || asked === 'waiting') return;
    this.#devicesAsked += 1;
    const turn = this.#devicesAsked;
    this.#update({ asked: 'permission', notice: undefined });
    await devices();
    if (turn !== this.#devicesAsked || this.#pageState.asked !== 'permission') return;
    this.ask();
    if (this.#pageState.asked === 'permission') this.#update({ asked: 'no' });
  }

  /** Asks the owner to be let in as a publisher. */
  ask(): void {
    const { stage, publishing, asked } = this.#pageState;
    if (stage !== 'joined' || publishing || asked === 'waiting') return;
    if (!this.#entry.requestToPublish()) return;
    this.#answerDue?.();
    this.#answerDue = this.#env.after(ANSWER_MS, () => {
      if (this.#pageState.asked === 'waiting') this.#update({ asked: 'unanswered' });
    });
    this.#update({ asked: 'waiting', notice: undefined });
  }

  /**
   * Takes a request back: there is no signal for that, so the member leaves and joins anew, as another session of the
   * same user. An answer to the request finds nobody.
   */
  withdraw(): void {
    if (this.#pageState.asked === 'permission') this.#update({ asked: 'no' });
    if (this.#pageState.asked !== 'waiting') return;
    this.#entry.leave();
    this.#entry.identity.adopt(this.#entry.identity.session().userId);
    this.join();
  }

  /** Looks anew for a way to those whose media did not come about. */
  tryRoutes(): void {
    this.#startAnew();
  }

  /** The owner's answer to a request. */
  answer({ address }: Request, accepted: boolean): void {
    this.#entry.send({ s: accepted ? 'PUBLISH_ACCEPT' : 'PUBLISH_REJECT', to: address });
    this.#update({ requests: withoutRequests(this.#pageState.requests, [address]), notice: undefined });
  }

  mediaChanged(kind: Kind): void {
    this.mesh.replaceTrack(kind);
    if (this.#pageState.publishing) this.#entry.sendUpdate();
    this.#update({});
  }

  networkLost(): void {
    this.#update({ offline: true });
    this.#entry.networkLost();
  }

  networkBack(): void {
    this.#update({ offline: false });
    this.#entry.networkBack();
  }

  #joined(ack: JoinAck): void {
    this.mesh.iceServers = ack.iceServers;
    this.#returned = ack.resumed && this.#pageState.publishers.length === 0;
    if (!ack.resumed) {
      // To the others this is somebody new, and it has not asked for anything yet.
      this.connection?.discardQueued();
      this.#forget();
    }
    this.mesh.signalingBack();
    this.#update({ stage: 'joined', notOpened: false, unreachable: false });
  }

  #listChanged(listed: Participant[]): void {
    // An earlier page of this person takes no part any more, and goes by itself.
    const publishers = listed.filter(({ sessionId }) => !this.#entry.seats.isGhost(sessionId));
    this.#publishersChanged(publishers, listed.length > publishers.length);
  }

  #publishersChanged(publishers: Participant[], returning: boolean): void {
    const { pageState, began, isLate } = listChange(
      this.#pageState,
      this.#entry.identity.session(),
      publishers,
      returning,
    );
    if (isLate) this.#handlers.letInLate?.();
    this.#listedBefore = this.#pageState.publishers;
    Object.assign(this.#pageState, pageState);
    this.mesh.update(publishers);
    if (this.#returned && pageState.publishing) this.mesh.watchAll();
    this.#returned = false;
    if (began) {
      for (const kind of KINDS) this.mesh.replaceTrack(kind);
      this.#entry.sendUpdate();
    }
    this.#update(isLate ? { notice: LET_IN_LATE } : {});
  }

  #signalReceived(forwarded: Forwarded): void {
    const { sender, signal } = forwarded;
    this.#entry.seats.heardFrom(sender.sessionId);
    if (signal.s === 'PUBLISH_REQUEST') {
      return this.#update({ requests: withRequest(this.#pageState.requests, sender) });
    }
    if (signal.s === 'PUBLISH_REJECT') return this.#update({ asked: 'declined' });
    // The list, which follows, says that a request was accepted.
    if (signal.s !== 'PUBLISH_ACCEPT') this.mesh.receive(forwarded);
  }

  #refused(name: string, code: number): void {
    if (name === 'PUBLISH_ACCEPT') {
      const full = code === Code.ROOM_FULL;
      this.#update({ notice: full ? 'No more people can take part: all places are taken.' : 'That person has left.' });
    }
    if (name === 'PUBLISH_REQUEST') this.#update({ asked: 'no', notice: 'There is nobody to ask right now.' });
  }

  #departed(userId: string, how: Departure): void {
    this.#departureRead?.();
    this.#departureRead = this.#env.after(DEPARTED_SHOWN_MS, () => this.#update({ departed: undefined }));
    const member = this.#listedBefore.find((one) => one.userId === userId) ?? { userId };
    this.#update({ departed: { name: memberName(member), how } });
  }

  #startAnew(): void {
    const { publishers } = this.#pageState;
    this.mesh.clear();
    this.mesh.update(publishers);
  }

  #signalingLost(): void {
    this.mesh.signalingLost();
    this.#update({ stage: 'recovering' });
  }

  #forget(): void {
    this.mesh.clear();
    const nobody = { publishers: [], publishing: false, owner: false, returning: false };
    this.#departureRead?.();
    this.#update({ ...nobody, asked: 'no', requests: [], notice: undefined, departed: undefined });
  }

  #over(failure: Failure): void {
    this.#fail(failureMessage(failure, 'group'));
  }

  #settingsRefused(): void {
    this.#entry.leave();
    this.#fail(settingsRefusedMessage());
  }

  #fail(failure: UserMessage): void {
    this.#forget();
    this.#update({ stage: 'failed', failure });
  }

  #update(changes: Partial<PageState>): void {
    Object.assign(this.#pageState, changes);
    const unreached = this.#pageState.publishers.filter((one) => this.mesh.isUnreached(one));
    this.#pageState.unreached = unreached.map(memberName);
    this.#handlers.changed(this.#pageState);
  }
}
