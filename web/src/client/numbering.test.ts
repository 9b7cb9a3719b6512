import { describe, expect, test } from 'vitest';
import type { Connection } from './connection';
import type { ConnectionHandlers } from './contract';
import { connect, type FakeSocket, type FakeWorld, forwarded, joinAck, ME } from './fake';
import { HURRYING_SIGNALS, RECEIVED_MESSAGES, UNCONFIRMED_SIGNALS } from './generated/limits';
import { HeardNumbers } from './numbering';

const ice = (sdp: string) => ({ s: 'ICE', sdp }) as const;

/** A joined connection whose server counts: the first number is 1001. */
function numbered(handlers: ConnectionHandlers = {}) {
  const all = connect({}, handlers);
  all.connection.join();
  all.world.socket.open().receive(joinAck({ n: 1000 }));
  return all;
}

function numbers(socket: FakeSocket): unknown[] {
  return socket.sent.flatMap(({ data }) => (data.n === undefined ? [] : [data.n]));
}

function comeBack(world: FakeWorld, body: Record<string, unknown>): void {
  world.socket.lose();
  world.advance(5000);
  world.socket.open().receive(joinAck({ resumed: true, ...body }));
}

const heartbeatAck = (n: number) => ({ c: 200, s: 'HEARTBEAT', b: { rid: 'demo', pps: [], n } });
const resend = (n: number) => ({ c: 200, s: 'RESEND', b: { rid: 'demo', n } });

describe('what was said', () => {
  test('is numbered, and said again after a lost line before anything new', () => {
    const { world, connection } = numbered();
    for (const sdp of ['a', 'b', 'c']) connection.send(ice(sdp));
    expect(numbers(world.socket)).toEqual([1001, 1002, 1003]);
    world.socket.lose();
    connection.send(ice('new'));
    world.advance(5000);
    expect(world.socket.open().sent[0]?.data.op?.n).toBe(1000);
    world.socket.receive(joinAck({ resumed: true, n: 1001 }));
    expect(world.socket.sent.slice(1).map(({ data }) => [data.n, data.sdp])).toEqual([
      [1002, 'b'],
      [1003, 'c'],
      [1004, 'new'],
    ]);
  });

  test('is said again when the server asks, and no more once it is confirmed', () => {
    const { world, connection } = numbered();
    for (const sdp of ['a', 'b']) connection.send(ice(sdp));
    world.socket.receive(resend(1001));
    expect(numbers(world.socket)).toEqual([1001, 1002, 1002]);
    world.socket.receive(heartbeatAck(1002));
    comeBack(world, { n: 1002 });
    expect(numbers(world.socket)).toEqual([]);
    expect(world.socket.sent[0]?.data.op?.n).toBe(1002);
  });

  test('goes before what the application says when it hears of the join', () => {
    let connection: Connection | undefined;
    const all = numbered({ participantsChanged: () => connection?.send(ice('heard')) });
    connection = all.connection;
    connection.send(ice('before'));
    comeBack(all.world, { n: 1000 });
    expect(all.world.socket.sent.map(({ data }) => data.sdp)).toEqual([undefined, 'before', 'heard']);
    expect(numbers(all.world.socket)).toEqual([1001, 1002]);
  });

  test('has no number where the server does not count, and is not kept', () => {
    const { world, connection } = connect();
    connection.join();
    world.socket.open().receive(joinAck());
    for (let said = 0; said < 2 * UNCONFIRMED_SIGNALS; said += 1) expect(connection.send(ice('x'))).toBe(true);
    expect(numbers(world.socket)).toEqual([]);
  });

  test('is bounded until the server confirms', () => {
    const { world, connection } = numbered();
    const taken = Array.from({ length: UNCONFIRMED_SIGNALS + 1 }, () => connection.send(ice('x')));
    expect(taken.filter(Boolean)).toHaveLength(UNCONFIRMED_SIGNALS);
    expect(taken.at(-1)).toBe(false);
    world.socket.receive(heartbeatAck(1001));
    expect(connection.send(ice('x'))).toBe(true);
  });

  test('can be discarded, which another join tells the server before anything new', () => {
    const all: { connection?: Connection } = {};
    const { world, connection } = numbered({
      joined: (ack) => {
        if (!ack.resumed) all.connection?.discardQueued();
      },
    });
    all.connection = connection;
    for (const sdp of ['a', 'b']) connection.send(ice(sdp));
    comeBack(world, { resumed: false, n: 1000 });
    connection.send(ice('new'));
    expect(world.socket.sent.map(({ data }) => [data.s, data.op?.n])).toEqual([
      ['JOIN', 1000],
      ['JOIN', 1002],
    ]);
    world.socket.receive(joinAck({ resumed: true, n: 1002 }));
    expect(world.socket.sent.slice(2).map(({ data }) => [data.n, data.sdp])).toEqual([[1003, 'new']]);
    expect(connection.state).toBe('joined');
  });

  test('is asked for five times a second where much of it is unconfirmed', () => {
    const { world, connection } = numbered();
    const beats = () => world.socket.names().filter((name) => name === 'HEARTBEAT').length;
    for (let said = 1; said < HURRYING_SIGNALS; said += 1) connection.send(ice('x'));
    world.advance(999);
    expect(beats()).toBe(0);
    connection.send(ice('x'));
    world.advance(999);
    expect(beats()).toBe(5);
    world.socket.receive(heartbeatAck(1000 + HURRYING_SIGNALS));
    world.advance(1000);
    expect(beats()).toBe(6);
  });
});

describe('what was received', () => {
  const from = (sq: number, userId: string, n: number) => ({
    ...(forwarded(sq) as object),
    ss: { ...ME, userId, sessionId: userId },
    n,
  });

  test('is dropped when its sender said it before, whichever node sent it', () => {
    const { world, received } = numbered();
    for (const message of [from(1, 'u2', 7), from(2, 'u3', 7), from(1024, 'u2', 7), from(1025, 'u2', 8)])
      world.socket.receive(message);
    expect(received).toEqual([1, 2, 1025]);
    world.advance(3000);
    expect(world.socket.sent.at(-1)?.data.sq).toBe(1025);
  });

  test('is told to the server at once when it is much', () => {
    const { world } = numbered();
    for (let sq = 1; sq <= RECEIVED_MESSAGES; sq += 1) {
      expect(world.socket.names()).toEqual(['JOIN']);
      world.socket.receive(forwarded(sq));
    }
    expect(world.socket.sent.at(-1)?.data).toMatchObject({ s: 'HEARTBEAT', sq: 64, send_ack: false });
  });

  test('is remembered of so many sessions, those heard last', () => {
    const heard = new HeardNumbers(2);
    const session = (userId: string) => ({ ...ME, userId });
    for (const user of ['a', 'b']) expect(heard.isNew(session(user), 1)).toBe(true);
    expect(heard.isNew(session('a'), 1)).toBe(false);
    expect(heard.isNew(session('c'), 1)).toBe(true);
    expect([heard.isNew(session('a'), 1), heard.isNew(session('b'), 1)]).toEqual([false, true]);
  });
});

/** A server that takes numbers in order and each once, and confirms late; one that takes over knows what was confirmed. */
class CountingServer {
  taken = 1000;
  confirmed = 1000;
  readonly had: unknown[] = [];
  #highest = 1000;
  #read = 0;
  #socket: FakeSocket | undefined;

  /** Reads what was sent since; a dead line loses it. */
  read(socket: FakeSocket, alive: boolean): void {
    if (socket !== this.#socket) this.#read = 0;
    this.#socket = socket;
    const messages = socket.sent.slice(this.#read);
    this.#read = socket.sent.length;
    for (const { data } of alive ? messages : []) {
      if (data.n !== this.taken + 1) continue;
      this.taken += 1;
      if (this.taken > this.#highest) this.had.push(data.sdp);
      this.#highest = Math.max(this.#highest, this.taken);
    }
  }
}

/** Numbers that look random, the same for the same seed. */
function* generator(seed: number): Generator<number, never> {
  let state = seed;
  for (;;) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    yield state >>> 8;
  }
}

describe('over lines that die unnoticed', () => {
  test.each(Array.from({ length: 50 }, (_, seed) => seed))(
    'nothing is lost and nothing had twice (seed %i)',
    (seed) => {
      const random = generator(seed);
      const { world, connection } = numbered();
      const server = new CountingServer();
      const said: string[] = [];
      let alive = true;
      const back = () => {
        alive = true;
        world.socket.lose();
        world.advance(5000);
        const above = Number(world.socket.open().sent[0]?.data.op?.n);
        server.taken = Math.max(server.taken, above);
        server.confirmed = Math.max(server.confirmed, above);
        world.socket.receive(joinAck({ resumed: true, n: server.confirmed }));
      };
      const steps = [
        () => (alive = false),
        back,
        () => (server.confirmed = server.taken),
        () => alive && world.socket.receive(heartbeatAck(server.confirmed)),
        () => {
          server.taken = server.confirmed;
          if (alive) world.socket.receive(resend(server.confirmed));
          else back();
        },
      ];
      for (let step = 0; step < 200; step += 1) {
        const act = steps[random.next().value % 10];
        if (act) act();
        else if (connection.send(ice(String(said.length)))) said.push(String(said.length));
        server.read(world.socket, alive);
      }
      back();
      server.read(world.socket, alive);
      expect(said.length).toBeGreaterThan(50);
      expect(server.had).toEqual(said);
    },
  );
});
