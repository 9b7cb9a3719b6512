/**
 * A group for tests: peers that only write down what is asked of them, and a server played by the test.
 * Never part of the built page.
 */

import type { Address, ApplicationSignal, Participant, Session } from '../client';
import { FakeWorld, joinAck, ME } from '../client/fake';
import type { PeerHandlers } from '../rtc/peer';
import { FakeBrowser, seatsIn } from '../seats/fake';
import type { ReturningIdentity } from '../seats/seated-membership';
import type { Seats } from '../seats/seats';
import { Group } from './group';
import type { MakePeer, MeshPeer } from './mesh';

export class FakePeer implements MeshPeer {
  polite = true;
  iceServers = [];
  pc: RTCPeerConnection | undefined;
  silentFor: number | undefined;
  readonly done: string[] = [];
  readonly handlers: PeerHandlers;

  constructor(handlers: PeerHandlers) {
    this.handlers = handlers;
  }

  offer = () => this.#begin('offer');
  receive = ({ s }: ApplicationSignal) => this.#begin(s);
  silence = () => this.silentFor;
  replaceTrack = (kind: string) => void this.done.push(`replace ${kind}`);
  signalingLost = () => void this.done.push('lost');
  signalingBack = () => void this.done.push('back');
  close = () => void this.done.push('close');

  #begin(what: string): void {
    this.pc = {} as RTCPeerConnection;
    this.done.push(what);
  }
}

export function peers() {
  const made = new Map<string, FakePeer>();
  const makePeer: MakePeer = ({ userId }, handlers) => {
    const peer = new FakePeer(handlers);
    made.set(userId, peer);
    return peer;
  };
  return { made, makePeer };
}

/** The session of somebody else; `u1` is this member itself. */
export function session(userId: string): Session {
  return { ...ME, userId, sessionId: `s${userId.slice(1)}` };
}

export function address(userId: string): Address {
  const { sessionId } = session(userId);
  return { userId, sessionId };
}

/** A list of publishers by their user ids, oldest first. */
export function publishers(...userIds: string[]): Participant[] {
  return userIds.map((userId, place) => ({
    ...session(userId),
    role: place === 0 ? 'admin' : 'publisher',
    video: true,
    audio: true,
    publish: true,
  }));
}

/** A member that has joined a group in which these people publish. */
export function joinedGroup(...userIds: string[]) {
  const world = new FakeWorld();
  return joinGroup(world, seatsIn(new FakeBrowser(), world.now, 'm2m.demo'), publishers(...userIds));
}

/** A member that has come back to a group in which an earlier page of it still is, as the session `ghost`. */
export async function groupWithGhost(...others: string[]) {
  const [world, browser] = [new FakeWorld(), new FakeBrowser()];
  seatsIn(browser, world.now, 'm2m.demo').taken({ userId: 'u1', sessionId: 'ghost' }, 13_000);
  browser.crash('ghost');
  const seats = seatsIn(browser, world.now, 'm2m.demo');
  await seats.look();
  const [ghost] = publishers('u1');
  const listed = [{ ...ghost, sessionId: 'ghost' } as Participant, ...publishers(...others, 'u1')];
  return joinGroup(world, seats, listed);
}

function joinGroup(world: FakeWorld, seats: Seats, pps: Participant[]) {
  const { made, makePeer } = peers();
  let lateAnswers = 0;
  let me = ME;
  const identity: ReturningIdentity = {
    session: () => me,
    resume: () => undefined,
    keep() {},
    renew() {},
    adopt: (userId) => {
      me = { ...me, userId, sessionId: `${me.sessionId}+` };
    },
  };
  const media = { isOn: (kind: string) => kind === 'audio' };
  const group = new Group('ws://host/ws', 'demo', identity, media, world, seats, makePeer, {
    changed() {},
    letInLate: () => {
      lateAnswers += 1;
    },
  });
  group.join();
  world.socket.open().receive(joinAck({ pps }));
  let sequence = 0;
  const numbered = (message: object) => {
    sequence += 1;
    world.socket.receive({ ...message, sq: sequence });
  };
  /** Lets time pass at a server that answers. */
  const pass = (ms: number) => {
    for (let left = ms; left > 0; left -= 1000) {
      world.advance(Math.min(left, 1000));
      world.socket.receive({ c: 200, s: 'HEARTBEAT', b: {} });
    }
  };
  return {
    world,
    group,
    made,
    pass,
    late: () => lateAnswers,
    sent: () => world.socket.sent.slice(1).map(({ data }) => ({ s: data.s, to: data.to })),
    listChanges: (...now: string[]) => numbered({ c: 200, s: 'PUBLISH_LIST_CHANGED', b: { pps: publishers(...now) } }),
    says: (userId: string, signal: object) => numbered({ ...signal, ch: 'm2m', rid: 'demo', ss: session(userId) }),
    refuses: (s: string, c: number) => world.socket.receive({ c, s, b: { msg: '' } }),
  };
}
