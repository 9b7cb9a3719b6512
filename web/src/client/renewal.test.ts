import { afterEach, describe, expect, test, vi } from 'vitest';
import { fakeToken } from '../access/fake-token';
import { connect, type FakeWorld, joinAck } from './fake';

/** A token that lives for so many seconds from the second that a fake world begins with. */
const lasting = (life: number) => fakeToken({ sub: 'ann', iat: 1, exp: 1 + life });

type Source = () => Promise<string | undefined>;

/** Lets promises go on that need nothing but their turn. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
}

/** A joined connection; its function gives a token of 100 s first, and is `next` from then on. */
async function joined(next: Source, handlers = {}) {
  const asked = vi.fn<Source>(async () => lasting(100));
  const all = connect({ token: asked }, handlers);
  all.connection.join();
  await settle();
  all.world.socket.open().receive(joinAck());
  asked.mockImplementation(next);
  const { world } = all;
  const renewals = () => world.socket.sent.filter(({ action }) => action === 'renew').map(({ data }) => data);
  return { ...all, asked, renewals };
}

/** Lets time pass, with every heartbeat answered. */
async function pass(world: FakeWorld, ms: number): Promise<void> {
  for (let left = ms; left > 0; left -= 500) {
    world.advance(Math.min(500, left));
    world.socket.receive({ c: 200, s: 'HEARTBEAT', b: { rid: 'demo', pps: [] } });
    await settle();
  }
}

const ack = (exp: number) => ({ c: 200, s: 'RENEW', b: { exp } });

afterEach(() => vi.restoreAllMocks());

describe('a connection whose token is about to end', () => {
  test('takes the next one 30 s before, and is joined all the time', async () => {
    const states: string[] = [];
    const handlers = { stateChanged: (state: string) => states.push(state) };
    const { world, asked, renewals } = await joined(async () => lasting(1000), handlers);
    await pass(world, 69_500);
    expect([asked.mock.calls.length, renewals()]).toEqual([1, []]);
    await pass(world, 500);
    // Without the members that signals of a room have.
    expect(renewals()).toEqual([{ s: 'RENEW', token: lasting(1000) }]);
    world.socket.receive(ack(1001));
    await pass(world, 899_500);
    expect(asked).toHaveBeenCalledTimes(2);
    await pass(world, 500);
    expect(asked).toHaveBeenCalledTimes(3);
    expect([states, world.sockets.length]).toEqual([['initializing', 'joined'], 1]);
  });

  test.each<[string, Source]>([
    ['fails', () => Promise.reject(new Error('no network'))],
    ['never answers', () => new Promise(() => {})],
    ['gives none', async () => undefined],
    ['gives the same', async () => lasting(100)],
    ['gives what is no token', async () => 'no token'],
  ])('asks again after pauses where the function %s', async (_, next) => {
    vi.spyOn(console, 'warn').mockImplementation(() => {});
    const { world, connection, asked, renewals } = await joined(next);
    await pass(world, 70_000);
    expect(asked).toHaveBeenCalledTimes(2);
    await pass(world, 60_000);
    const { length } = asked.mock.calls;
    expect(length).toBeGreaterThan(3);
    expect(length).toBeLessThan(11);
    expect([renewals(), connection.state, world.sockets.length]).toEqual([[], 'joined', 1]);
    asked.mockImplementation(async () => lasting(1000));
    await pass(world, 20_000);
    expect(renewals()).toHaveLength(1);
  });

  test.each([4041, 4051, 503])('that is refused with %i is told so, and left alone', async (code) => {
    const errorReceived = vi.fn();
    const { world, connection, asked, renewals } = await joined(async () => lasting(1000), { errorReceived });
    await pass(world, 70_000);
    world.socket.receive({ c: code, s: 'RENEW', b: { msg: 'no' } });
    expect(errorReceived.mock.calls).toEqual([['RENEW', code, 'no']]);
    await pass(world, 500);
    expect(asked).toHaveBeenCalledTimes(2);
    await pass(world, 500);
    expect([asked.mock.calls.length, renewals().length, connection.state]).toEqual([3, 2, 'joined']);
  });

  test('asks again where the server does not answer', async () => {
    const { world, renewals } = await joined(async () => lasting(1000));
    await pass(world, 79_500);
    expect(renewals()).toHaveLength(1);
    await pass(world, 1500);
    expect(renewals()).toHaveLength(2);
  });

  test('takes one after the other in no hurry where a clock is so early that all seem to be over', async () => {
    let life = 100;
    const next = async () => {
      life += 1;
      return lasting(life);
    };
    const { world, renewals } = await joined(next);
    world.unixTime = () => 1_000_000;
    await pass(world, 70_000);
    for (let count = 1; count < 4; count += 1) {
      world.socket.receive(ack(1 + life));
      await pass(world, 9500);
      expect(renewals()).toHaveLength(count);
      await pass(world, 500);
      expect(renewals()).toHaveLength(count + 1);
    }
  });

  test('and is lost forgets the token that comes then', async () => {
    let give: (token: string) => void = () => {};
    const waiting = new Promise<string>((resolve) => {
      give = resolve;
    });
    const { world, asked, renewals } = await joined(() => waiting);
    await pass(world, 70_000);
    asked.mockImplementation(async () => lasting(500));
    world.socket.lose(1012);
    world.advance(250);
    await settle();
    world.socket.open().receive(joinAck({ resumed: true }));
    give(lasting(1000));
    await settle();
    expect([world.sockets.length, renewals()]).toEqual([2, []]);
    expect(world.subprotocols.at(-1)?.[1]).toBe(`roomcast.token.${lasting(500)}`);
  });

  test('and has left asks nobody any more', async () => {
    const { world, connection, asked } = await joined(async () => lasting(1000));
    connection.leave();
    world.advance(200_000);
    await settle();
    expect(asked).toHaveBeenCalledTimes(1);
  });

  test('fails when it is closed all the same, and the function has no other than the one of the renewal', async () => {
    const { world, failures } = await joined(async () => lasting(1000));
    await pass(world, 70_000);
    world.socket.receive(ack(1001));
    world.socket.lose(4001, 'token expired');
    world.advance(250);
    await settle();
    expect(failures).toEqual([{ kind: 'closed', code: 4001, reason: 'token expired' }]);
    expect(world.sockets).toHaveLength(1);
  });
});

test('a token that stays the same is never asked for', async () => {
  const { world, connection } = connect({ token: lasting(100) });
  connection.join();
  world.socket.open().receive(joinAck());
  await pass(world, 200_000);
  expect(world.socket.names().filter((name) => name === 'RENEW')).toEqual([]);
});
