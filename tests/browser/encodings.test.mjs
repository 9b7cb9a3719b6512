// Media as encoders make it, pushed by ffmpeg and watched in hls.js, shaka and Chromium's own player; the server wants
// tokens, which stand in the address of the push and in the path of what is watched.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { playable } from './players/playlists.mjs';
import { startSite } from './players/site.mjs';
import { Viewer, describe } from './players/viewer.mjs';
import { startBrowser, startServer } from './processes.mjs';
import { token, withTokens } from './tokens.mjs';

const PUSHED_SECONDS = 30;
const WATCHED_SECONDS = 12;
const PATIENCE_MS = 25_000;
/** Pictures in a second that show that a push of 30 plays on. */
const LEAST_RATE = 25;
const PLAYERS = ['hls', 'documented', 'native'];
const VIDEO = '-f lavfi -i testsrc2=s=320x180:r=30';
const SOUND = '-f lavfi -i sine=r=48000';
const H264 = '-c:v libx264 -preset ultrafast -tune zerolatency -sc_threshold 0 -bf 0 -pix_fmt yuv420p';
const EVERY_SECOND = '-g 30 -keyint_min 30';
const FORMAT = '-c:a aac -f mp4 -movflags +cmaf+delay_moov+default_base_moof -frag_duration 333333 -flush_packets 1 -method PUT';
/** A hold of the camera once in five seconds: 133 ms, and then half a second. */
const HOLDS = "-vf select='not(between(mod(n,150),94,96))*not(between(mod(n,300),215,228))' -fps_mode vfr";
const SLOWS = "-vf select='if(lt(mod(t,12),6),1,not(mod(n,4)))' -fps_mode vfr";

/** Pushes in real time, and gives what the players saw and the playlists at the end. */
async function watch(t, stage, room, flags, players = PLAYERS) {
  const words = [...`-v error -nostdin -re ${VIDEO} -re ${SOUND} ${flags} -t ${PUSHED_SECONDS} ${FORMAT}`.split(' '),
    `${stage.server.url}/rooms/${room}/ingest/main/v0?access_token=${stage.push}`].map((word) => word.replaceAll("'", ''));
  const ffmpeg = spawn('ffmpeg', words.map(escaped), { stdio: ['ignore', 'inherit', 'inherit'] });
  t.after(() => ffmpeg.kill('SIGKILL'));
  // It may have ended by itself before it is told to.
  const closed = once(ffmpeg, 'close');
  await playable(stage.server, room, ['v0']);
  const viewers = await Promise.all(players.map((player) => Viewer.open(stage.browser, stage.site, stage.server, room, player)));
  const bound = Date.now() + PATIENCE_MS;
  await Promise.all(viewers.map((viewer) => viewer.watched(WATCHED_SECONDS, bound)));
  const results = await Promise.all(viewers.map((viewer) => viewer.close()));
  const texts = await Promise.all(['', '/v0'].map(async (track) =>
    (await fetch(`${stage.server.live}/${room}/main${track}/playlist.m3u8`)).text()));
  ffmpeg.kill('SIGINT');
  await closed;
  return { results, multivariant: texts[0], text: texts[1] };
}

/** Commas within a function are no separators of filters. */
function escaped(word) {
  return word.startsWith('select=') ? word.replaceAll(',', '\\,') : word;
}

function assertPlays(t, { results, text }, stands = 1) {
  for (const result of results) {
    if (result.errors.some((error) => error.includes('no HLS player'))) continue;
    const line = describe(result);
    t.diagnostic(line);
    assert.deepEqual(result.errors, [], `${line}\n${text}`);
    assert.ok(result.seconds >= WATCHED_SECONDS, `${line}\n${text}`);
    const stalled = result.stalls.filter(({ from }) => from > result.begin + 5000).reduce((sum, { from, to }) => sum + to - from, 0);
    assert.ok(stalled < stands * 1000 || hasLostItsClock(result), `${line}\n${text}`);
  }
}

/** Whether the playhead fell back to 0 and stands there, while pictures go on: seen in Chromium's own player, version 156. */
function hasLostItsClock({ name, leaps, frames, seconds }) {
  return name.endsWith(' in native') && leaps.some(({ by }) => by < -1) && frames.shown > seconds * LEAST_RATE;
}

test('what encoders push is played', { timeout: 240_000, concurrency: 2 }, async (t) => {
  const stage = { server: await startServer(t, withTokens), browser: await startBrowser(t), site: await startSite(t) };
  stage.push = await token('camera', { publish: true });
  stage.server.live += `/@${await token('viewer', { play: true })}`;
  // The last is how many seconds a player may stand still: hls.js waits at a gap until its tag is gone.
  const cases = [
    ['holds', `${HOLDS} ${H264} ${EVERY_SECOND}`, 7],
    ['slows', `${SLOWS} ${H264} ${EVERY_SECOND}`, 6],
    ['eight', `-r 8 ${H264} -g 8`, 1],
    ['one', `-r 1 ${H264} -g 2`, 1],
    ['rare', `${H264} -force_key_frames 0,1,2`, 2],
    ['sounds', `-f lavfi -i sine=f=880:r=48000 -map 0:v -map 1:a -map 2:a ${H264} ${EVERY_SECOND}`, 1],
  ];
  const watched = ([room, flags, stands]) => t.test(room, async (own) => {
    const seen = await watch(own, stage, room, flags);
    assertPlays(own, seen, stands);
    assert.equal(/#EXT-X-GAP/.test(seen.text), false, seen.text);
    if (room === 'sounds') assert.match(seen.multivariant, /NAME="v0-a1".*DEFAULT=YES/);
  });
  // Two at a time leave each player a processor.
  while (cases.length > 0) await Promise.all(cases.splice(0, 2).map(watched));
});
