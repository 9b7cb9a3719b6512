// Broadcasts of a real encoder in the players that people have: hls.js, shaka, Chromium's own, ffmpeg.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { test } from 'node:test';
import { setTimeout as after } from 'node:timers/promises';
import { assertLive, assertPlayed } from './players/judge.mjs';
import { encode } from './players/media.mjs';
import { check } from './players/playlists.mjs';
import { startSite } from './players/site.mjs';
import { Streamer, rendition, variant } from './players/streamer.mjs';
import { watched } from './players/wave.mjs';
import { program, startBrowser, startServer, stop } from './processes.mjs';

const MEDIA_SECONDS = 120;
const SWITCH_MS = 20_000;
const DIES_AFTER = 25.5;
const OUTAGE_MS = 5000;
const LOST_SEGMENT = 25;
const LOST_PARTS_OF = 40;
const BOTH = ['aac', 'h264 640 360'];
const LIVE = ['hls', 'shaka'];

const isLive = ({ name }) => LIVE.some((player) => name.endsWith(` in ${player}`));

/** All that is live is live, and what the browser plays by itself plays as well, if it does. */
function assertAll(results, excused) {
  for (const result of results) {
    if (isLive(result)) assertLive(result, excused);
    else if (!result.errors.some((error) => error.includes('no HLS player'))) assertPlayed(result);
  }
}

/** Audio and video in one track, from a file, by the publisher that comes with the server. */
function muxed(t, { server, media }) {
  return {
    name: 'muxed', tracks: ['v0'], players: [...LIVE, 'native'],
    start: async (room) => {
      const flags = ['--server', server.url, '--room', room, '--target-duration', '1s', media.muxed];
      const child = spawn(program, ['publish', ...flags], { stdio: ['ignore', 'inherit', 'ignore'] });
      t.after(() => stop(child, 'SIGKILL'));
      return { end: () => stop(child, 'SIGINT') };
    },
    judge: ({ results, probe }) => {
      assertAll(results);
      assert.deepEqual(probe, BOTH);
    },
  };
}

/** A streamer that ends when its wave does. */
async function stream(t, { server }, room, tracks, loses) {
  const streamer = await Streamer.join(t, server, room, tracks);
  const running = streamer.stream(MEDIA_SECONDS, loses);
  return { streamer, end: async () => { await streamer.end(); await running; } };
}

function separate(t, stage) {
  const { high, sound } = stage.tracks;
  return {
    name: 'separate', tracks: ['high', 'sound'], players: LIVE,
    start: (room) => stream(t, stage, room, [high, sound]),
    judge: ({ results, probe }) => {
      assertAll(results);
      assert.deepEqual(probe, BOTH);
    },
  };
}

/** Two variants; the players are told to go down and up again. */
function variants(t, stage) {
  const { high, low, sound } = stage.tracks;
  return {
    name: 'variants', tracks: ['high', 'low', 'sound'], players: LIVE,
    start: (room) => stream(t, stage, room, [high, low, sound]),
    during: async (viewers) => {
      for (const height of [360, 180, 360]) {
        for (const viewer of viewers) await viewer.choose(height);
        await after(SWITCH_MS);
      }
    },
    judge: ({ results, probe }) => {
      assertAll(results);
      for (const { name, heights } of results) assert.deepEqual(heights.slice(-3), [360, 180, 360], name);
      assert.deepEqual(probe, ['aac', 'h264 320 180', 'h264 640 360']);
    },
  };
}

/** The streamer dies without a word and comes back with media that begins anew. */
function restart(t, stage) {
  const { high, sound } = stage.tracks;
  return {
    name: 'restart', tracks: ['high', 'sound'], players: LIVE,
    start: async (room) => {
      const live = {};
      const story = (async () => {
        const first = await Streamer.join(t, stage.server, room, [high, sound]);
        await first.stream(DIES_AFTER);
        first.die();
        live.died = Date.now();
        await after(OUTAGE_MS);
        const second = await stream(t, stage, room, [high, sound]);
        live.back = Date.now();
        return second;
      })();
      live.end = async () => (await story).end();
      return live;
    },
    judge: ({ live, results, probe }) => {
      assertAll(results, [[live.died - 1000, live.back + 4000]]);
      assert.deepEqual(probe, BOTH);
    },
  };
}

/** A segment of both tracks is lost on the way, and later parts of one of the pictures. */
function hole(t, stage) {
  const { high, sound } = stage.tracks;
  const loses = (track, segment, part) => segment === LOST_SEGMENT || (segment === LOST_PARTS_OF && track === 'high' && part > 0);
  return {
    name: 'hole', tracks: ['high', 'sound'], players: LIVE,
    start: (room) => stream(t, stage, room, [high, sound], loses),
    judge: ({ live, results, probe }) => {
      const at = (second) => live.streamer.origin + second * 1000;
      assertAll(results, [LOST_SEGMENT, LOST_PARTS_OF].map((number) => [at(number - 1), at(number + 5)]));
      assert.deepEqual(probe, BOTH);
    },
  };
}

/** ffmpeg pushes picture and sound by itself, each in one long request. */
function pushed(t, { server, media }) {
  return {
    name: 'pushed', tracks: ['v0', 'a0'], players: LIVE,
    start: (room) => {
      const output = (map, track) => [
        '-map', map, '-c', 'copy', '-flush_packets', '1', '-f', 'mp4', '-movflags', '+cmaf+delay_moov+default_base_moof',
        '-frag_duration', '333333', '-method', 'PUT', `${server.url}/rooms/${room}/ingest/main/${track}`,
      ];
      const flags = ['-v', 'error', '-nostdin', '-re', '-i', media.muxed, ...output('0:v', 'v0'), ...output('0:a', 'a0')];
      const child = spawn('ffmpeg', flags, { stdio: ['ignore', 'inherit', 'inherit'] });
      t.after(() => stop(child, 'SIGKILL'));
      return { end: () => stop(child, 'SIGINT') };
    },
    judge: ({ results, probe }) => {
      assertAll(results);
      assert.deepEqual(probe, BOTH);
    },
  };
}

test('the players that people have play broadcasts for a minute each', { timeout: 600_000 }, async (t) => {
  const media = await encode(t, MEDIA_SECONDS);
  const stage = { server: await startServer(t), browser: await startBrowser(t), site: await startSite(t), media };
  stage.tracks = {
    high: variant('high', media.high, '640x360', 900_000, media.sound),
    low: variant('low', media.low, '320x180', 300_000, media.sound),
    sound: rendition('sound', media.sound),
  };
  const seen = [];
  // Three at once leave the machine time to spare, which the report of each wave shows.
  for (const group of [[muxed, variants, hole], [separate, restart, pushed]]) {
    seen.push(...await watched(t, stage, group.map((broadcast) => broadcast(t, stage))));
  }
  for (const { broadcast, error } of seen) {
    await t.test(broadcast.name, () => { if (error) throw error; });
  }
  await t.test('an independent parser reads every playlist that was seen', (own) => {
    const kinds = {};
    for (const [text, path] of seen.flatMap(({ reader }) => [...reader.texts])) {
      for (const kind of check(text, path)) kinds[kind] = (kinds[kind] ?? 0) + 1;
    }
    own.diagnostic(`read ${JSON.stringify(kinds)}`);
    for (const kind of ['multivariant', 'media', 'delta', 'gap', 'discontinuity', 'ended']) assert.ok(kinds[kind] > 0, kind);
  });
});
