// Reads playlists as players get them, and lets a parser that is not ours read every one.

import assert from 'node:assert/strict';
import { setTimeout as after } from 'node:timers/promises';
import HLS from 'hls-parser';
import { ask } from './ask.mjs';

const EVERY_MS = 1000;
/** With fewer, shaka takes a missing segment for one that is there, or an old end for the live one. */
const SEGMENTS = 4;
const WAIT_MS = 20_000;

// Complaints of the parser about playlists that are right: it counts the segments that may have parts where the
// standard counts target durations, and wants a version for gaps that the standard has dropped since.
const MISTAKEN = [/Remove EXT-X-PART tags/, /EXT-X-VERSION needs to be 8/];

/** Waits until all tracks of a room have some whole segments. */
export async function playable(server, room, tracks) {
  const bound = Date.now() + WAIT_MS;
  const begun = async (path) => {
    const response = await ask(`${server.live}/${room}/main/${path}playlist.m3u8`);
    const count = response.ok ? (await response.text()).split(path ? '#EXTINF' : '#EXT-X-STREAM-INF').length - 1 : 0;
    return count >= (path ? SEGMENTS : 1);
  };
  while (!(await Promise.all(['', ...tracks.map((track) => `${track}/`)].map(begun))).every(Boolean)) {
    if (Date.now() > bound) throw new Error(`nothing to play in ${room} after ${WAIT_MS} ms`);
    await after(100);
  }
}

/** Collects every variety of playlist of some tracks once a second until it is told to stop. */
export class Reader {
  #base;
  #tracks;
  #stopped = new AbortController();
  #running;
  texts = new Map();

  constructor(server, room, tracks) {
    this.#base = `${server.live}/${room}/main`;
    this.#tracks = tracks;
    this.#running = this.#run();
  }

  async stop() {
    this.#stopped.abort();
    await this.#running;
  }

  /** Reads all once. */
  async read() {
    await this.#take('playlist.m3u8');
    for (const track of this.#tracks) {
      await this.#take(`${track}/playlist.m3u8`);
      await this.#take(`${track}/playlist.m3u8?_HLS_skip=YES`);
    }
  }

  async #run() {
    const { signal } = this.#stopped;
    while (!signal.aborted) {
      await this.read();
      await after(EVERY_MS, undefined, { signal }).catch(() => {});
    }
  }

  async #take(path) {
    const response = await ask(`${this.#base}/${path}`);
    const text = await response.text();
    assert.equal(response.status, 200, `${path}: ${text}`);
    this.texts.set(text, path);
  }
}

/** Lets the parser read a playlist and compares what it found with the tags; gives the varieties it belongs to. */
export function check(text, path) {
  const lines = text.split('\n');
  const count = (tag) => lines.filter((line) => line.startsWith(tag)).length;
  const parsed = parse(text, path);
  if (parsed.isMasterPlaylist) {
    assert.equal(parsed.variants.length, count('#EXT-X-STREAM-INF:'));
    const audio = parsed.variants.map((variant) => variant.audio.length);
    assert.ok(audio.every((groups) => groups === count('#EXT-X-MEDIA:')), path);
    return ['multivariant'];
  }
  const finished = parsed.segments.filter(({ uri }) => uri);
  assert.equal(finished.length, count('#EXTINF:'), path);
  const parts = parsed.segments.flatMap((segment) => segment.parts).filter(({ hint }) => !hint);
  assert.equal(parts.length, count('#EXT-X-PART:'), path);
  assert.ok(parts.every(({ duration }) => duration <= parsed.partTargetDuration), `a part is too long in ${path}\n${text}`);
  const numbers = finished.map(({ mediaSequenceNumber }) => mediaSequenceNumber);
  assert.ok(numbers.every((number, index) => index === 0 || number === numbers[index - 1] + 1), path);
  const has = { gap: '#EXT-X-GAP', discontinuity: '#EXT-X-DISCONTINUITY\n', delta: '#EXT-X-SKIP:', ended: '#EXT-X-ENDLIST' };
  const kinds = Object.keys(has).filter((kind) => text.includes(has[kind]));
  assert.equal(finished.filter(({ gap }) => gap).length, count('#EXT-X-GAP'), path);
  assert.equal(parsed.segments.filter(({ discontinuity }) => discontinuity).length, text.split(has.discontinuity).length - 1, path);
  assert.equal(parsed.endlist === true, kinds.includes('ended'), path);
  assert.equal(parsed.skip > 0, kinds.includes('delta'), path);
  return ['media', ...kinds];
}

function parse(text, path) {
  HLS.setOptions({ strictMode: true });
  try {
    return HLS.parse(text);
  } catch (error) {
    assert.ok(MISTAKEN.some((known) => known.test(error.message)), `${path}: ${error.message}\n${text}`);
    HLS.setOptions({ strictMode: false, silent: true });
    return HLS.parse(text);
  }
}
