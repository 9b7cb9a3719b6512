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

beforeEach(() => {
  asked = [];
  vi.stubGlobal('MediaStream', FakeStream);
  const getUserMedia = async (constraints: object) => {
    const kinds = Object.keys(constraints);
    asked.push(kinds);
    return { getTracks: () => kinds.map((kind) => ({ kind, enabled: true, stop() {} })) };
  };
  vi.stubGlobal('navigator', { mediaDevices: { getUserMedia } });
});
afterEach(() => vi.unstubAllGlobals());

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
  before.setMicrophone(false);
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
  expect(asked.at(-1)).toEqual(['audio']);
  expect([media.isOn('audio'), media.isOn('video'), media.isLive]).toEqual([false, false, true]);
});
