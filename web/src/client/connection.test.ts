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
          ch: 'p2p',
          rid: 'demo',
          ss: { userId: 'u1', sessionId: 's1', category: 'stream', host: 'Web', deviceId: 'd1' },
          ve: true,
          ae: true,
          eg: 'native',
          op: { roomCreating: true, resumeToken: '', n: 1000 },
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

  test('goes on with backoff while no socket opens', () => {
    const { world, connection } = connect();
    connection.join();
    const opened: number[] = [];
    for (const delay of [250, 500, 1000, 2000, 4000]) {
      world.socket.lose(1006);
      world.advance(delay - 1);
      opened.push(world.sockets.length);
      world.advance(1);
    }
    expect(opened).toEqual([1, 2, 3, 4, 5]);
    expect(connection.state).toBe('initializing');
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
    expect(ignored).toEqual(['networkLost in initializing']);
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
    expect(world.socket.open().sent[0]?.data.op).toEqual({ roomCreating: true, resumeToken: '', n: 1000 });
    expect(connection.state).toBe('initializing');
  });
});

describe('a closed socket', () => {
  test.each([1001, 1006, 1011, 1012, 1013])('with %i is opened again after a backoff', (code) => {
    const { world, connection } = connectAndJoin();
    world.socket.lose(code);
    expect(connection.state).toBe('reinitializing');
    world.advance(250);
    world.socket.open().receive(joinAck({ resumed: true }));
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
    expect(connection.state).toBe('reinitializing');
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
    expect(connection.state).toBe('reinitializing');
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

  test('is bounded, and says when it is full', () => {
    const { world, connection } = connectAndJoin();
    world.socket.lose();
    const taken = Array.from({ length: 300 }, () => connection.send(ICE));
    expect(taken.filter(Boolean)).toHaveLength(256);
    expect(taken.at(-1)).toBe(false);
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

describe('a repair asked for by the media', () => {
  test('joins again, three times a minute at most', () => {
    const { world, connection } = connectAndJoin();
    for (let repair = 0; repair < 3; repair += 1) {
      expect(connection.recover()).toBe(true);
      world.socket.open().receive(joinAck({ resumed: true }));
    }
    expect(connection.recover()).toBe(false);
    world.advance(60_000);
  });
});
