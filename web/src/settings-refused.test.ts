/** The pages with a server whose ICE servers a browser does not take. */

import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { Call } from './call/call';
import { FakeWorld, joinAck, ME } from './client/fake';
import { publishers } from './group/fake';
import { Group } from './group/group';
import type { LocalMedia } from './rtc/media';
import { Peer } from './rtc/peer';
import { FakeBrowser, seatsIn } from './seats/fake';

const WRONG = "This server's call settings are wrong";
const identity = { session: () => ME, resume: () => undefined, keep() {}, renew() {}, adopt() {} };
const media = { isOn: () => false, isAvailable: () => false, track: () => null } as unknown as LocalMedia;

/** The error that `new RTCPeerConnection` throws. */
function browserThrows(name: string): void {
  const RTCPeerConnection = class {
    constructor() {
      throw new DOMException('no', name);
    }
  };
  vi.stubGlobal('RTCPeerConnection', RTCPeerConnection);
}

beforeEach(() => vi.spyOn(console, 'warn').mockImplementation(() => {}));
afterEach(() => {
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

function call(world: FakeWorld) {
  let failure: string | undefined;
  const changed = (pageState: { failure?: { title: string } | undefined }) => {
    failure = pageState.failure?.title;
  };
  const seats = seatsIn(new FakeBrowser(), world.now);
  new Call('ws://host/ws', 'demo', identity, media, world, seats, { changed, streamChanged() {} }).join();
  return () => failure;
}

function group(world: FakeWorld) {
  const makePeer: ConstructorParameters<typeof Group>[6] = (address, handlers) =>
    new Peer(address, true, [], media, world, handlers);
  const seats = seatsIn(new FakeBrowser(), world.now);
  const member = new Group('ws://host/ws', 'demo', identity, media, world, seats, makePeer, { changed() {} });
  member.join();
  return () => member.pageState.failure?.title;
}

async function meets(page: (world: FakeWorld) => () => string | undefined): Promise<string | undefined> {
  const world = new FakeWorld();
  const failure = page(world);
  world.socket.open().receive(joinAck({ pps: publishers('u1', 'u2') }));
  // The page that came first waits this long for the offer of the other, and then makes its own.
  world.advance(5000);
  world.socket.receive({
    sq: 1,
    s: 'OFFER',
    ch: 'p2p',
    rid: 'demo',
    ss: { ...ME, userId: 'u2', sessionId: 's2' },
    sdp: '',
  });
  await new Promise((resolve) => setTimeout(resolve));
  return failure();
}

describe.each([
  ['a call', call],
  ['a group', group],
])('%s', (_, page) => {
  test.each(['SyntaxError', 'InvalidAccessError', 'TypeError'])('says so after a %s', async (name) => {
    browserThrows(name);
    expect(await meets(page)).toBe(WRONG);
  });

  test('does not blame the settings for what is not about them', async () => {
    browserThrows('UnknownError');
    expect(await meets(page)).toBeUndefined();
  });
});
