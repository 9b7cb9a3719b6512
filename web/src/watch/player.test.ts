import { beforeEach, expect, test, vi } from 'vitest';
import { FakeWorld } from '../client/fake';
import { Player, type Sign } from './player';

interface Fragment {
  end: number;
  gap: boolean;
}

const made = vi.hoisted(
  () =>
    [] as {
      config: Record<string, unknown>;
      loaded: string[];
      started: number;
      latestLevelDetails: unknown;
      destroy(): void;
      fail(error: object): void;
    }[],
);
vi.mock('hls.js', () => ({
  default: class {
    static isSupported = () => true;
    latestLevelDetails: unknown = null;
    loaded: string[] = [];
    started = 0;
    fail: (error: object) => void = () => {};
    config: Record<string, unknown>;
    constructor(config: Record<string, unknown>) {
      this.config = config;
      made.push(this);
    }
    on(event: string, run: (event: string, error: object) => void) {
      if (event === 'error') this.fail = (error) => run(event, { fatal: true, ...error });
    }
    startLoad() {
      this.started += 1;
    }
    stopLoad() {}
    loadSource(url: string) {
      this.loaded.push(url);
    }
    attachMedia() {}
    destroy() {}
  },
  ErrorDetails: {},
  ErrorTypes: { NETWORK_ERROR: 'network', MEDIA_ERROR: 'media' },
  Events: { ERROR: 'error' },
}));

beforeEach(() => {
  made.length = 0;
});

/** A player whose video plays and then stands still at a place of its playlist. */
function standingStill(at: number, list: { live: boolean; fragments: Fragment[] }) {
  const world = new FakeWorld();
  const video = Object.assign(new EventTarget(), { currentTime: at, paused: false, seeking: false, ended: false });
  const states: string[] = [];
  const play = { play: async () => {} };
  const player = new Player(Object.assign(video, play) as unknown as HTMLVideoElement, world, {
    changed: (state) => states.push(state),
    muted: () => {},
    denied: () => {},
  });
  player.load('http://host/live/demo/main/playlist.m3u8');
  video.dispatchEvent(new Event('playing'));
  Object.assign(made[0] ?? {}, { latestLevelDetails: { edge: list.fragments.at(-1)?.end ?? 0, ...list } });
  video.dispatchEvent(new Event('waiting'));
  world.advance(2000);
  return { world, player, states };
}

const segment = (end: number, gap = false): Fragment => ({ end, gap });

test('a broadcast that ended behind gaps is over where its media end', () => {
  const fragments = [segment(11), segment(12, true), segment(13, true), segment(15.4, true)];
  expect(standingStill(11.1, { live: false, fragments }).player.state).toBe('ended');
});

test('one that still has media is not over', () => {
  const fragments = [segment(11), segment(12, true), segment(15.4)];
  expect(standingStill(11.1, { live: false, fragments }).player.state).toBe('starved');
  expect(standingStill(11.1, { live: true, fragments: [segment(11)] }).player.state).toBe('starved');
});

test('video that stands still is loaded anew, again and again but not at once', () => {
  const { world, player } = standingStill(11, { live: true, fragments: [segment(11)] });
  world.advance(9999);
  expect(made).toHaveLength(1);
  world.advance(1);
  expect(made.map(({ loaded }) => loaded)).toEqual([[player.url], [player.url]]);
  expect(player.state).toBe('loading');
});

test('a stall does not move the place where the viewer wants to be', () => {
  standingStill(11, { live: true, fragments: [segment(11)] });
  expect(made[0]?.config).toMatchObject({ liveSyncOnStallIncrease: 0 });
});

/** A player whose first media do not come. */
function loading(sign?: Sign) {
  const world = new FakeWorld();
  const video = Object.assign(new EventTarget(), { play: async () => {} });
  const denied = vi.fn();
  const handlers = { changed: () => {}, muted: () => {}, denied };
  const player = new Player(video as unknown as HTMLVideoElement, world, handlers, sign);
  player.load('http://host/live/demo/main/playlist.m3u8');
  return { world, player, video, denied };
}

test('media that the server answers with an error are tried again until they come', () => {
  const { world, player, video } = loading();
  for (let tries = 1; tries <= 30; tries += 1) {
    made[0]?.fail({ type: 'network', details: 'fragLoadError', response: { code: 503 } });
    expect(player.state).toBe('undelivered');
    world.advance(5000);
    expect(made[0]?.started).toBe(tries);
  }
  video.dispatchEvent(new Event('playing'));
  expect(player.state).toBe('playing');
});

test('an error of the server is told at once, before hls.js gives up', () => {
  const { player } = loading();
  made[0]?.fail({ fatal: false, type: 'network', details: 'fragLoadError', response: { code: 404 } });
  expect(player.state).toBe('loading');
  made[0]?.fail({ fatal: false, type: 'network', details: 'fragLoadError', response: { code: 503 } });
  expect(player.state).toBe('undelivered');
  expect(made[0]?.started).toBe(0);
});

test('a line that fails often is no fault of the browser either', () => {
  const { world, player } = loading();
  for (let tries = 0; tries < 9; tries += 1) {
    expect(player.state).toBe('loading');
    made[0]?.fail({ type: 'network', details: 'fragLoadTimeOut' });
    world.advance(5000);
  }
  expect(player.state).toBe('undelivered');
});

test('each request bears the token of its moment, the address that is told does not', () => {
  const token = { now: 'a.b.c' };
  const { player, world } = loading((address) => address.replace(/live\/(@[^/]*\/)?/, `live/@${token.now}/`));
  expect(player.url).toBe('http://host/live/demo/main/playlist.m3u8');
  expect(made[0]?.loaded).toEqual(['http://host/live/@a.b.c/demo/main/playlist.m3u8']);
  token.now = 'a.b.d';
  const request = { open: vi.fn() };
  const xhrSetup = made[0]?.config.xhrSetup as (request: object, address: string) => void;
  xhrSetup(request, 'http://host/live/@a.b.c/demo/main/v0/p1.m4s');
  expect(request.open).toHaveBeenCalledWith('GET', 'http://host/live/@a.b.d/demo/main/v0/p1.m4s', true);
  made[0]?.fail({ type: 'network', details: undefined, response: { code: 404 } });
  world.advance(3000);
  expect(made[0]?.loaded.at(-1)).toBe('http://host/live/@a.b.d/demo/main/playlist.m3u8');
});

test('requests of an open server are left to hls.js', () => {
  loading();
  expect(made[0]?.config).not.toHaveProperty('xhrSetup');
});

test.each([
  [401, 1],
  [403, 1],
  [404, 0],
  [503, 0],
])('an answer of %i tells %i times that media are denied, and is tried again', (code, times) => {
  const { denied, world } = loading();
  made[0]?.fail({ type: 'network', details: 'fragLoadError', response: { code } });
  expect(denied).toHaveBeenCalledTimes(times);
  world.advance(5000);
  expect(made[0]?.started).toBe(1);
});
