import { describe, expect, test } from 'vitest';
import { connect, connectAndJoin, joinAck } from './fake';

const ICE = { s: 'ICE', sdp: 'candidate' } as const;

describe('joining', () => {
  test('offers the subprotocol and sends the JOIN of the protocol', () => {
    const { world, connection } = connect();
    connection.join();
    world.socket.open();
    expect(world.urls).toEqual(['ws://host/ws']);
    expect(world.subprotocols).toEqual([['roomcast.v1']]);
    expect(world.socket.sent).toEqual([
      {
        action: 'join',
        data: {
          s: 'JOIN',
          ch: 'm2m',
          rid: 'demo',
          ss: { userId: 'u1', sessionId: 's1', category: 'stream', host: 'Web', deviceId: 'd1' },
          ve: true,
          ae: true,
          eg: 'native',
          op: { roomCreating: true, resumeToken: 'own', n: 1000 },
        },
      },
    ]);
  });

  test('is joined after the ack', () => {
    expect(connectAndJoin().connection.state).toBe('joined');
  });

  test('fails on a refusal and keeps its code', () => {
    const { world, connection, failures } = connect();
    connection.join();
    world.socket.open().receive({ c: 4025, s: 'JOIN', b: { msg: 'room is full' } });
    expect(connection.state).toBe('failed');
    expect(failures).toEqual([{ kind: 'refused', code: 4025, message: 'room is full' }]);
    expect(world.socket.closedWith).toBe(1000);
  });

  test('is repeated after 10 s without an ack, three times, and then fails', () => {
    const { world, connection, failures } = connect();
    world.randomness = 0;
    connection.join();
    for (let sockets = 1; sockets <= 4; sockets += 1) {
      world.socket.open();
      expect(world.sockets).toHaveLength(sockets);
      expect(world.socket.names()).toEqual(['JOIN']);
      world.advance(9999);
      expect(world.sockets).toHaveLength(sockets);
      world.advance(1);
    }
    expect(connection.state).toBe('failed');
    expect(failures).toEqual([{ kind: 'noAnswer', unavailable: false }]);
    world.advance(60_000);
    expect(world.sockets).toHaveLength(4);
  });

  test('takes 503 for no answer and asks again', () => {
    const { world, connection } = connect();
    connection.join();
    world.socket.open().receive({ c: 503, s: 'JOIN', b: {} });
    expect(connection.state).toBe('initializing');
    world.advance(250);
    expect(world.sockets).toHaveLength(2);
    world.socket.open().receive(joinAck());
    expect(connection.state).toBe('joined');
  });

  test('goes on with backoff while no socket opens, for a member', () => {
    const { world, connection } = connectAndJoin();
    const opened: number[] = [];
    for (const delay of [250, 500, 1000, 2000, 4000]) {
      world.socket.lose(1006);
      world.advance(delay - 1);
      opened.push(world.sockets.length);
      world.advance(1);
    }
    expect(opened).toEqual([1, 2, 3, 4, 5]);
    expect(connection.state).toBe('waitingNetwork');
  });

  test('does not count retries while the network is down', () => {
    const { world, connection, ignored } = connect();
    connection.join();
    connection.networkLost();
    world.socket.lose(1006);
    world.advance(120_000);
    expect(connection.state).toBe('initializing');
    connection.networkBack();
    world.socket.open().receive(joinAck());
    expect(connection.state).toBe('joined');
    expect(ignored).toEqual(['networkDown in initializing']);
  });

  test('a second time on the same machine is reported and changes nothing', () => {
    const { world, connection, ignored } = connectAndJoin();
    connection.join();
    expect(ignored).toEqual(['joinSent in joined']);
    expect(world.sockets).toHaveLength(1);
  });
});

describe('leaving', () => {
  test('says so and lets the socket go', () => {
    const { world, connection } = connectAndJoin();
    connection.leave();
    expect(world.socket.names()).toEqual(['JOIN', 'LEAVE']);
    expect(world.socket.closedWith).toBe(1000);
    expect(connection.state).toBe('leaved');
    world.advance(60_000);
    expect(world.sockets).toHaveLength(1);
  });

  test('can be followed by a fresh join that resumes nothing', () => {
    const { world, connection } = connectAndJoin();
    connection.leave();
    connection.join();
    expect(world.socket.open().sent[0]?.data.op).toEqual({ roomCreating: true, resumeToken: 'own', n: 1000 });
    expect(connection.state).toBe('initializing');
  });
});

describe('a closed socket', () => {
  test.each([1001, 1006, 1011, 1012, 1013])('with %i is opened again after a backoff', (code) => {
    const { world, connection } = connectAndJoin();
    world.socket.lose(code);
    expect(connection.state).toBe('waitingNetwork');
    world.advance(250);
    world.socket.open();
    expect(connection.state).toBe('reinitializing');
    world.socket.receive(joinAck({ resumed: true }));
    expect(connection.state).toBe('joined');
  });

  test.each([1000, 4000, 4001, 1002, 1003, 1007, 1008, 1009])('with %i fails and stays closed', (code) => {
    const { world, connection, failures } = connectAndJoin();
    world.socket.lose(code, 'why');
    world.advance(60_000);
    expect(connection.state).toBe('failed');
    expect(failures).toEqual([{ kind: 'closed', code, reason: 'why' }]);
    expect(world.sockets).toHaveLength(1);
  });

  test('with 4000 while joining fails as well', () => {
    const { world, connection } = connect();
    connection.join();
    world.socket.open().lose(4000);
    expect(connection.state).toBe('failed');
  });

  test('that was given up is not heard any more', () => {
    const { world, connection, received } = connectAndJoin();
    const old = world.socket;
    old.lose(1006);
    world.advance(250);
    old.receive({ sq: 9, s: 'ICE', ss: { userId: 'u2', sessionId: 's2' }, sdp: '' });
    expect(received).toEqual([]);
    expect(connection.state).toBe('waitingNetwork');
  });
});

describe('the network', () => {
  test('going down waits, coming back joins at once', () => {
    const { world, connection } = connectAndJoin();
    connection.networkLost();
    expect(connection.state).toBe('waitingNetwork');
    world.advance(120_000);
    expect(world.sockets).toHaveLength(1);
    connection.networkBack();
    expect(connection.state).toBe('waitingNetwork');
    world.socket.open().receive(joinAck({ resumed: true }));
    expect(connection.state).toBe('joined');
  });
});

describe('the queue', () => {
  test('holds what is signalled while reconnecting and sends it in order after the ack', () => {
    const { world, connection } = connectAndJoin();
    world.socket.lose();
    for (const sdp of ['a', 'b', 'c']) expect(connection.send({ s: 'ICE', sdp })).toBe(true);
    world.advance(250);
    world.socket.open();
    expect(world.socket.names()).toEqual(['JOIN']);
    world.socket.receive(joinAck({ resumed: true }));
    expect(world.socket.sent.slice(1).map(({ data }) => data.sdp)).toEqual(['a', 'b', 'c']);
  });

  test('is bounded, and says what had to go', () => {
    const dropped: unknown[] = [];
    const { world, connection } = connect({}, { signalDropped: (signal) => dropped.push(signal) });
    connection.join();
    world.socket.open().receive(joinAck());
    world.socket.lose();
    const candidates = Array.from({ length: 256 }, (_, index) => ({ s: 'ICE', sdp: String(index) }) as const);
    for (const candidate of [...candidates, ICE]) expect(connection.send(candidate)).toBe(true);
    expect(dropped).toEqual(candidates.slice(0, 1));
    expect(connection.send({ s: 'UPDATE', ve: true, ae: true }), 'all else is more precious').toBe(false);
  });

  test('does not wait for the answer to an offer that is said again', () => {
    const { world, connection, failures } = connect();
    connection.join();
    world.socket.open().receive(joinAck({ n: 1000 }));
    connection.send({ s: 'OFFER', sdp: 'v=0' });
    world.socket.lose();
    world.advance(250);
    world.socket.open().receive(joinAck({ resumed: true, n: 1000 }));
    expect(world.socket.names()).toEqual(['JOIN', 'OFFER']);
    for (let beats = 0; beats < 5; beats += 1) {
      world.advance(3000);
      world.socket.receive({ c: 200, s: 'HEARTBEAT', b: { pps: [], rid: 'demo', bid: String(beats), n: 1000 } });
    }
    expect([world.socket.names().filter((name) => name === 'JOIN').length, failures]).toEqual([1, []]);
  });

  test('can be discarded by the application when it hears of the join', () => {
    const { world, connection } = connect({}, { joined: () => connection.discardQueued() });
    connection.join();
    world.socket.open().receive(joinAck());
    world.socket.lose();
    connection.send(ICE);
    world.advance(250);
    world.socket.open().receive(joinAck());
    expect(world.socket.names()).toEqual(['JOIN']);
  });

  test('takes nothing before the first join and after the end', () => {
    const { connection } = connect();
    expect(connection.send(ICE)).toBe(false);
    const joined = connectAndJoin().connection;
    joined.leave();
    expect(joined.send(ICE)).toBe(false);
  });
});

describe('the end of a room', () => {
  test('fails the machine with the reason', () => {
    const { world, connection, failures } = connectAndJoin();
    world.socket.receive({ c: 200, s: 'ROOM_CLOSED', b: { rid: 'demo', reason: 'ended' } });
    expect(connection.state).toBe('failed');
    expect(failures).toEqual([{ kind: 'roomClosed', reason: 'ended' }]);
  });
});

describe('a dial', () => {
  test('that takes too long is given up for another one', () => {
    const { world } = connectAndJoin();
    world.socket.lose();
    world.advance(250);
    const slow = world.socket;
    world.advance(9999);
    expect([slow.closedWith, world.sockets.length]).toEqual([undefined, 2]);
    world.advance(1);
    expect(slow.closedWith).toBe(1000);
    world.advance(500);
    expect(world.sockets).toHaveLength(3);
  });

  test('of a member is tried for as long as it takes', () => {
    const { world, connection } = connectAndJoin();
    for (let dials = 0; dials < 100; dials += 1) {
      world.socket.lose();
      world.advance(5000);
    }
    expect([world.sockets.length, connection.state]).toEqual([101, 'waitingNetwork']);
  });

  test('of whoever was never let in is tried four times', () => {
    const { world, connection, failures } = connect();
    connection.join();
    for (let dials = 1; dials <= 4; dials += 1) {
      expect(world.sockets).toHaveLength(dials);
      world.socket.lose();
      world.advance(5000);
    }
    expect(failures).toEqual([{ kind: 'noAnswer', unavailable: false }]);
    expect(world.sockets).toHaveLength(4);
  });
});

describe('leaving before the ack', () => {
  test('says so over a connection that is open, and nothing counts any more', () => {
    const { world, connection, failures } = connect();
    connection.join();
    world.socket.open();
    expect(connection.leave()).toBe(true);
    expect(world.socket.names()).toEqual(['JOIN', 'LEAVE']);
    world.advance(60_000);
    expect([connection.send(ICE), world.sockets.length, failures]).toEqual([false, 1, []]);
  });
});

describe('a failure of the media', () => {
  test('joins again over the same connection, three times a minute, and is the end then', () => {
    const { world, connection, failures } = connectAndJoin();
    for (let repairs = 1; repairs <= 3; repairs += 1) {
      connection.observe('criticalFailure');
      world.advance(1000);
      expect(connection.state).toBe('reinitializing');
      expect(world.socket.names()).toHaveLength(1 + repairs);
      world.socket.receive(joinAck({ resumed: true }));
      expect(connection.state).toBe('joined');
    }
    connection.observe('criticalFailure');
    world.advance(1000);
    expect(failures).toEqual([{ kind: 'gaveUp', rule: 'criticalFailure' }]);
    expect(world.sockets).toHaveLength(1);
  });
});

describe('a join that the application asks for', () => {
  test('goes over the same connection, resumes, and has no bound of its own', () => {
    const { world, connection } = connectAndJoin();
    for (let joins = 2; joins < 8; joins += 1) {
      expect(connection.rejoin()).toBe(true);
      expect(connection.rejoin(), 'one is under way').toBe(false);
      expect(world.socket.sent.filter(({ data }) => data.s === 'JOIN')).toHaveLength(joins);
      expect(world.socket.sent.at(-1)?.data.op).toMatchObject({ resumeFrom: 0, resumeToken: 'token-1' });
      world.socket.receive(joinAck({ resumed: true }));
    }
    expect([connection.state, world.sockets.length]).toEqual(['joined', 1]);
  });
});
