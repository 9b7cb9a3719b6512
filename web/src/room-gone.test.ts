/** The pages after their room is gone, for instance because the server was restarted: each goes on by its own policy. */

import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { RoomType } from './client';
import { FakeWorld, joinAck, ME } from './client/fake';
import { PAGES, type PageName } from './fake-pages';

vi.mock('./broadcast/camera', () => ({
  Camera: class {
    start() {}
    restart() {}
    close() {}
  },
}));
vi.mock('./watch/player', () => ({
  Player: class {
    state = 'idle';
    load() {}
    unload() {}
  },
}));

beforeEach(() => vi.stubGlobal('document', { baseURI: 'http://host/' }));
afterEach(() => vi.unstubAllGlobals());

const ME_PUBLISHING = { ...ME, id: ME.sessionId, role: 'admin', publish: true };
const TYPES: Record<PageName, RoomType> = { call: 'p2p', group: 'm2m', watch: 'p2m', broadcast: 'p2m' };

/** A page that has joined and is then told that its room does not exist. */
function pageWithoutRoom(name: PageName) {
  const world = new FakeWorld();
  const page = PAGES[name](world);
  const state = () => page().state;
  const ack = () => {
    const ingest = { url: '/rooms/demo/data', token: 't', expires: 0 };
    const publishes = name !== 'watch';
    return joinAck({ pps: publishes ? [ME_PUBLISHING] : [], hls: name === 'broadcast' ? { ingest } : {} });
  };
  world.socket.open().receive(ack());
  const before = state();
  world.advance(3000);
  expect(world.socket.names().at(-1)).toBe('HEARTBEAT');
  world.socket.receive({ c: 4001, s: 'HEARTBEAT', b: { msg: 'there is no such room' } });
  world.advance(1000);
  expect(world.sockets, 'it asks over the connection that is there').toHaveLength(1);
  let opened = 1;
  const creating = () => {
    if (world.sockets.length > opened) world.socket.open();
    opened = world.sockets.length;
    return world.socket.sent.at(-1)?.data;
  };
  const refuse = (code: number) => world.socket.receive({ c: code, s: 'JOIN', b: {} });
  return { world, state, before, creating, refuse, accept: () => world.socket.receive(ack()) };
}

describe.each(['call', 'group', 'broadcast'] as const)('a %s whose room is gone', (name) => {
  test('is in again at once when somebody else has made the room', () => {
    const page = pageWithoutRoom(name);
    expect(page.state()).toBe(name === 'broadcast' ? page.before : 'reconnecting');
    expect(page.creating()).toMatchObject({ s: 'JOIN', ch: TYPES[name], op: { roomCreating: false } });
    page.accept();
    expect(page.state()).toBe(page.before);
  });

  test('makes the room again', () => {
    const page = pageWithoutRoom(name);
    page.creating();
    page.refuse(4001);
    page.world.advance(0);
    expect(page.creating()).toMatchObject({ s: 'JOIN', op: { roomCreating: true } });
    page.accept();
    expect(page.state()).toBe(page.before);
  });

  test('joins the room that another member has made in the same moment', () => {
    const page = pageWithoutRoom(name);
    for (const [creating, code] of [
      [false, 4001],
      [true, 4022],
    ] as const) {
      expect(page.creating()).toMatchObject({ op: { roomCreating: creating } });
      page.refuse(code);
      page.world.advance(0);
    }
    expect(page.creating()).toMatchObject({ op: { roomCreating: false } });
    page.accept();
    expect(page.state()).toBe(page.before);
  });
});

describe('a viewer whose broadcast is gone', () => {
  test('waits for it and never makes the room', () => {
    const page = pageWithoutRoom('watch');
    for (let attempt = 0; attempt < 20; attempt += 1) {
      expect(page.creating()).toMatchObject({ s: 'JOIN', ch: 'p2m', op: { roomCreating: false } });
      page.refuse(4001);
      expect(page.state()).toBe('not-started');
      page.world.advance(3000);
    }
    page.creating();
    page.accept();
    expect(page.state()).toBe(page.before);
  });
});
