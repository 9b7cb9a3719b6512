// A broadcast from a real encoder through `roomcast publish` and a real server to real players.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import HLS from 'hls-parser';
import { openPage, output, play, run, startBroadcast, startBrowser, startServer, state, until } from './processes.mjs';

// Its strict mode counts segments where the standard counts target durations.
HLS.setOptions({ silent: true });

const SECONDS = 20;
const MOST_BEHIND = 3;

async function parsed(url) {
  const response = await fetch(url);
  assert.equal(response.status, 200, url);
  return HLS.parse(await response.text());
}

test('ffmpeg is played by hls.js for 20 s within 3 s of live and without a stall', async (t) => {
  const server = await startServer(t);
  const browser = await startBrowser(t);
  const page = await openPage(browser, `${server.url}/watch/demo`);
  await state(page, 'not-started');
  await page.screenshot({ path: `${output}/watch-not-started.png` });

  const publisher = startBroadcast(t, server, 'demo', 120);
  await state(page, 'watching', 30_000);
  await play(page, 3);
  const stalledBefore = await page.evaluate(() => window.roomcast.stalls);
  const delays = await play(page, SECONDS);
  const stalls = (await page.evaluate(() => window.roomcast.stalls)) - stalledBefore;
  const sorted = [...delays].sort((a, b) => a - b);
  const middle = sorted[Math.floor(sorted.length / 2)];
  t.diagnostic(`delay over ${SECONDS} s: median ${middle.toFixed(2)} s, most ${sorted.at(-1).toFixed(2)} s, ${stalls} stalls`);
  assert.ok(sorted[0] > 0 && sorted.at(-1) < MOST_BEHIND, `delays ${sorted[0]} to ${sorted.at(-1)} s`);
  assert.equal(stalls, 0);
  const frames = await page.evaluate(() => window.roomcast.video.getVideoPlaybackQuality().totalVideoFrames);
  assert.ok(frames > SECONDS * 20, `the picture moves: ${frames} frames`);
  await page.screenshot({ path: `${output}/watch.png` });

  await t.test('a picture that is seconds behind goes back to live by itself', async () => {
    const behind = await page.evaluate(() => {
      window.roomcast.video.currentTime -= 4;
      return window.roomcast.delay();
    });
    assert.ok(behind > MOST_BEHIND, `it is behind: ${behind} s`);
    await until(page, (most) => window.roomcast.delay() < most, MOST_BEHIND);
  });

  await t.test('ffprobe reads it too', async () => {
    const url = `${server.url}/live/demo/main/playlist.m3u8`;
    const report = JSON.parse(await run('ffprobe', ['-v', 'error', '-print_format', 'json', '-show_streams', url]));
    const streams = report.streams.map((stream) => [stream.codec_name, stream.width, stream.height]);
    assert.deepEqual(streams.sort(), [['aac', undefined, undefined], ['h264', 640, 360]].sort());
  });

  await t.test('an independent parser reads both playlists', async () => {
    const multivariant = await parsed(`${server.url}/live/demo/main/playlist.m3u8`);
    assert.equal(multivariant.variants.length, 1);
    const [variant] = multivariant.variants;
    assert.match(variant.codecs, /^avc1\.[0-9a-fA-F]{6},mp4a\.40\.2$/);
    const media = await parsed(`${server.url}/live/demo/main/${variant.uri}`);
    assert.ok(media.segments.length > 15);
    assert.ok(media.lowLatencyCompatibility.canBlockReload);
    for (const segment of media.segments) {
      const listed = segment.parts.filter((part) => !part.hint);
      for (const part of listed) assert.ok(part.duration <= media.partTargetDuration, `${part.uri} lasts ${part.duration} s`);
    }
  });

  await t.test('Ctrl-C ends the stream properly', async () => {
    publisher.kill('SIGINT');
    assert.equal(await publisher.ended, 0, publisher.said);
    const media = await parsed(`${server.url}/live/demo/main/v0/playlist.m3u8`);
    assert.equal(media.endlist, true);
    await state(page, 'ended', 30_000);
    await page.screenshot({ path: `${output}/watch-ended.png` });
  });
  assert.match(publisher.said, /segments/, 'the publisher shows its progress');

  await t.test('a publisher that comes back goes on behind a discontinuity', async () => {
    startBroadcast(t, server, 'demo', 60);
    await state(page, 'watching', 30_000);
    await play(page, 3);
    const media = await parsed(`${server.url}/live/demo/main/v0/playlist.m3u8`);
    assert.ok(media.segments.some((segment) => segment.discontinuity));
    const numbers = media.segments.map((segment) => segment.mediaSequenceNumber);
    assert.ok(numbers.every((number, index) => index === 0 || number === numbers[index - 1] + 1));
  });
  assert.deepEqual(page.errors, []);
});
