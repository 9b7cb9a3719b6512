import { afterEach, describe, expect, test, vi } from 'vitest';
import { checkAddress } from './access';
import { connect, connectAndJoin, type FakeWorld, joinAck } from './fake';

const OLD = 'aaa.bbb.ccc';
const NEW = 'aaa.bbb.ddd';
const EXPIRED = { reason: 'expired', message: 'The token expired 5 min ago.' };
const REFUSAL = {
  status: 401,
  text: JSON.stringify({ c: 4041, s: 'AUTH_CHECK', b: { reason: EXPIRED.reason, msg: EXPIRED.message } }),
};
const ALLOWED = { status: 200, text: JSON.stringify({ c: 200, s: 'AUTH_CHECK', b: { open: false, sub: 'ann' } }) };

/** Lets promises go on that need nothing but their turn. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
}

/** Fails the handshake of the newest socket. */
async function refuseHandshake(world: FakeWorld): Promise<void> {
  world.socket.lose(1006);
  await settle();
}

/** Lets the delay before the next connect pass. */
async function back(world: FakeWorld): Promise<void> {
  world.advance(5000);
  await settle();
}

/** A function that gives these tokens, one after the other. */
function source(...tokens: (string | undefined)[]) {
  const asked = vi.fn(async () => tokens[Math.min(asked.mock.calls.length, tokens.length) - 1]);
  return asked;
}

describe('a token', () => {
  test('is offered as a subprotocol beside the one of the protocol', () => {
    const { world } = connectAndJoin({ token: OLD });
    expect(world.subprotocols).toEqual([['roomcast.v1', `roomcast.token.${OLD}`]]);
    expect(world.urls, 'it stands in no address').toEqual(['ws://host/ws']);
  });

  test('is fetched anew for each connect', async () => {
    const token = source(OLD, NEW, undefined);
    const { world, connection } = connect({ token });
    connection.join();
    await settle();
    world.socket.open().receive(joinAck());
    world.socket.lose(1012);
    world.advance(250);
    await settle();
    world.socket.lose(1012);
    world.advance(500);
    await settle();
    const offered = world.subprotocols.map((list) => list[1]);
    expect(offered).toEqual([`roomcast.token.${OLD}`, `roomcast.token.${NEW}`, undefined]);
  });

  test('that comes after the member has left opens nothing', async () => {
    const { world, connection } = connect({ token: source(OLD) });
    connection.join();
    connection.leave();
    await settle();
    expect(world.sockets).toHaveLength(0);
  });

  test.each<[string, () => Promise<string | undefined>]>([
    ['rejects', () => Promise.reject(new Error('no network'))],
    [
      'throws',
      () => {
        throw new Error('no network');
      },
    ],
    ['never answers', () => new Promise(() => {})],
  ])('whose function %s is asked for again, and at last there is no answer', async (_, token) => {
    vi.spyOn(console, 'warn').mockImplementation(() => {});
    const { world, connection, failures } = connect({ token });
    connection.join();
    for (let second = 0; second < 41; second += 1) {
      await settle();
      world.advance(1000);
    }
    expect(failures).toEqual([{ kind: 'noAnswer', unavailable: false }]);
    expect([world.sockets.length, world.requests], 'the server is asked for no reason').toEqual([0, []]);
  });

  test.each(['', 'no token', 'aaa.bbb', 'aaa.bbb.ccc, roomcast.v2', 'äää.bbb.ccc'])(
    'in a form that cannot be sent ("%s") fails at once',
    (token) => {
      const { world, connection, failures } = connect({ token });
      connection.join();
      expect(connection.state).toBe('failed');
      expect(failures).toMatchObject([{ kind: 'unauthorized', reason: 'malformed' }]);
      expect(world.sockets).toHaveLength(0);
    },
  );
});

describe('a handshake that fails', () => {
  afterEach(() => vi.restoreAllMocks());

  test('for its token fails with the reason and the sentence of the server', async () => {
    const { world, connection, failures, ignored } = connect({ token: OLD });
    world.answer = REFUSAL;
    connection.join();
    await refuseHandshake(world);
    expect(world.requests).toEqual([{ url: 'http://host/auth/check', bearer: OLD }]);
    expect(failures).toEqual([{ kind: 'unauthorized', ...EXPIRED }]);
    expect([connection.state, ignored]).toEqual(['failed', []]);
    world.advance(60_000);
    expect(world.sockets, 'no further attempt').toHaveLength(1);
  });

  test('without a token does so as well', async () => {
    const { world, connection, failures } = connect();
    world.answer = {
      status: 401,
      text: '{"c":4041,"s":"AUTH_CHECK","b":{"reason":"missing","msg":"A token is needed."}}',
    };
    connection.join();
    await refuseHandshake(world);
    expect(world.requests).toEqual([{ url: 'http://host/auth/check', bearer: undefined }]);
    expect(failures).toEqual([{ kind: 'unauthorized', reason: 'missing', message: 'A token is needed.' }]);
  });

  test('on the way back into a room does so as well', async () => {
    const { world, connection, failures } = connectAndJoin({ token: OLD });
    world.answer = REFUSAL;
    world.socket.lose(1012);
    world.advance(250);
    await refuseHandshake(world);
    expect(failures).toEqual([{ kind: 'unauthorized', ...EXPIRED }]);
    expect(connection.state).toBe('failed');
  });

  test.each([
    ['nobody', undefined, 3],
    ['an older server', { status: 404, text: 'not found' }, 3],
    ['a proxy, with 403', { status: 403, text: '<html>Forbidden</html>' }, 3],
    ['a proxy, with JSON of its own', { status: 401, text: '{"b":{"message":"Log in."}}' }, 3],
    ['a busy server', { status: 503, text: '{"c":503,"s":"AUTH_CHECK","b":{"reason":"busy","msg":"Later."}}' }, 3],
    ['a server that takes the token', ALLOWED, 1],
  ])('is tried again where %s answers the question for the reason', async (_, answer, questions) => {
    const { world, connection, failures } = connect({ token: OLD });
    world.answer = answer;
    connection.join();
    for (const delay of [250, 500, 1000]) {
      await refuseHandshake(world);
      world.advance(delay);
    }
    expect(world.sockets).toHaveLength(4);
    expect(world.requests).toHaveLength(questions);
    expect(failures).toEqual([]);
    world.socket.open().receive(joinAck());
    expect(connection.state).toBe('joined');
  });

  test('is forgotten once another one succeeds, though the answer comes then', async () => {
    const { world, connection, failures } = connect({ token: OLD });
    world.answer = REFUSAL;
    connection.join();
    world.socket.lose(1006);
    world.advance(250);
    world.socket.open().receive(joinAck());
    await settle();
    expect([connection.state, failures]).toEqual(['joined', []]);
  });
});

describe('a connection that has outlived its token', () => {
  test('fails where nobody can be asked for another one', () => {
    const { world, connection, failures } = connectAndJoin({ token: OLD });
    world.socket.lose(4001, 'token expired');
    expect(failures).toEqual([{ kind: 'closed', code: 4001, reason: 'token expired' }]);
    expect(connection.state).toBe('failed');
  });

  /** A joined connection whose function gives these tokens. */
  async function joinedWith(...tokens: (string | undefined)[]) {
    const token = source(...tokens);
    const states: string[] = [];
    const all = connect({ token }, { stateChanged: (state) => states.push(state) });
    all.connection.join();
    await settle();
    all.world.socket.open().receive(joinAck());
    return { ...all, token, states };
  }

  test('resumes with the token that the application gives then', async () => {
    const { world, connection, token, states } = await joinedWith(OLD, NEW);
    world.socket.lose(4001, 'token expired');
    expect(connection.state).toBe('waitingNetwork');
    await back(world);
    expect(world.subprotocols.at(-1)).toEqual(['roomcast.v1', `roomcast.token.${NEW}`]);
    expect(world.socket.open().sent[0]?.data.op).toMatchObject({ resumeToken: 'token-1', resumeFrom: 0 });
    world.socket.receive(joinAck({ resumed: true }));
    expect(states).toEqual(['initializing', 'joined', 'waitingNetwork', 'reinitializing', 'joined']);
    expect(token).toHaveBeenCalledTimes(2);
  });

  test.each([
    ['none', undefined],
    ['the same', OLD],
  ])('fails where the application gives %s', async (_, second) => {
    const { world, failures, connection } = await joinedWith(OLD, second);
    world.socket.lose(4001, 'token expired');
    await back(world);
    expect(failures).toEqual([{ kind: 'closed', code: 4001, reason: 'token expired' }]);
    expect([connection.state, world.sockets.length]).toEqual(['failed', 1]);
  });

  test('asks once for each join that is answered', async () => {
    const { world, failures } = await joinedWith(OLD, NEW, 'aaa.bbb.eee');
    world.socket.lose(4001, 'token expired');
    await back(world);
    world.socket.open().lose(4001, 'token expired');
    await back(world);
    expect(failures).toEqual([{ kind: 'closed', code: 4001, reason: 'token expired' }]);
    expect(world.sockets).toHaveLength(2);
  });

  test('asks once more when the next token has run out', async () => {
    const { world, failures } = await joinedWith(OLD, NEW, 'aaa.bbb.eee');
    for (let times = 0; times < 2; times += 1) {
      world.advance(5000);
      world.socket.lose(4001, 'token expired');
      await back(world);
      world.socket.open().receive(joinAck({ resumed: true }));
    }
    expect(failures).toEqual([]);
    expect(world.subprotocols.at(-1)?.[1]).toBe('roomcast.token.aaa.bbb.eee');
  });

  test('before its join was answered joins with another one', async () => {
    const { world, connection } = connect({ token: source(OLD, NEW) });
    connection.join();
    await settle();
    world.socket.open().lose(4001, 'token expired');
    await back(world);
    world.socket.open().receive(joinAck());
    expect(connection.state).toBe('joined');
  });
});

test('the question for the reason goes to the server below its path prefix', () => {
  expect(checkAddress('wss://host/some/prefix/ws')).toBe('https://host/some/prefix/auth/check');
  expect(checkAddress('ws://host:8080/ws', { room: 'a b', grant: 'join' })).toBe(
    'http://host:8080/auth/check?room=a+b&grant=join',
  );
});
