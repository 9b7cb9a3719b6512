/**
 * One member of a group: its membership, who publishes, who asks to, and the mesh of media between them.
 * Turns what happens into facts and hands them on after every change. Draws nothing itself.
 */

import type { Kind, LocalMedia } from '../call/media';
import { callPolicy } from '../call/policy';
import {
  type Address,
  type Cancel,
  Code,
  type Connection,
  type Environment,
  type Failure,
  type Forwarded,
  type Identity,
  type JoinAck,
  type Participant,
  type State,
} from '../client';
import { SeatedMembership } from '../seats/seated-membership';
import type { Seats } from '../seats/seats';
import { displayName } from '../ui/names';
import { failureWords, settingsRefusedWords, type Words } from '../ui/words';
import { key, type MakePeer, Mesh } from './mesh';
import type { Facts, Request } from './model';

/** A request that is not answered for so long may be made again. */
const ANSWER_MS = 30_000;
const KINDS: readonly Kind[] = ['audio', 'video'];

export interface GroupHandlers {
  changed(facts: Facts): void;
}

export class Group {
  readonly #url: string;
  readonly #room: string;
  readonly #identity: Identity;
  readonly #media: Pick<LocalMedia, 'isOn'>;
  readonly #env: Environment;
  readonly #seats: Seats;
  readonly #handlers: GroupHandlers;
  readonly mesh: Mesh;
  readonly #facts: Facts = {
    stage: 'lobby',
    unreachable: false,
    offline: false,
    publishers: [],
    publishing: false,
    owner: false,
    returning: false,
    asked: 'no',
    requests: [],
  };
  #membership: SeatedMembership | undefined;
  #answerDue: Cancel | undefined;

  constructor(
    url: string,
    room: string,
    identity: Identity,
    media: Pick<LocalMedia, 'isOn'>,
    env: Environment,
    seats: Seats,
    makePeer: MakePeer,
    handlers: GroupHandlers,
  ) {
    this.#url = url;
    this.#room = room;
    this.#identity = identity;
    this.#media = media;
    this.#env = env;
    this.#seats = seats;
    this.#handlers = handlers;
    this.mesh = new Mesh(() => identity.session(), env, makePeer, {
      send: (signal) => this.#membership?.send(signal),
      changed: () => this.#update({}),
      settingsRefused: () => this.#settingsRefused(),
    });
  }

  get facts(): Readonly<Facts> {
    return this.#facts;
  }

  get connection(): Connection | undefined {
    return this.#membership?.connection;
  }

  join(): void {
    this.#membership?.leave();
    this.#update({ stage: 'joining', unreachable: false, failure: undefined });
    this.#forget();
    const options = { url: this.#url, roomType: 'm2m', roomId: this.#room, environment: this.#env } as const;
    const handlers = {
      joined: (ack: JoinAck) => this.#joined(ack),
      participantsChanged: (publishers: Participant[]) => this.#listChanged(publishers),
      signalReceived: (forwarded: Forwarded) => this.#signalReceived(forwarded),
      gap: () => this.#startAnew(),
      errorReceived: (name: string, code: number) => this.#refused(name, code),
      attemptFailed: () => this.#update({ unreachable: true }),
      stateChanged: (state: State) => {
        if (state === 'reinitializing' || state === 'waitingNetwork') this.#signalingLost();
      },
      over: (failure: Failure) => this.#over(failure),
    };
    const full = { ...options, ...this.#devices() };
    const membership = new SeatedMembership(full, this.#identity, callPolicy, handlers, this.#seats);
    this.#membership = membership;
    if (this.#facts.offline) membership.networkLost();
    membership.join();
  }

  leave(): void {
    this.#membership?.leave();
    this.#forget();
    this.#update({ stage: 'gone' });
  }

  /** Asks the owner to be let in as a publisher. */
  ask(): void {
    const { stage, publishing, asked } = this.#facts;
    if (stage !== 'joined' || publishing || asked === 'waiting') return;
    const { video: ve, audio: ae } = this.#devices();
    if (!this.#membership?.send({ s: 'PUBLISH_REQUEST', ve, ae })) return;
    this.#answerDue?.();
    this.#answerDue = this.#env.after(ANSWER_MS, () => {
      if (this.#facts.asked === 'waiting') this.#update({ asked: 'unanswered' });
    });
    this.#update({ asked: 'waiting', notice: undefined });
  }

  /** The owner's answer to a request. */
  answer({ address }: Request, accepted: boolean): void {
    this.#membership?.send({ s: accepted ? 'PUBLISH_ACCEPT' : 'PUBLISH_REJECT', to: address });
    this.#update({ requests: this.#requestsWithout([address]), notice: undefined });
  }

  mediaChanged(kind: Kind): void {
    this.mesh.replaceTrack(kind);
    if (this.#facts.publishing) this.#sendUpdate();
    this.#update({});
  }

  networkLost(): void {
    this.#update({ offline: true });
    this.#membership?.networkLost();
  }

  networkBack(): void {
    this.#update({ offline: false });
    this.#membership?.networkBack();
  }

  #joined(ack: JoinAck): void {
    this.mesh.iceServers = ack.iceServers;
    if (!ack.resumed) {
      // To the others this is somebody new, and it has not asked for anything yet.
      this.connection?.discardQueued();
      this.#forget();
    }
    this.mesh.signalingBack();
    this.#update({ stage: 'joined', unreachable: false });
  }

  #listChanged(listed: Participant[]): void {
    // An earlier page of this person takes no part any more, and goes by itself.
    const publishers = listed.filter(({ sessionId }) => !this.#seats.isGhost(sessionId));
    this.#publishersChanged(publishers, listed.length > publishers.length);
  }

  #publishersChanged(publishers: Participant[], returning: boolean): void {
    const me = key(this.#identity.session());
    const publishing = publishers.some((one) => key(one) === me);
    const [oldest] = publishers;
    // The server knows one owner only: until the ghost is gone, that is the ghost.
    const owner = !returning && oldest !== undefined && key(oldest) === me;
    const [before] = this.#facts.publishers;
    const sameOwner = before && oldest && key(before) === key(oldest);
    const began = publishing && !this.#facts.publishing;
    // Who has been asked is gone, or the answer has come: either way nobody is waiting for one.
    const asked = publishing || !sameOwner ? 'no' : this.#facts.asked;
    const requests = owner ? this.#requestsWithout(publishers) : [];
    Object.assign(this.#facts, { publishers, publishing, owner, returning, asked, requests });
    this.mesh.update(publishers);
    if (began) {
      for (const kind of KINDS) this.mesh.replaceTrack(kind);
      this.#sendUpdate();
    }
    this.#update({});
  }

  #signalReceived(forwarded: Forwarded): void {
    const { sender, signal } = forwarded;
    this.#seats.heardFrom(sender.sessionId);
    if (signal.s === 'PUBLISH_REQUEST') return this.#requested(sender);
    if (signal.s === 'PUBLISH_REJECT') return this.#update({ asked: 'declined' });
    // That a request was accepted says the list, which follows.
    if (signal.s !== 'PUBLISH_ACCEPT') this.mesh.receive(forwarded);
  }

  #requested({ userId, sessionId }: Address): void {
    const address = { userId, sessionId };
    const request = { address, name: displayName(userId) };
    this.#update({ requests: [...this.#requestsWithout([address]), request] });
  }

  #requestsWithout(addresses: Address[]): Request[] {
    const without = new Set(addresses.map(key));
    return this.#facts.requests.filter(({ address }) => !without.has(key(address)));
  }

  #refused(name: string, code: number): void {
    if (name === 'PUBLISH_ACCEPT') {
      const full = code === Code.ROOM_FULL;
      this.#update({ notice: full ? 'No more people can take part: all places are taken.' : 'That person has left.' });
    }
    if (name === 'PUBLISH_REQUEST') this.#update({ asked: 'no', notice: 'There is nobody to ask right now.' });
  }

  #startAnew(): void {
    const { publishers } = this.#facts;
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
    this.#update({ ...nobody, asked: 'no', requests: [], notice: undefined });
  }

  #over(failure: Failure): void {
    this.#fail(failureWords(failure, 'group'));
  }

  #settingsRefused(): void {
    this.#membership?.leave();
    this.#fail(settingsRefusedWords());
  }

  #fail(failure: Words): void {
    this.#forget();
    this.#update({ stage: 'failed', failure });
  }

  #sendUpdate(): void {
    const { video: ve, audio: ae } = this.#devices();
    this.#membership?.send({ s: 'UPDATE', ve, ae });
  }

  #devices() {
    return { video: this.#media.isOn('video'), audio: this.#media.isOn('audio') };
  }

  #update(changes: Partial<Facts>): void {
    Object.assign(this.#facts, changes);
    this.#handlers.changed(this.#facts);
  }
}
