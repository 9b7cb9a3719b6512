import { describe, expect, test } from 'vitest';
import { FakeWorld, joinAck, ME } from './fake';
import { type Attempt, type History, type Identity, Membership } from './membership';
import type { Resume } from './progress';

function member(decide: (history: History) => Attempt | undefined, left?: Resume) {
  const world = new FakeWorld();
  const over: unknown[] = [];
  const histories: History[] = [];
  let resume = left;
  let renewals = 0;
  const identity: Identity = {
    session: () => ({ ...ME, userId: `u${renewals}` }),
    resume: () => resume,
    keep: (progress) => {
      resume = progress;
    },
    renew: () => {
      renewals += 1;
      resume = undefined;
    },
  };
  const options = { url: 'ws://host/ws', roomType: 'p2p', roomId: 'demo', video: true, audio: true } as const;
  const policy = (_: unknown, history: History) => {
    histories.push({ ...history });
    return decide(history);
  };
  const membership = new Membership({ ...options, environment: world }, identity, policy, {
    over: (failure) => over.push(failure),
  });
  return { world, membership, over, histories, kept: () => resume };
}

const refuse = (code: number) => ({ c: code, s: 'JOIN', b: {} });

describe('a membership', () => {
  test('first asks for the room as it is', () => {
    const { world, membership } = member(() => undefined);
    membership.join();
    expect(world.socket.open().sent[0]?.data.op?.roomCreating).toBe(false);
  });

  test('makes a new attempt as the policy says, after the delay', () => {
    const { world, membership } = member(() => ({ roomCreating: true, delay: 3000 }));
    membership.join();
    world.socket.open().receive(refuse(4001));
    world.advance(2999);
    expect(world.sockets).toHaveLength(1);
    world.advance(1);
    expect(world.socket.open().sent[0]?.data.op?.roomCreating).toBe(true);
    world.socket.receive(joinAck());
    expect(membership.state).toBe('joined');
  });

  test('is over when the policy knows no further attempt', () => {
    const { world, membership, over } = member(() => undefined);
    membership.join();
    world.socket.open().receive(refuse(4025));
    expect(over).toEqual([{ kind: 'refused', code: 4025, message: '' }]);
  });

  test('tells the policy what was tried', () => {
    const { world, membership, histories } = member(() => ({ roomCreating: true, delay: 0 }));
    membership.join();
    world.socket.open().receive(refuse(4001));
    world.advance(0);
    world.socket.open().receive(joinAck());
    world.socket.receive({ c: 200, s: 'ROOM_CLOSED', b: {} });
    expect(histories).toEqual([
      { roomCreating: false, resuming: false, everJoined: false, attempts: 1, waited: 0 },
      { roomCreating: true, resuming: false, everJoined: true, attempts: 0, waited: 0 },
    ]);
  });

  test('comes back as somebody else when it is told to', () => {
    const { world, membership } = member(() => ({ roomCreating: false, delay: 0, newIdentity: true }), {
      token: 'old',
      from: 3,
    });
    membership.join();
    expect(world.socket.open().sent[0]?.data.op?.resumeToken).toBe('old');
    world.socket.receive(refuse(4051));
    world.advance(0);
    const join = world.socket.open().sent[0]?.data;
    expect(join?.ss).toMatchObject({ userId: 'u1' });
    expect(join?.op).toEqual({ roomCreating: false, resumeToken: 'own', n: 1000 });
  });

  test('keeps the token for the next page', () => {
    const { world, membership, kept } = member(() => undefined);
    membership.join();
    world.socket.open().receive(joinAck({ rt: 'fresh' }));
    expect(kept()).toEqual({ token: 'fresh', from: 0 });
  });

  test('that was left makes no further attempt', () => {
    const { world, membership } = member(() => ({ roomCreating: false, delay: 3000 }));
    membership.join();
    world.socket.open().receive(refuse(4001));
    membership.leave();
    world.advance(60_000);
    expect(world.sockets).toHaveLength(1);
  });
});
