// A streamer that can be told what to do wrong: it uploads media in real time as data signals, loses some of it on
// the way, dies, and comes back.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { setTimeout as after } from 'node:timers/promises';
import WebSocket from 'ws';
import { ask } from './ask.mjs';

const PLAYLIST = { id: 'main' };
const HEARTBEAT_MS = 3000;
export const TARGET = 1;

/** A variant of the broadcast; `audio` names the group of its sound. */
export function variant(id, media, resolution, bandwidth, sound) {
  const codecs = sound ? `${media.codec},${sound.codec}` : media.codec;
  const declared = { id, codecs, bandwidth, resolution, frameRate: media.rate ?? 30, ...(sound && { audio: 'sound' }) };
  return { kind: 'variant', id, media, declared };
}

/** The sound beside the variants. */
export function rendition(id, media) {
  const declared = { id, type: 'AUDIO', groupId: 'sound', name: 'Sound', isDefault: true, autoSelect: true, channels: '1' };
  return { kind: 'rendition', id, media, declared };
}

/**
 * Duration of a part in whole microseconds, of which the playlist is made. Counted between instants that are rounded
 * up, so that what a player adds up never lags behind the media: shaka starts anew with every part when it does.
 */
function lasts({ time, end }) {
  const micros = (seconds) => Math.ceil(Number((seconds * 1e6).toFixed(3)));
  return (micros(end) - micros(time)) / 1e6;
}

export class Streamer {
  /** Joins the room, which is created, and may then stream these tracks. */
  static async join(t, server, room, tracks) {
    const streamer = new Streamer(server, room, tracks);
    t.after(() => streamer.die());
    await streamer.#join();
    return streamer;
  }

  #server;
  #room;
  #tracks;
  #socket;
  #beat;
  #ingest;
  #dead = new AbortController();

  constructor(server, room, tracks) {
    this.#server = server;
    this.#room = room;
    this.#tracks = tracks;
  }

  /**
   * Uploads `seconds` of media from its start, each part when an encoder would have finished it. Parts for which
   * `loses` returns true are never uploaded. Where `stops` gives an index for a segment, the part of that index is
   * announced as a gap and the segment comes whole; -1: it comes without parts. Goes on from what the playlists list,
   * behind a discontinuity, if there is anything. Ends early, without a word, when it dies.
   */
  async stream(seconds, loses = () => false, stops = () => undefined) {
    const numbers = await Promise.all(this.#tracks.map((track) => this.#next(track)));
    for (const [index, track] of this.#tracks.entries()) await this.#declare(track, numbers[index]);
    this.origin = Date.now();
    const uploads = this.#tracks.map((track, index) => this.#upload(track, numbers[index], seconds, loses, stops));
    await Promise.all(uploads).catch((error) => { if (!this.#dead.signal.aborted) throw error; });
  }

  /** Ends the stream and leaves. */
  async end() {
    this.#dead.abort();
    await this.#post('endStream', 0, {}, null);
    this.die();
  }

  /** Is gone without a word. */
  die() {
    clearInterval(this.#beat);
    this.#dead.abort();
    this.#socket.terminate();
  }

  async #join() {
    this.#socket = new WebSocket(`${this.#server.url.replace('http', 'ws')}/ws`);
    await once(this.#socket, 'open');
    const answer = new Promise((resolve) => {
      this.#socket.on('message', (text) => {
        const message = JSON.parse(text);
        if (message.s === 'JOIN') resolve(message);
      });
    });
    this.#signal('join', 'JOIN', { ve: true, ae: true, op: { roomCreating: true } });
    const ack = await answer;
    assert.equal(ack.c, 200, JSON.stringify(ack));
    this.#ingest = ack.b.hls.ingest;
    this.#beat = setInterval(() => this.#signal('heartbeat', 'HEARTBEAT', { bid: randomUUID() }), HEARTBEAT_MS);
  }

  #signal(action, s, more) {
    const ss = { userId: 'ann', sessionId: 'ann-1', category: 'stream', host: 'Web', deviceId: 'test' };
    this.#socket.send(JSON.stringify({ action, data: { s, ch: 'p2m', rid: this.#room, ss, ...more } }));
  }

  /** The first free segment and part of a track, and how often it began. */
  async #next({ id }) {
    const response = await ask(`${this.#server.url}/live/${this.#room}/main/${id}/playlist.m3u8`);
    if (response.status === 404) return { segment: 0, part: 0, run: 0 };
    const lines = (await response.text()).split('\n');
    const first = lines.find((line) => line.startsWith('#EXT-X-MEDIA-SEQUENCE:')).split(':')[1];
    const finished = lines.filter((line) => line.startsWith('#EXTINF:')).length;
    const begun = lines.findLastIndex((line) => line.startsWith('#EXT-X-PART:')) > lines.findLastIndex((line) => line.startsWith('#EXTINF:'));
    const maps = lines.filter((line) => line.startsWith('#EXT-X-MAP:')).map((line) => Number(/init-(\d+)/.exec(line)[1]));
    // The hinted part is the next: so the hint comes true.
    const parts = lines.filter((line) => line.startsWith('#EXT-X-PART:')).map((line) => Number(/"p(\d+)\./.exec(line)[1]));
    return { segment: Number(first) + finished + (begun ? 1 : 0), part: Math.max(...parts) + 1, run: Math.max(...maps) + 1 };
  }

  async #declare({ kind, media, declared }, { run }) {
    const action = kind === 'variant' ? 'updateVariant' : 'updateRendition';
    const targets = { targetDuration: TARGET, targetPartDuration: media.whole ? 0 : media.longest };
    const map = { id: `init-${run}.mp4`, data: media.init.toString('base64') };
    await this.#post(action, media.init.length, { [kind]: { ...declared, ...targets }, segment: { map } });
  }

  async #upload(track, { segment: base, part: counted, run }, seconds, loses, stops) {
    let name = counted;
    for (const [number, { time, parts }] of track.media.segments.entries()) {
      const stop = track.media.whole ? -1 : stops(track.id, number) ?? Infinity;
      const segment = {
        id: `s${base + number}.m4s`, sequence: base + number, programDateTime: Math.round(this.origin + time * 1000),
        discontinuity: run > 0 && number === 0,
      };
      for (const [index, part] of parts.entries()) {
        if (part.end > seconds) return;
        await after(Math.max(0, this.origin + part.end * 1000 - Date.now()), undefined, { signal: this.#dead.signal });
        if (index > stop) continue;
        name += 1;
        if (loses(track.id, number, index)) continue;
        await this.#part(track, segment, { ...part, id: `p${name - 1}.m4s`, index, gap: index === stop });
      }
      if (stop < parts.length) await this.#whole(track, segment, parts);
    }
  }

  async #part(track, segment, { id, index, gap, bytes, ...part }) {
    const sent = { id, sequence: index, duration: lasts(part), independent: part.independent };
    const media = gap ? { gap } : { data: bytes.toString('base64') };
    const payload = { [track.kind]: { id: track.id }, segment, part: { ...sent, ...media } };
    await this.#post('updatePart', gap ? 0 : bytes.length, payload);
  }

  async #whole(track, segment, parts) {
    const bytes = Buffer.concat(parts.map((part) => part.bytes));
    const duration = lasts({ time: parts[0].time, end: parts.at(-1).end });
    const payload = { [track.kind]: { id: track.id }, segment: { ...segment, duration, data: bytes.toString('base64') } };
    await this.#post('updateSegment', bytes.length, payload);
  }

  async #post(action, numbytes, payload, signal = this.#dead.signal) {
    const timestamp = String(Date.now());
    const response = await ask(`${this.#server.url}${this.#ingest.url}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${this.#ingest.token}`, 'content-type': 'application/json' },
      body: JSON.stringify({ action, version: 1, id: randomUUID(), timestamp, numbytes, payload: { playlist: PLAYLIST, ...payload } }),
      signal,
    });
    assert.equal(response.status, 200, `${action}: ${await response.text()}`);
  }
}
