import { describe, expect, test } from 'vitest';
import { readJoinAck, readMessage, readParticipants } from './reader';

describe('a message', () => {
  test('with a code is an ack, one without is a forwarded signal', () => {
    expect(readMessage('{"c":200,"s":"KEEPALIVE","b":{"ts":1}}')).toMatchObject({ kind: 'ack', name: 'KEEPALIVE' });
    const offer = '{"sq":1,"s":"OFFER","ss":{"userId":"u2","sessionId":"s2"},"sdp":"v=0"}';
    expect(readMessage(offer)).toMatchObject({ kind: 'forwarded', sequence: 1, sender: { userId: 'u2' } });
  });

  test('may carry its sequence number beside the code', () => {
    expect(readMessage('{"c":200,"s":"PUBLISH_LIST_CHANGED","b":{},"sq":4}')).toMatchObject({ sequence: 4 });
  });

  test('that lacks what it is about is none', () => {
    expect(readMessage('{"c":200,"s":"JOIN","b":{"resumed":false,"sq":0}}')).toBeUndefined();
    expect(readMessage('{"c":200,"s":"RESEND","b":{}}')).toBeUndefined();
    expect(readMessage('{"c":4001,"s":"JOIN","b":{}}')).toBeDefined();
  });

  test('is understood under its older name', () => {
    expect(readMessage('{"c":200,"s":"HEARTBEAT_ACK","b":{}}')).toMatchObject({ name: 'HEARTBEAT' });
  });

  test.each(['', 'nonsense', '1', 'null', '[]', '{}', '{"s":1}', '{"s":"OFFER"}', '{"s":"OFFER","sq":1}'])(
    'that is none (%s) is ignored',
    (text) => {
      expect(readMessage(text)).toBeUndefined();
    },
  );
});

describe('a join ack', () => {
  test('lists STUN and TURN servers, TURN only where it has credentials', () => {
    const turn = { urls: 'turn:host', username: 'u', credential: 'c' };
    const ack = readJoinAck({ es: { icfg: { is: ['stun:host', 'turn:host'], iceServers: [turn, 7] } } });
    expect(ack.iceServers).toEqual([{ urls: 'stun:host' }, turn]);
  });

  test('without anything in it falls back to the defaults of the protocol', () => {
    expect(readJoinAck({})).toEqual({
      roomId: '',
      role: 'viewer',
      participants: [],
      resumed: false,
      sequence: 0,
      resumeToken: '',
      heartbeat: { interval: 3000, timeout: 10_000 },
      iceServers: [],
      playlists: [],
    });
  });
});

describe('a list of participants', () => {
  test('skips what is no participant', () => {
    expect(readParticipants([7, null, {}, { userId: 'u1', id: 's1', hls: '/live/x.m3u8' }])).toMatchObject([
      { userId: 'u1', sessionId: 's1', hls: '/live/x.m3u8', video: false },
    ]);
  });

  test('has the name that the server knows of somebody, and none that is empty', () => {
    const [ann, bob, cid] =
      readParticipants(['Ann', ' ', 7].map((name, n) => ({ userId: `u${n}`, id: 's', name }))) ?? [];
    expect(ann?.name).toBe('Ann');
    expect([bob, cid].map((one) => one && 'name' in one)).toEqual([false, false]);
  });

  test('that is no list is told from an empty one', () => {
    expect(readParticipants(undefined)).toBeUndefined();
    expect(readParticipants([])).toEqual([]);
  });
});

describe('the address for uploads', () => {
  const ingest = { url: '/rooms/demo/data', token: 't', expires: 1_800_000_000_000 };

  test('is there for who broadcasts', () => {
    expect(readJoinAck({ hls: { ingest, playlists: [] } }).ingest).toEqual(ingest);
  });

  test.each([{}, { hls: null }, { hls: { ingest: { url: 1, token: 't' } } }, { hls: { ingest: { url: '/' } } }])(
    'is left out where it is not whole: %j',
    (body) => {
      expect(readJoinAck(body)).not.toHaveProperty('ingest');
    },
  );
});
