/** The pages after their room is gone, for instance because the server was restarted: each goes on by its own policy. */

import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { Broadcast } from './broadcast/broadcast';
import { QUALITIES } from './broadcast/encoders';
import { describe as describeBroadcast } from './broadcast/model';
import { Call } from './call/call';
import type { LocalMedia } from './call/media';
import { describe as describeCall } from './call/model';
import type { Identity, RoomType } from './client';
import { FakeWorld, joinAck, ME } from './client/fake';
import { peers } from './group/fake';
import { Group } from './group/group';
import { describe as describeGroup } from './group/model';
import { FakeBrowser, seatsIn } from './seats/fake';
import { describe as describeWatch } from './watch/model';
import { Watch } from './watch/watch';

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

function identity(): Identity {
  return { session: () => ME, resume: () => undefined, keep: () => {}, renew: () => {} };
}

function media(): LocalMedia {
  const { isOn, isAvailable } = { isOn: () => true, isAvailable: () => true };
  return { isOn, isAvailable, problems: {}, release: () => {} } as unknown as LocalMedia;
}

const seats = (world: FakeWorld) => seatsIn(new FakeBrowser(), world.now);
const ME_PUBLISHING = { ...ME, id: ME.sessionId, role: 'admin', publish: true };
const PAGES = {
  call(world: FakeWorld) {
    let state = '';
    const changed = (facts: Parameters<typeof describeCall>[0]) => {
      state = describeCall(facts).state;
    };
    new Call('ws://host/ws', 'demo', identity(), media(), world, seats(world), {
      changed,
      streamChanged: () => {},
    }).join();
    return () => state;
  },
  group(world: FakeWorld) {
    const { makePeer } = peers();
    const group = new Group('ws://host/ws', 'demo', identity(), media(), world, seats(world), makePeer, {
      changed: () => {},
    });
    group.join();
    return () => describeGroup(group.facts).state;
  },
  watch(world: FakeWorld) {
    let state = '';
    const changed = (facts: Parameters<typeof describeWatch>[0]) => {
      state = describeWatch(facts).state;
    };
    const handlers = { changed, muted: () => {} };
    new Watch('ws://host/ws', 'demo', identity(), {} as HTMLVideoElement, world, handlers).start();
    return () => state;
  },
  broadcast(world: FakeWorld) {
    const handlers = { changed: () => {} };
    const [quality, kept] = [QUALITIES.low, seats(world)];
    const broadcast = new Broadcast('ws://host/ws', 'demo', identity(), media(), quality, world, kept, handlers);
    broadcast.start();
    return () => describeBroadcast({ ...broadcast.facts, arrived: true }).state;
  },
};
const TYPES: Record<keyof typeof PAGES, RoomType> = { call: 'p2p', group: 'm2m', watch: 'p2m', broadcast: 'p2m' };

/** A page that has joined and is then told that its room does not exist. */
function pageWithoutRoom(name: keyof typeof PAGES) {
  const world = new FakeWorld();
  const state = PAGES[name](world);
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
  expect(world.sockets, 'it connects anew').toHaveLength(2);
  const creating = () => world.socket.open().sent.at(-1)?.data;
  const refuse = (code: number) => world.socket.receive({ c: code, s: 'JOIN', b: {} });
  return { world, state, before, creating, refuse, accept: () => world.socket.receive(ack()) };
}

describe.each(['call', 'group', 'broadcast'] as const)('a %s whose room is gone', (name) => {
  test('is in again at once when somebody else has made the room', () => {
    const page = pageWithoutRoom(name);
    expect(page.state()).toBe('reconnecting');
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
