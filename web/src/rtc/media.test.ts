import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { LocalMedia } from './media';

interface FakeTrack {
  kind: string;
  enabled: boolean;
  stop(): void;
}

class FakeStream {
  #tracks: FakeTrack[] = [];
  getTracks = () => [...this.#tracks];
  addTrack = (track: FakeTrack) => void this.#tracks.push(track);
  removeTrack = (track: FakeTrack) => {
    this.#tracks = this.#tracks.filter((one) => one !== track);
  };
}

let asked: string[][] = [];
let given: (FakeTrack & { live: boolean })[] = [];
/** The browser's question to the person, while it is open. */
let question: Promise<void> | undefined;

beforeEach(() => {
  asked = [];
  given = [];
  question = undefined;
  vi.stubGlobal('MediaStream', FakeStream);
  const getUserMedia = async (constraints: object) => {
    const kinds = Object.keys(constraints);
    asked.push(kinds);
    await question;
    const tracks = kinds.map(newTrack);
    return { getTracks: () => tracks };
  };
  vi.stubGlobal('navigator', { mediaDevices: { getUserMedia } });
});
afterEach(() => vi.unstubAllGlobals());

function newTrack(kind: string): FakeTrack {
  const stop = () => {
    track.live = false;
  };
  const track = { kind, enabled: true, live: true, stop };
  given.push(track);
  return track;
}

/** Opens the browser's question; the function it gives answers it. */
function openQuestion(): () => void {
  let answer = () => {};
  question = new Promise((resolve) => {
    answer = resolve;
  });
  return answer;
}

/** The media of a page that was reloaded, with the switches of the page before. */
function reloaded(before: LocalMedia | string): LocalMedia {
  const media = new LocalMedia();
  media.restore(typeof before === 'string' ? before : before.switches);
  return media;
}

test('a camera that was off before a reload is not started, and can be switched on', async () => {
  const before = new LocalMedia();
  await before.acquire();
  await before.setCamera(false);
  const media = reloaded(before);
  await media.acquire();
  expect(asked).toEqual([['audio', 'video'], ['audio']]);
  expect([media.isOn('audio'), media.isOn('video'), media.isAvailable('video')]).toEqual([true, false, true]);
  await media.setCamera(true);
  expect(media.isOn('video')).toBe(true);
  expect(media.track('video')).not.toBeNull();
});

test('a microphone that was muted before a reload stays muted', async () => {
  const before = new LocalMedia();
  await before.acquire();
  await before.setMicrophone(false);
  const media = reloaded(before);
  await media.acquire();
  expect(media.isOn('audio')).toBe(false);
  expect(media.track('audio')?.enabled).toBe(false);
});

test.each(['', 'nonsense', '7', 'null', '{"audio":1}'])('switches that cannot be read (%s) are on', async (note) => {
  const media = reloaded(note);
  await media.acquire();
  expect([media.isOn('audio'), media.isOn('video')]).toEqual([true, true]);
});

test('devices that are switched off before they are acquired stay off', async () => {
  const media = new LocalMedia();
  await media.acquire();
  media.release();
  media.switchOff();
  await media.acquire();
  expect(asked).toHaveLength(1);
  expect([media.isOn('audio'), media.isOn('video'), media.isLive]).toEqual([false, false, false]);
  await media.setMicrophone(true);
  expect(asked.at(-1)).toEqual(['audio']);
  expect(media.track('audio')?.enabled).toBe(true);
  await media.setMicrophone(false);
  expect(media.track('audio')?.enabled, 'muted again, it is kept').toBe(false);
});

test('devices that are on when both are switched off are let go of', async () => {
  const media = new LocalMedia();
  await media.acquire();
  media.switchOff();
  expect(given.filter(({ live }) => live)).toEqual([]);
  expect([media.isAvailable('audio'), media.isAvailable('video')]).toEqual([true, true]);
});

test.each<[string, (media: LocalMedia) => Promise<void>]>([
  ['both devices', (media) => media.acquire()],
  ['the camera, switched on', (media) => media.setCamera(true)],
  ['another camera', (media) => media.replace('video', {})],
])('nothing stays on that the browser gives after a release: %s', async (_, ask) => {
  const media = new LocalMedia();
  await media.acquire();
  await media.setCamera(false);
  const answer = openQuestion();
  const asking = ask(media);
  media.release();
  answer();
  await asking;
  expect(given.filter(({ live }) => live)).toEqual([]);
  expect(media.isLive).toBe(false);
});

test('an answer from before a release is not taken for what is asked for after it', async () => {
  const media = new LocalMedia();
  const answer = openQuestion();
  const before = media.acquire();
  media.release();
  const after = media.acquire();
  answer();
  await Promise.all([before, after]);
  expect(given.filter(({ live }) => live)).toHaveLength(2);
  expect(media.isLive).toBe(true);
});
