/**
 * Every wait has an end that is seen. Each row is a wait: the fault that leads into it, the state and the words that
 * are shown, the bound after which it is over, and what comes then. Waits for a person have no bound, but a way out.
 */

import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { FIRST_PART_MS } from './broadcast/broadcast';
import { FakeWorld, joinAck, ME } from './client/fake';
import { FakeCamera, FakePlayer, StuckConnection } from './fake-media';
import { PAGES, type PageName, type Shown } from './fake-pages';
import { publishers } from './group/fake';
import { FakeBrowser, seatsIn } from './seats/fake';
import { LATE_MS } from './watch/watch';

vi.mock('./watch/player', async () => ({ Player: (await import('./fake-media')).FakePlayer }));
vi.mock('./broadcast/camera', async () => ({ Camera: (await import('./fake-media')).FakeCamera }));

beforeEach(() => {
  for (const made of [FakePlayer.made, FakeCamera.made, StuckConnection.made]) made.length = 0;
  vi.stubGlobal('document', { baseURI: 'http://host/' });
  vi.stubGlobal('RTCPeerConnection', StuckConnection);
  vi.stubGlobal('MediaStream', class {});
  vi.spyOn(console, 'warn').mockImplementation(() => {});
});
afterEach(() => vi.unstubAllGlobals());

interface Scene {
  world: FakeWorld;
  show: () => Shown;
  page: ReturnType<(typeof PAGES)[PageName]>;
  /** Whom the server lists, oldest first; nobody answers when it is away. */
  listed: ReturnType<typeof publishers>;
  away: boolean;
  /** The camera gives media. */
  records?: boolean;
  /** Signals of the newest socket that were answered, and the number of the last answer. */
  answered: number;
  sequence: number;
}

const join = (scene: Scene, body: object = {}) =>
  scene.world.socket.open().receive(joinAck({ pps: scene.listed, ...body }));
const settle = async () => {
  for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
};

/** Lets time pass; a server that is there answers joins, heartbeats and offers. */
async function pass(scene: Scene, seconds: number): Promise<void> {
  for (let second = 0; second < seconds; second += 1) {
    const before = scene.world.sockets.length;
    scene.world.advance(1000);
    if (scene.records) FakeCamera.made.at(-1)?.give();
    await settle();
    if (scene.away) continue;
    if (scene.world.sockets.length > before) {
      scene.answered = 0;
      join(scene, { resumed: true });
    }
    answer(scene);
    await settle();
  }
}

function answer(scene: Scene): void {
  const { socket } = scene.world;
  for (const { data } of socket.sent.slice(scene.answered)) {
    if (data.s === 'HEARTBEAT') socket.receive({ c: 200, s: 'HEARTBEAT', b: { pps: scene.listed, rid: 'demo' } });
    if (data.s !== 'OFFER') continue;
    scene.sequence += 1;
    const from = { ...ME, userId: 'u2', sessionId: 's2' };
    socket.receive({ sq: scene.sequence, s: 'ANSWER', ch: 'p2p', rid: 'demo', ss: from, sdp: 'v=0' });
  }
  scene.answered = socket.sent.length;
}

const alone = (scene: Scene) => {
  scene.listed = publishers('u1');
  join(scene);
};
const withOther = (scene: Scene) => {
  scene.listed = publishers('u2', 'u1');
  join(scene);
};
const withPlayer = (scene: Scene, ...states: string[]) => {
  join(scene, { hls: { playlists: ['/live/demo/main/playlist.m3u8'] } });
  for (const state of states) FakePlayer.made[0]?.handlers.changed(state);
};
const onAir = (scene: Scene) => join(scene, { hls: { ingest: { url: '/rooms/demo/data', token: 't', expires: 0 } } });
/** On air, after which the server takes nothing more. */
const withStuckUploads = async (scene: Scene) => {
  let accepted = 2;
  vi.stubGlobal('fetch', async (_url: string, options?: { method?: string }) => {
    if (options?.method !== 'POST') return new Response('', { status: 404 });
    accepted -= 1;
    return accepted >= 0 ? new Response('{"c":200,"b":{}}') : new Promise<Response>(() => {});
  });
  onAir(scene);
  await settle();
  scene.records = true;
  await pass(scene, 2);
};
const serverGone = (scene: Scene) => {
  scene.away = true;
  scene.world.socket.lose();
};

interface Wait {
  page: PageName;
  fault: string;
  lead(scene: Scene): void | Promise<void>;
  state: string;
  words: RegExp;
  /** Seconds until it is over by itself, or whom it is for. */
  bound: number | 'a person';
  outcome?: { state: string; words: RegExp };
}

const nothing = () => {};
const unreachable = { state: 'failed', words: /The server cannot be reached/ };
const WAITS: Wait[] = [
  ...(['call', 'group'] as const).map((page) => ({
    page,
    fault: 'the server does not answer',
    lead: nothing,
    state: 'connecting',
    words: /Connecting…/,
    bound: 45,
    outcome: unreachable,
  })),
  {
    page: 'broadcast',
    fault: 'the server does not answer',
    lead: nothing,
    state: 'starting',
    words: /Going on air…/,
    bound: 45,
    outcome: unreachable,
  },
  {
    page: 'watch',
    fault: 'the server does not answer',
    lead(scene) {
      scene.away = true;
      return pass(scene, LATE_MS / 1000);
    },
    state: 'connecting',
    words: /The server does not answer yet|longer than usual/,
    bound: 45,
    outcome: unreachable,
  },
  {
    page: 'call',
    fault: 'no route between the two browsers',
    lead: withOther,
    state: 'connecting',
    words: /Connecting to u2…/,
    bound: 35,
    outcome: { state: 'failed', words: /No connection to u2/ },
  },
  {
    page: 'call',
    fault: 'the ICE servers of the server are nonsense',
    lead(scene) {
      const refuse = class {
        constructor() {
          throw new SyntaxError('not a valid STUN or TURN URL');
        }
      };
      vi.stubGlobal('RTCPeerConnection', refuse);
      withOther(scene);
    },
    state: 'failed',
    words: /This server's call settings are wrong/,
    bound: 'a person',
  },
  {
    page: 'call',
    fault: 'the way to the other person breaks',
    async lead(scene) {
      withOther(scene);
      await settle();
      await pass(scene, 6);
      for (const state of ['connected', 'failed']) {
        Object.assign(StuckConnection.made[0] ?? {}, { connectionState: state });
        StuckConnection.made[0]?.onconnectionstatechange();
      }
    },
    state: 'reconnecting',
    words: /Connection to u2 lost/,
    bound: 60,
    outcome: { state: 'failed', words: /No connection to u2/ },
  },
  {
    page: 'call',
    fault: 'the other person is gone without a goodbye',
    async lead(scene) {
      withOther(scene);
      await pass(scene, 6);
      Object.assign(StuckConnection.made[0] ?? {}, { connectionState: 'connected' });
      StuckConnection.made[0]?.onconnectionstatechange();
      Object.assign(StuckConnection.made[0] ?? {}, { connectionState: 'disconnected' });
      scene.listed = publishers('u1');
      await pass(scene, 4);
    },
    state: 'waiting',
    words: /u2 lost the connection. Waiting…/,
    bound: 'a person',
  },
  {
    page: 'call',
    fault: 'nobody else is there',
    lead: alone,
    state: 'waiting',
    words: /Waiting for someone to join/,
    bound: 'a person',
  },
  ...(['call', 'group'] as const).map((page) => ({
    page,
    fault: 'the server goes away',
    lead(scene: Scene) {
      alone(scene);
      serverGone(scene);
    },
    state: 'reconnecting',
    words: /Connection lost. Reconnecting…/,
    // The table never gives a member up.
    bound: 'a person' as const,
  })),
  {
    page: 'group',
    fault: 'the owner does not answer a request',
    async lead(scene) {
      scene.listed = publishers('u2');
      join(scene);
      if ('group' in scene.page) scene.page.group.ask();
    },
    state: 'watching',
    words: /Waiting for u2 to let you in/,
    bound: 30,
    outcome: { state: 'watching', words: /u2 has not answered/ },
  },
  {
    page: 'call',
    fault: 'no route, and the other person has given up',
    async lead(scene) {
      withOther(scene);
      await pass(scene, 12);
      scene.listed = publishers('u1');
    },
    state: 'connecting',
    words: /Connecting to u2…/,
    bound: 4,
    outcome: { state: 'failed', words: /No connection to u2/ },
  },
  ...(['watching', 'taking-part'] as const).map((state) => ({
    page: 'group' as const,
    fault: `no route to the others (${state})`,
    lead(scene: Scene) {
      scene.listed = state === 'watching' ? publishers('u2') : publishers('u2', 'u1');
      join(scene);
    },
    state,
    words: state === 'watching' ? /Watching u2/ : /You and 1 other/,
    bound: 30,
    outcome: { state, words: /No connection to u2.*One of your networks/ },
  })),
  {
    page: 'broadcast',
    fault: 'no part reaches the server',
    lead: onAir,
    state: 'starting',
    words: /Going on air…/,
    bound: FIRST_PART_MS / 1000,
    outcome: { state: 'failed', words: /could not start/ },
  },
  {
    page: 'broadcast',
    fault: 'no upload finishes any more',
    lead: withStuckUploads,
    state: 'on-air',
    words: /On air/,
    bound: 20,
    outcome: { state: 'failed', words: /Your upload is too slow/ },
  },
  {
    page: 'broadcast',
    fault: 'the network stands still while uploads are on their way',
    async lead(scene) {
      await withStuckUploads(scene);
      scene.away = true;
      await pass(scene, 20);
    },
    state: 'reconnecting',
    words: /Connection lost. Reconnecting…/,
    bound: 'a person',
  },
  {
    page: 'watch',
    fault: 'the broadcast has not started',
    lead(scene) {
      scene.away = true;
      scene.world.socket.open().receive({ c: 4001, s: 'JOIN', b: {} });
    },
    state: 'not-started',
    words: /It starts by itself/,
    bound: 'a person',
  },
  {
    page: 'watch',
    fault: 'an initialization section is late',
    lead: async (scene) => {
      withPlayer(scene, 'loading');
      await pass(scene, LATE_MS / 1000);
    },
    state: 'connecting',
    words: /longer than usual/,
    bound: 'a person',
  },
  {
    page: 'watch',
    fault: 'the server answers an initialization section with an error',
    lead: async (scene) => {
      withPlayer(scene, 'loading', 'undelivered');
      await pass(scene, LATE_MS / 1000);
    },
    state: 'connecting',
    words: /The server does not deliver the video right now .*tried again/,
    bound: 'a person',
  },
  {
    page: 'watch',
    fault: 'the video stands still',
    lead: async (scene) => {
      withPlayer(scene, 'loading', 'playing', 'starved');
      await pass(scene, LATE_MS / 1000);
    },
    state: 'reconnecting',
    words: /The video has stopped/,
    bound: 'a person',
  },
];

test.each(WAITS)('$page: $fault', async ({ page: name, lead, state, words, bound, outcome }) => {
  const world = new FakeWorld();
  const page = PAGES[name](world);
  const scene: Scene = { world, page, show: page, listed: [], away: lead === nothing, answered: 0, sequence: 0 };
  await lead(scene);
  await settle();
  expect(scene.show()).toMatchObject({ state, wayOut: true });
  expect(scene.show().text).toMatch(words);
  await pass(scene, bound === 'a person' ? 40 : bound + 1);
  expect(scene.show().wayOut).toBe(true);
  if (bound === 'a person') expect(scene.show()).toMatchObject({ state });
  if (outcome) expect(scene.show().state).toBe(outcome.state);
  if (outcome) expect(scene.show().text).toMatch(outcome.words);
});

test.each([
  ['reloads the page', 1, /In call with u2|Connecting to u2/],
  ['leaves', 2, /u2 left the call/],
])('call: the other person %s', async (_, seconds, words) => {
  const world = new FakeWorld();
  const page = PAGES.call(world);
  const scene: Scene = { world, page, show: page, listed: [], away: false, answered: 0, sequence: 0 };
  withOther(scene);
  await pass(scene, 6);
  Object.assign(StuckConnection.made[0] ?? {}, { connectionState: 'connected' });
  StuckConnection.made[0]?.onconnectionstatechange();
  const list = (...users: string[]) => {
    scene.sequence += 1;
    const pps = publishers(...users);
    world.socket.receive({ sq: scene.sequence, c: 200, s: 'PUBLISH_LIST_CHANGED', b: { pps } });
  };
  list('u1');
  world.advance(seconds * 1000);
  await settle();
  expect(page().text).toMatch(seconds === 1 ? /In call with u2/ : words);
  if (seconds > 1) return;
  list('u1', 'u2');
  world.advance(5000);
  await settle();
  expect(page().text).toMatch(words);
});

test('call: a seat is held by an earlier page', async () => {
  const [world, browser] = [new FakeWorld(), new FakeBrowser()];
  seatsIn(browser, world.now).taken({ userId: 'u9', sessionId: 'ghost' }, 13_000);
  browser.crash('ghost');
  const seats = seatsIn(browser, world.now);
  await seats.look();
  const show = PAGES.call(world, seats);
  for (let second = 0; show().state !== 'failed'; second += 1) {
    expect(second, 'it has a bound').toBeLessThan(20);
    world.socket.open().receive({ c: 4025, s: 'JOIN', b: {} });
    await settle();
    expect(show().wayOut).toBe(true);
    world.advance(1000);
  }
});
