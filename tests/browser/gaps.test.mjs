// Segments that come whole, in the players that people have: where a part cannot be cut, without parts at all, and
// without a key frame at their begin.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BITS, encodeClock, readShown } from './players/clock.mjs';
import { playable } from './players/playlists.mjs';
import { startSite } from './players/site.mjs';
import { Streamer, variant } from './players/streamer.mjs';
import { Viewer, describe } from './players/viewer.mjs';
import { startBrowser, startServer } from './processes.mjs';

const MEDIA_SECONDS = 60;
const WATCHED_SECONDS = 15;
const PATIENCE_MS = 30_000;
const PLAYERS = ['hls', 'documented', 'native'];
/** A segment whose first part cannot be cut, and later one again with two behind it that come without parts. */
const atBegin = (_, number) => ({ 8: 0, 13: 0, 14: -1, 15: -1 })[number];
/** A part further in. hls.js 1.6.19 loads the parts before it again, and hangs over the gap. */
const inside = (_, number) => ({ 8: 1, 13: 2, 14: 0, 15: -1, 16: -1 })[number];

/** A broadcast of one variant, and what the players of it showed. */
async function watch(t, stage, room, media, { declared = {}, stops = undefined, players = PLAYERS }) {
  const track = variant('v0', media, media.size, 500_000);
  Object.assign(track.declared, declared);
  const streamer = await Streamer.join(t, stage.server, room, [track]);
  const running = streamer.stream(MEDIA_SECONDS, undefined, stops);
  await playable(stage.server, room, ['v0']);
  const open = (player) => Viewer.open(stage.browser, stage.site, stage.server, room, player, { clock: BITS });
  const viewers = await Promise.all(players.map(open));
  const bound = Date.now() + PATIENCE_MS;
  await Promise.all(viewers.map((viewer) => viewer.watched(WATCHED_SECONDS, bound)));
  const results = await Promise.all(viewers.map((viewer) => viewer.close()));
  const text = await (await fetch(`${stage.server.url}/live/${room}/main/v0/playlist.m3u8`)).text();
  await streamer.end();
  await running;
  return { text, results: results.map((result) => ({ ...result, clock: readShown(result.shown, streamer.origin, media.rate) })) };
}

/** It played without an error to the end, and no further behind than a jump over what it left out. */
function assertPlays(t, { results }) {
  for (const { clock, ...result } of results) {
    if (result.errors.some((error) => error.includes('no HLS player'))) continue;
    const line = `${describe(result)}; clock ${JSON.stringify(clock)}`;
    t.diagnostic(line);
    assert.deepEqual(result.errors, [], line);
    assert.ok(result.seconds >= WATCHED_SECONDS && clock.seconds > 0, line);
    assert.ok(clock.back <= 1, line);
    assert.ok(clock.late - clock.early < 2, line);
  }
}

test('segments that come whole are played', { timeout: 180_000 }, async (t) => {
  const stage = { server: await startServer(t), browser: await startBrowser(t), site: await startSite(t) };
  const media = await encodeClock(t, [30, 1], MEDIA_SECONDS);
  const rare = await encodeClock(t, [30, 1], MEDIA_SECONDS, [10, 11, 18, 19]);
  // Eleven players at once are too many for two processors: Chromium's own then fails at its start.
  const [first, within, whole] = await Promise.all([
    watch(t, stage, 'first', media, { stops: atBegin }),
    watch(t, stage, 'within', media, { stops: inside, players: ['documented', 'native'] }),
    watch(t, stage, 'whole', { ...media, whole: true }, {}),
  ]);
  const dependent = await watch(t, stage, 'rare', rare, { declared: { independentSegments: false } });
  await t.test('a first part that cannot be cut', (own) => {
    assertPlays(own, first);
    assert.doesNotMatch(first.text, /EXT-X-GAP/);
  });
  await t.test('a part within a segment that cannot be cut', (own) => {
    assertPlays(own, within);
    assert.doesNotMatch(within.text, /EXT-X-GAP/);
  });
  await t.test('no parts at all', (own) => {
    assertPlays(own, whole);
    assert.doesNotMatch(whole.text, /EXT-X-PART|CAN-BLOCK-RELOAD|PART-HOLD-BACK|EXT-X-PRELOAD-HINT/);
  });
  await t.test('segments without a key frame at their begin', (own) => {
    assertPlays(own, dependent);
    assert.doesNotMatch(dependent.text, /EXT-X-INDEPENDENT-SEGMENTS/);
  });
});
