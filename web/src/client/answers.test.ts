/** Signals that are refused or not answered, and those that others send about this member. */

import { describe, expect, test } from 'vitest';
import { type connect, connectAndJoin, ME } from './fake';

describe('a refusal', () => {
  const KICK = { s: 'KICK', to: 'u2' } as const;
  const refuse = (world: ReturnType<typeof connect>['world'], code: number) =>
    world.socket.receive({ c: code, s: 'KICK', b: { req: world.socket.sent.at(-1), msg: 'why' } });

  test('for the moment is answered by saying it again, three times and ever later, before it is told', () => {
    const told: unknown[] = [];
    const { world, connection } = connectAndJoin({}, { errorReceived: (...error) => told.push(error) });
    const kicks = () => world.socket.names().filter((name) => name === 'KICK').length;
    connection.send(KICK);
    for (const [times, delay] of [250, 500, 1000].entries()) {
      refuse(world, 503);
      world.advance(delay - 1);
      expect(kicks()).toBe(1 + times);
      world.advance(1);
      expect(kicks()).toBe(2 + times);
      expect(world.socket.sent.at(-1)).toEqual({ action: 'kick', data: expect.objectContaining(KICK) });
    }
    expect(told).toEqual([]);
    refuse(world, 503);
    world.advance(2000);
    expect([told, kicks()]).toEqual([[['KICK', 503, 'why']], 4]);
  });

  test('for good is told at once', () => {
    const told: unknown[] = [];
    const { world, connection } = connectAndJoin({}, { errorReceived: (...error) => told.push(error) });
    connection.send(KICK);
    refuse(world, 4051);
    world.advance(2000);
    expect([told, world.socket.names()]).toEqual([[['KICK', 4051, 'why']], ['JOIN', 'KICK']]);
  });

  test('for the moment is forgotten with the membership', () => {
    const { world, connection } = connectAndJoin();
    connection.send(KICK);
    refuse(world, 503);
    connection.leave();
    world.advance(10_000);
    expect(world.socket.names()).toEqual(['JOIN', 'KICK', 'LEAVE']);
  });
});

describe('an offer', () => {
  const OFFER = { s: 'OFFER', sdp: 'v=0', to: { userId: 'u2', sessionId: 's2' } } as const;
  const answer = { sq: 1, s: 'ANSWER', ss: { ...ME, userId: 'u2', sessionId: 's2' }, sdp: 'v=0' };
  const refusal = { c: 4003, s: 'OFFER', b: { req: { action: 'offer', data: OFFER }, msg: '' } };

  /** The names of what is sent in the ten seconds after an offer. */
  function sentAfter(act: (all: ReturnType<typeof connect>) => void): unknown[] {
    const all = connectAndJoin();
    all.connection.send(OFFER);
    act(all);
    for (let second = 0; second < 10; second += 1) {
      all.world.advance(1000);
      all.world.socket.receive({ c: 200, s: 'HEARTBEAT', b: {} });
    }
    return all.world.socket.names().filter((name) => name !== 'HEARTBEAT');
  }

  test('without an answer leads to another join over the same connection', () => {
    expect(sentAfter(() => {})).toEqual(['JOIN', 'OFFER', 'JOIN']);
  });

  test.each<[string, (all: ReturnType<typeof connect>) => void]>([
    ['was answered', ({ world }) => world.socket.receive(answer)],
    ['was refused', ({ world }) => world.socket.receive(refusal)],
    ['was withdrawn', ({ connection }) => connection.offerEnded(OFFER.to)],
  ])('that %s does not', (_, act) => {
    expect(sentAfter(act)).toEqual(['JOIN', 'OFFER']);
  });

  test('that has its answer leaves the wait of another one as it is', () => {
    const others = { ...OFFER, to: { userId: 'u3', sessionId: 's3' } };
    const act = ({ world, connection }: ReturnType<typeof connect>) => {
      connection.send(others);
      world.socket.receive(answer);
    };
    expect(sentAfter(act)).toEqual(['JOIN', 'OFFER', 'OFFER', 'JOIN']);
  });
});

describe('being kicked', () => {
  test.each([
    ['my user', 'u1', 'failed'],
    ['my session', { userId: 'u1', sessionId: 's1' }, 'failed'],
    ['another session of mine', { userId: 'u1', sessionId: 'other' }, 'joined'],
    ['somebody else', 'u2', 'joined'],
  ])('means that %s is named', (_, to, state) => {
    const { world, connection } = connectAndJoin();
    world.socket.receive({ sq: 1, s: 'KICK', ss: { ...ME, userId: 'u2' }, to });
    expect(connection.state).toBe(state);
  });
});
