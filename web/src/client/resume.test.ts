import { describe, expect, test } from 'vitest';
import { connect, connectAndJoin, forwarded, joinAck } from './fake';

/** The member of a connection as the server knew it: with camera and microphone on. */
function known(socket: { sent: { data?: Record<string, unknown> }[] }): object {
  const { userId, sessionId } = (socket.sent[0]?.data?.ss ?? {}) as { userId?: string; sessionId?: string };
  return { userId, sessionId, video: true, audio: true };
}

const heartbeatAck = { c: 200, s: 'HEARTBEAT', b: { rid: 'demo', pps: [] } };

describe('the heartbeat', () => {
  test('goes out at the interval of the join ack and carries the highest number seen', () => {
    const { world, connection } = connect();
    connection.join();
    world.socket.open().receive(joinAck({ hb: { interval: 2000, timeout: 10_000 } }));
    world.socket.receive(forwarded(7));
    world.advance(1999);
    expect(world.socket.names()).toEqual(['JOIN']);
    world.advance(1);
    const beat = world.socket.sent.at(-1);
    expect(beat?.action).toBe('heartbeat');
    expect(beat?.data).toMatchObject({ s: 'HEARTBEAT', bid: '1', sq: 7, ch: 'm2m', rid: 'demo' });
  });

  test('keeps the connection while it is answered', () => {
    const { world, connection } = connectAndJoin();
    for (let beats = 0; beats < 20; beats += 1) {
      world.advance(3000);
      world.socket.receive(heartbeatAck);
    }
    expect(connection.state).toBe('joined');
    expect(world.sockets).toHaveLength(1);
  });

  test.each([
    [3000, 4000],
    [2000, 3000],
  ])('of every %i ms gives a line up on which one was unanswered for %i ms', (interval, answer) => {
    const { world, connection } = connect();
    connection.join();
    world.socket.open().receive(joinAck({ hb: { interval, timeout: 10_000 } }));
    const first = world.socket;
    world.advance(interval + answer - 1);
    expect(connection.state).toBe('joined');
    world.advance(1);
    expect(connection.state).toBe('waitingNetwork');
    expect(first.closedWith).toBe(1000);
    world.advance(250);
    expect(world.sockets).toHaveLength(2);
  });

  test('stops with the connection and starts again with the next one', () => {
    const { world } = connectAndJoin();
    world.socket.lose();
    world.advance(250);
    world.socket.open();
    world.advance(3000);
    expect(world.socket.names()).toEqual(['JOIN']);
    world.socket.receive(joinAck({ resumed: true }));
    world.advance(3000);
    expect(world.socket.names()).toEqual(['JOIN', 'HEARTBEAT']);
  });

  test.each([
    ['somebody the server no longer knows', 4002],
    ['a member whose room is gone', 4001],
  ])('of %s joins again', (_, code) => {
    const { world, connection, failures } = connectAndJoin();
    world.advance(3000);
    world.socket.receive({ c: code, s: 'HEARTBEAT', b: {} });
    world.advance(1000);
    expect(failures).toEqual([]);
    expect(connection.state).toBe('reinitializing');
    expect(world.socket.names()).toEqual(['JOIN', 'HEARTBEAT', 'JOIN']);
    world.socket.receive(joinAck());
    expect([connection.state, world.sockets.length]).toEqual(['joined', 1]);
  });
});

describe('resuming', () => {
  test('joins again as the same session, from the highest number seen, with the last token', () => {
    const { world } = connectAndJoin();
    for (const sq of [1, 2, 5]) world.socket.receive(forwarded(sq));
    world.socket.lose();
    world.advance(250);
    const [join] = world.socket.open().sent;
    expect(join?.data.ss).toMatchObject({ userId: 'u1', sessionId: 's1' });
    expect(join?.data.op).toEqual({ roomCreating: true, resumeFrom: 5, resumeToken: 'token-1', n: 1000 });
  });

  test('brings the newest token when it was changed', () => {
    const { world } = connectAndJoin();
    for (const rt of ['token-2', 'token-3']) {
      world.socket.lose();
      world.advance(5000);
      world.socket.open().receive(joinAck({ resumed: true, rt }));
    }
    world.socket.lose();
    world.advance(5000);
    expect(world.socket.open().sent[0]?.data.op?.resumeToken).toBe('token-3');
  });

  test('drops a forwarded signal that was seen already', () => {
    const { world, received } = connectAndJoin();
    for (const sq of [1, 2]) world.socket.receive(forwarded(sq));
    world.socket.lose();
    world.advance(250);
    world.socket.open().receive(joinAck({ resumed: true, sq: 4 }));
    for (const sq of [1, 2, 3, 4]) world.socket.receive(forwarded(sq));
    expect(received).toEqual([1, 2, 3, 4]);
  });

  test('counts anew when the membership is a new one', () => {
    const { world, received } = connectAndJoin();
    world.socket.receive(forwarded(9));
    world.socket.lose();
    world.advance(250);
    world.socket.open().receive(joinAck({ resumed: false, sq: 0 }));
    world.socket.receive(forwarded(1));
    expect(received).toEqual([9, 1]);
  });

  test('after a page reload skips what was meant for the page before', () => {
    const { world, connection, received } = connect({ resume: { token: 'kept', from: 3, skipReplay: true } });
    connection.join();
    expect(world.socket.open().sent[0]?.data.op).toEqual({
      roomCreating: true,
      resumeFrom: 3,
      resumeToken: 'kept',
      n: 1000,
    });
    world.socket.receive(joinAck({ resumed: true, sq: 5 }));
    for (const sq of [4, 5, 6]) world.socket.receive(forwarded(sq));
    expect(received).toEqual([6]);
  });

  test('tells the application what to keep', () => {
    const kept: unknown[] = [];
    const { world } = connectAndJoin({}, { resumeChanged: (resume) => kept.push(resume) });
    world.socket.receive(forwarded(2));
    expect(kept).toEqual([
      { token: 'token-1', from: 0 },
      { token: 'token-1', from: 2 },
    ]);
  });

  test('announces a gap and counts on behind it', () => {
    let gaps = 0;
    const { world, received } = connectAndJoin({}, { gap: () => (gaps += 1) });
    world.socket.receive({ c: 200, s: 'GAP', b: { rid: 'demo', from: 1, to: 4 } });
    for (const sq of [4, 5]) world.socket.receive(forwarded(sq));
    expect(gaps).toBe(1);
    expect(received).toEqual([5]);
  });

  test('takes a list of participants only once', () => {
    const lists: number[] = [];
    const { world } = connectAndJoin({}, { participantsChanged: (list) => lists.push(list.length) });
    const changed = { c: 200, s: 'PUBLISH_LIST_CHANGED', b: { pps: [{ userId: 'u2', sessionId: 's2' }] }, sq: 3 };
    world.socket.receive(changed);
    world.socket.receive(changed);
    expect(lists).toEqual([0, 1]);
  });

  test('repeats camera and microphone as they are now, not as they were', () => {
    const { world, connection } = connectAndJoin();
    connection.send({ s: 'UPDATE', ve: false, ae: true });
    world.socket.lose();
    world.advance(250);
    expect(world.socket.open().sent[0]?.data).toMatchObject({ ve: false, ae: true });
  });

  test('says again what it told a socket that was dead already', () => {
    const { world, connection } = connectAndJoin();
    connection.send({ s: 'UPDATE', ve: false, ae: true });
    world.socket.lose();
    world.advance(250);
    world.socket.open();
    world.socket.receive(joinAck({ resumed: true, pps: [known(world.socket)] }));
    expect(world.socket.sent.at(-1)?.data).toMatchObject({ s: 'UPDATE', ve: false, ae: true });
    expect(world.socket.names()).toEqual(['JOIN', 'UPDATE']);
  });

  test('says nothing again that the server knows', () => {
    const { world } = connectAndJoin();
    world.socket.lose();
    world.advance(250);
    world.socket.open();
    world.socket.receive(joinAck({ resumed: true, pps: [known(world.socket)] }));
    expect(world.socket.names()).toEqual(['JOIN']);
  });
});
