import { describe, expect, test } from 'vitest';
import type { ApplicationSignal } from '../client';
import { FakeWorld } from '../client/fake';
import { address, peers, publishers, session } from './fake';
import { Mesh } from './mesh';

function mesh() {
  const world = new FakeWorld();
  const { made, makePeer } = peers();
  const sent: ApplicationSignal[] = [];
  const departures: string[] = [];
  const member = new Mesh(() => session('u1'), world, makePeer, {
    send: (signal) => sent.push(signal),
    offerEnded() {},
    changed() {},
    departed: ({ userId }, how) => departures.push(`${userId} ${how}`),
    settingsRefused() {},
  });
  let sequence = 0;
  const receive = (userId: string, signal: ApplicationSignal) => {
    sequence += 1;
    member.receive({ kind: 'forwarded', sequence, sender: session(userId), signal });
  };
  return { world, made, sent, departures, member, receive, done: (userId: string) => made.get(userId)?.done };
}

const watch = (userId: string) => ({ s: 'WATCH', to: address(userId) });
const WATCH_ME = { s: 'WATCH', to: address('u1') } as const;
const OFFER = { s: 'OFFER', sdp: 'v=0' } as const;

describe('a viewer', () => {
  test('watches every publisher', () => {
    const { sent, member } = mesh();
    member.update(publishers('u2', 'u3'));
    member.update(publishers('u2', 'u3'));
    expect(sent).toEqual([watch('u2'), watch('u3')]);
  });

  test('asks again while no offer comes, and only then', () => {
    const { world, sent, member, receive } = mesh();
    member.update(publishers('u2', 'u3'));
    receive('u2', OFFER);
    world.advance(5000);
    expect(sent.slice(2)).toEqual([watch('u3')]);
  });

  test('does not ask while the server is out of reach', () => {
    const { world, sent, member } = mesh();
    member.update(publishers('u2'));
    member.signalingLost();
    world.advance(60_000);
    expect(sent).toHaveLength(1);
    member.signalingBack();
    world.advance(5000);
    expect(sent).toHaveLength(2);
  });

  test('asks for an offer instead of making one', () => {
    const { made, sent, member } = mesh();
    member.update(publishers('u2'));
    made.get('u2')?.handlers.send(OFFER);
    made.get('u2')?.handlers.send({ s: 'ANSWER', sdp: 'v=0' });
    expect(sent.map(({ s }) => s)).toEqual(['WATCH', 'WATCH', 'ANSWER']);
  });

  test('is never watched', () => {
    const { made, member, receive } = mesh();
    member.update(publishers('u2'));
    receive('u3', WATCH_ME);
    expect([...made.keys()]).toEqual(['u2']);
  });

  test('takes an offer that comes before the list that names its sender', () => {
    const { member, receive, done, sent } = mesh();
    receive('u2', OFFER);
    member.update(publishers('u2'));
    expect(done('u2')).toEqual(['OFFER']);
    expect(sent).toEqual([]);
  });
});

describe('a publisher', () => {
  test('offers to who watches, each time from the beginning', () => {
    const { member, receive, done } = mesh();
    member.update(publishers('u1'));
    receive('u2', WATCH_ME);
    receive('u2', WATCH_ME);
    expect(done('u2')).toEqual(['offer', 'offer']);
  });

  test('lets the later one of two publishers ask, and asks itself when that does not', () => {
    const { world, sent, made, member } = mesh();
    member.update(publishers('u2', 'u1', 'u3'));
    expect(sent).toEqual([watch('u2')]);
    expect([made.get('u2')?.polite, made.get('u3')?.polite]).toEqual([true, false]);
    world.advance(5000);
    expect(sent).toContainEqual(watch('u3'));
  });

  test('keeps the connection with a viewer who becomes a publisher', () => {
    const { member, receive, done, sent } = mesh();
    member.update(publishers('u1'));
    receive('u2', WATCH_ME);
    member.update(publishers('u1', 'u2'));
    expect(done('u2')).toEqual(['offer']);
    expect(sent).toEqual([]);
  });

  test('gives a viewer up who answers none of three offers', () => {
    const { made, member, receive, done } = mesh();
    member.update(publishers('u1'));
    receive('u2', WATCH_ME);
    for (let times = 0; times < 3; times += 1) made.get('u2')?.handlers.offerUnanswered();
    expect(done('u2')).toEqual(['offer', 'offer', 'offer', 'close']);
    expect(member.link(address('u2'))).toBeUndefined();
  });
});

describe('a mesh', () => {
  test('ends the connection with a publisher that is gone, and with no other', () => {
    const { member, receive, done } = mesh();
    member.update(publishers('u1', 'u2'));
    receive('u3', WATCH_ME);
    member.update(publishers('u1'));
    expect(done('u2')).toEqual(['close']);
    expect(done('u3')).toEqual(['offer']);
  });

  test('tries a publisher anew that it could not reach', () => {
    const { made, sent, member } = mesh();
    member.update(publishers('u2'));
    made.get('u2')?.handlers.gaveUp('network');
    member.update(publishers('u2'));
    expect(sent).toEqual([watch('u2'), watch('u2')]);
  });

  test('has no connection with a further session of the same user', () => {
    const { made, member } = mesh();
    const [own, other] = publishers('u1', 'u2');
    if (own && other) member.update([{ ...own, sessionId: 'screen', category: 'screenshare' }, other]);
    expect([...made.keys()]).toEqual(['u2']);
  });

  test('tells its peers when the server is out of reach and when it is back', () => {
    const { member, done } = mesh();
    member.update(publishers('u2'));
    member.signalingLost();
    member.signalingBack();
    expect(done('u2')).toEqual(['lost', 'back']);
  });
});

describe('a publisher whose media do not come', () => {
  const alone = () => {
    const all = mesh();
    all.member.update(publishers('u2'));
    return { ...all, isUnreached: () => all.member.isUnreached(address('u2')) };
  };

  test('is unreached after a bound, however often it is tried anew, until the media flow', () => {
    const { world, made, member, isUnreached } = alone();
    world.advance(15_000);
    made.get('u2')?.handlers.gaveUp('network');
    member.update(publishers('u2'));
    world.advance(14_999);
    expect(isUnreached()).toBe(false);
    world.advance(1);
    expect(isUnreached()).toBe(true);
    made.get('u2')?.handlers.connectionChanged('connected');
    expect(isUnreached()).toBe(false);
  });

  test('is awaited anew when the media break', () => {
    const { world, made, isUnreached } = alone();
    made.get('u2')?.handlers.connectionChanged('connected');
    world.advance(60_000);
    expect(isUnreached()).toBe(false);
    made.get('u2')?.handlers.connectionChanged('failed');
    world.advance(30_000);
    expect(isUnreached()).toBe(true);
  });

  test('is not blamed for a server that is out of reach', () => {
    const { world, member, isUnreached } = alone();
    world.advance(20_000);
    member.signalingLost();
    world.advance(60_000);
    member.signalingBack();
    member.update(publishers('u2'));
    world.advance(29_999);
    expect(isUnreached()).toBe(false);
    world.advance(1);
    expect(isUnreached()).toBe(true);
  });
});

test.each([
  ['with a goodbye', 40, ['u2 left']],
  ['without one', 9000, ['u2 lost']],
])('a publisher who goes %s', (_, silentFor, told) => {
  const { made, departures, member } = mesh();
  member.update(publishers('u2'));
  const peer = made.get('u2');
  peer?.handlers.connectionChanged('connected');
  Object.assign(peer ?? {}, { silentFor });
  member.update(publishers('u3'));
  expect(departures).toEqual(told);
});

test('of a publisher whose media never came nobody knows how it went', () => {
  const { departures, member } = mesh();
  member.update(publishers('u2'));
  member.update(publishers('u3'));
  expect(departures).toEqual([]);
});
