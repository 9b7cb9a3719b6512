// Video of the usual frame rates, with a clock in it: how far behind the capture a player is stays as it was, and no
// frame is shown twice or left out. The playlist's own time would not tell: a player that plays a part twice believes in it.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BITS, encodeClock, readShown } from './players/clock.mjs';
import { playable } from './players/playlists.mjs';
import { startSite } from './players/site.mjs';
import { Streamer, variant } from './players/streamer.mjs';
import { Viewer, describe } from './players/viewer.mjs';
import { startBrowser, startServer } from './processes.mjs';

const RATES = [[25, 1], [30_000, 1001], [30, 1], [50, 1], [60, 1]];
const PLAYERS = ['hls', 'documented'];
const MEDIA_SECONDS = 50;
const WATCHED_SECONDS = 14;
const PATIENCE_MS = 30_000;
/** Movement of the player's time against the media, in seconds. A part played twice moves it by a third of a second. */
const MOST_MOVED = 0.1;
/** Frames that may be missing from the judged seconds. */
const MOST_LOST = 10;

async function watch(t, stage, fraction) {
  const media = await encodeClock(t, fraction, MEDIA_SECONDS);
  const room = `at-${fraction.join('-')}`;
  const streamer = await Streamer.join(t, stage.server, room, [variant('v0', media, media.size, 500_000)]);
  const running = streamer.stream(MEDIA_SECONDS);
  await playable(stage.server, room, ['v0']);
  const open = (player) => Viewer.open(stage.browser, stage.site, stage.server, room, player, { clock: BITS });
  const viewers = await Promise.all(PLAYERS.map(open));
  const bound = Date.now() + PATIENCE_MS;
  await Promise.all(viewers.map((viewer) => viewer.watched(WATCHED_SECONDS, bound)));
  const results = await Promise.all(viewers.map((viewer) => viewer.close()));
  await streamer.end();
  await running;
  return results.map((result) => ({ ...result, clock: readShown(result.shown, streamer.origin, media.rate) }));
}

test('a clock in the video keeps its delay', { timeout: 180_000 }, async (t) => {
  const stage = { server: await startServer(t), browser: await startBrowser(t), site: await startSite(t) };
  for (const rates of [RATES.slice(0, 3), RATES.slice(3)]) {
    const seen = (await Promise.all(rates.map((rate) => watch(t, stage, rate)))).flat();
    for (const { clock, ...result } of seen) {
      await t.test(result.name, (own) => {
        const line = `${describe(result)}; clock ${JSON.stringify(clock)}`;
        own.diagnostic(line);
        assert.deepEqual(result.errors, [], line);
        assert.ok(clock.seconds > 5, line);
        assert.equal(clock.back, 0, line);
        assert.ok(clock.moved < MOST_MOVED && clock.lost < MOST_LOST, line);
      });
    }
  }
});
