import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { FakeWorld, joinAck } from './client/fake';
import { StuckConnection } from './fake-media';
import { PAGES } from './fake-pages';
import { publishers } from './group/fake';

beforeEach(() => {
  vi.stubGlobal('RTCPeerConnection', StuckConnection);
  vi.stubGlobal('MediaStream', class {});
});
afterEach(() => vi.unstubAllGlobals());

/** Answers the newest join with a refusal; gives whether it asked for the room to be created. */
function refuseJoin(world: FakeWorld, code: number): unknown {
  const { socket } = world;
  socket.open().receive({ c: code, s: 'JOIN', b: { msg: 'no' } });
  world.advance(0);
  return socket.sent[0]?.data.op?.roomCreating;
}

test.each(['call', 'group'] as const)('%s: whoever may not open the room waits until somebody does', (name) => {
  const world = new FakeWorld();
  const show = PAGES[name](world);
  for (let tries = 0; tries < 20; tries += 1) {
    expect(refuseJoin(world, 4001)).toBe(false);
    expect(refuseJoin(world, 4051)).toBe(true);
    expect(show()).toMatchObject({ state: 'not-started', wayOut: true });
    expect(show().text).toMatch(new RegExp(`This ${name} has not started`));
    world.advance(3000);
  }
  world.socket.open().receive(joinAck({ pps: publishers('u2') }));
  expect(show().text).not.toMatch(/has not started/);
  expect(show().state).not.toBe('failed');
});

test.each(['call', 'group'] as const)('%s: whoever may not join a room that exists is told so', (name) => {
  const world = new FakeWorld();
  const show = PAGES[name](world);
  refuseJoin(world, 4051);
  expect(show()).toMatchObject({
    state: 'failed',
    text: expect.stringMatching(new RegExp(`may not join this ${name}`)),
  });
});
