import { describe, expect, test } from 'vitest';
import { readRoute, roomAddress, serverAddress, socketAddress, storageKey } from './address';

const PREFIXES = ['https://rooms.example/', 'https://rooms.example/team/', 'http://127.0.0.1:8080/a/b/'];

describe.each(PREFIXES)('below %s', (base) => {
  test('a room has its page and its link', () => {
    expect(roomAddress('call', 'demo', base)).toBe(`${base}call/demo`);
    expect(readRoute(`${base}call/demo?autojoin#x`, base)).toEqual({ view: 'call', room: 'demo' });
    expect(readRoute(roomAddress('watch', 'a~b.c', base), base)).toEqual({ view: 'watch', room: 'a~b.c' });
  });

  test('the start page is the base itself', () => {
    expect(readRoute(base, base)).toEqual({ view: '', room: '' });
  });

  test.each(['call/demo/', 'call//demo', '/call/demo', '//', 'call/a/b', '%ff', '%ff/'])(
    '"%s" leads nowhere',
    (path) => {
      expect(readRoute(base + path, base)).toBeUndefined();
    },
  );

  test.each(['call', 'call/', 'call/%', 'Call/demo'])('"%s" is no room', (path) => {
    const route = readRoute(base + path, base);
    expect(route?.view === 'call' && route.room !== '').toBe(false);
  });

  test('the socket is there as well', () => {
    expect(socketAddress(base)).toBe(`${base.replace(/^http/, 'ws')}ws`);
  });

  test('a path of the server keeps the prefix', () => {
    expect(serverAddress('/live/demo/main.m3u8?x=1', base)).toBe(`${base}live/demo/main.m3u8?x=1`);
    expect(serverAddress('/live:1/demo', base)).toBe(`${base}live:1/demo`);
  });

  test.each(['https://cdn.example/live/demo.m3u8', 'http://127.0.0.1:1/rooms/x/ingest'])('%s stays', (reference) => {
    expect(serverAddress(reference, base)).toBe(reference);
  });

  test('an address without a scheme keeps its host', () => {
    expect(serverAddress('//cdn.example/live', base)).toBe(`${new URL(base).protocol}//cdn.example/live`);
  });
});

test('another prefix leads nowhere', () => {
  expect(readRoute('https://rooms.example/other/call/demo', 'https://rooms.example/team/')).toBeUndefined();
});

test('what is stored belongs to one server', () => {
  const keys = PREFIXES.map((base) => storageKey('session', base));
  expect(keys).toEqual(['roomcast.session', 'roomcast/team.session', 'roomcast/a/b.session']);
});
