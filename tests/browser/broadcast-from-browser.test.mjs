// A broadcast from the camera of one page to another page, through a real server.

import assert from 'node:assert/strict';
import { setTimeout as after } from 'node:timers/promises';
import { test } from 'node:test';
import HLS from 'hls-parser';
import { newPage, openPage, output, play, run, startBrowser, startServer, state, until } from './processes.mjs';

// Its strict mode counts segments where the standard counts target durations.
HLS.setOptions({ silent: true });

const SECONDS = 20;
const MOST_BEHIND = 2;

async function media(server, room) {
  const response = await fetch(`${server.url}/live/${room}/main/v0/playlist.m3u8`);
  assert.equal(response.status, 200);
  return HLS.parse(await response.text());
}

/** Opens the page of a broadcaster and goes on air. */
async function goLive(browser, server, room, quality = 'low') {
  const page = await openPage(browser, `${server.url}/broadcast/${room}`);
  // Leaving while on air asks whether that is meant.
  page.on('dialog', (dialog) => dialog.accept());
  await state(page, 'preview');
  await page.selectOption('#quality', quality);
  await page.screenshot({ path: `${output}/broadcast-preview.png` });
  await page.click('#start');
  await state(page, 'on-air', 30_000);
  return page;
}

/** Every part of a playlist obeys its target: none is longer, and those within a segment are nearly full. */
function checkParts(playlist) {
  const target = playlist.partTargetDuration;
  for (const { parts } of playlist.segments) {
    const listed = parts.filter((part) => !part.hint);
    for (const [index, part] of listed.entries()) {
      assert.ok(part.duration <= target, `${part.uri} lasts ${part.duration} s of ${target} s`);
      const mayBeShort = part.independent || part.gap || index === listed.length - 1;
      assert.ok(mayBeShort || part.duration >= 0.85 * target, `${part.uri} lasts only ${part.duration} s of ${target} s`);
    }
  }
}

test('a page broadcasts its camera, and another page watches it', async (t) => {
  const server = await startServer(t);
  const browser = await startBrowser(t);
  const studio = await goLive(browser, server, 'demo');
  const viewer = await openPage(browser, `${server.url}/watch/demo`);
  await state(viewer, 'watching', 30_000);
  await viewer.click('#details');
  await play(viewer, 4);

  await t.test('with picture and sound, close behind and without a stall', async () => {
    const before = await viewer.evaluate(() => window.roomcast.stalls);
    const delays = (await play(viewer, SECONDS)).sort((a, b) => a - b);
    const stalls = (await viewer.evaluate(() => window.roomcast.stalls)) - before;
    const median = delays[Math.floor(delays.length / 2)];
    const stats = await studio.evaluate(() => ({ ...window.roomcast.stats, form: window.roomcast.form }));
    t.diagnostic(`delay over ${SECONDS} s: median ${median.toFixed(2)} s, most ${delays.at(-1).toFixed(2)} s, ${stalls} stalls`);
    t.diagnostic(`the studio: ${JSON.stringify(stats)}`);
    assert.ok(median > 0 && median < MOST_BEHIND, `median ${median} s`);
    assert.equal(stalls, 0);
    const seen = await viewer.evaluate(async () => {
      const { video } = window.roomcast;
      const { totalVideoFrames } = video.getVideoPlaybackQuality();
      return { frames: totalVideoFrames, width: video.videoWidth, sound: video.webkitAudioDecodedByteCount };
    });
    assert.ok(seen.frames > SECONDS * 15, `the picture moves: ${JSON.stringify(seen)}`);
    assert.equal(seen.width, 640);
    assert.ok(seen.sound > 0, `sound is decoded: ${JSON.stringify(seen)}`);
    assert.equal(stats.droppedParts, 0);
    const { samples, picture } = await viewer.evaluate(() => window.roomcast.insight);
    assert.ok(samples.length > SECONDS * 2 && samples.every(({ buffer }) => buffer >= 0), `${samples.length} samples`);
    assert.ok(samples.slice(-20).every(({ delay }) => delay > 0 && delay < MOST_BEHIND + 1));
    assert.deepEqual([picture.width, picture.height], [640, 360]);
    assert.match(await viewer.getAttribute('.graph-delay', 'd'), /^M[\d.]+ [\d.]+L/);
    await studio.screenshot({ path: `${output}/broadcast-on-air.png` });
    await viewer.screenshot({ path: `${output}/broadcast-watched.png` });
  });

  await t.test('in parts that obey the part target', async () => {
    const playlist = await media(server, 'demo');
    assert.ok(playlist.segments.length > 15);
    assert.ok(playlist.segments.some(({ parts }) => parts.length > 0));
    checkParts(playlist);
    assert.ok(playlist.segments.every((segment) => segment.programDateTime instanceof Date));
  });

  await t.test('which ffprobe reads', async () => {
    const url = `${server.url}/live/demo/main/playlist.m3u8`;
    const report = JSON.parse(await run('ffprobe', ['-v', 'error', '-print_format', 'json', '-show_streams', url]));
    const streams = report.streams.map(({ codec_name: codec, width, height }) => [codec, width, height]);
    assert.equal(streams.length, 2, JSON.stringify(streams));
    const [sound, picture] = streams.sort((a, b) => (a[1] ?? 0) - (b[1] ?? 0));
    assert.equal(sound[0], 'opus');
    assert.match(picture[0], /^(h264|vp9)$/);
    assert.deepEqual(picture.slice(1), [640, 360]);
  });

  await t.test('goes on behind a discontinuity when the broadcaster reloads', async () => {
    const last = (await media(server, 'demo')).segments.at(-1).mediaSequenceNumber;
    await studio.reload();
    await state(studio, 'on-air', 30_000);
    await until(viewer, () => document.body.dataset.state === 'watching');
    await play(viewer, 5);
    const playlist = await media(server, 'demo');
    const numbers = playlist.segments.map((segment) => segment.mediaSequenceNumber);
    assert.ok(numbers.every((number, index) => index === 0 || number === numbers[index - 1] + 1));
    const begun = playlist.segments.find((segment) => segment.discontinuity && segment.mediaSequenceNumber > last);
    assert.ok(begun, 'a segment with a discontinuity');
    assert.equal(playlist.endlist, false);
    checkParts(playlist);
  });

  await t.test('until it is ended, which the viewer sees', async () => {
    await studio.click('#stop');
    await state(studio, 'stopped');
    assert.equal((await media(server, 'demo')).endlist, true);
    await state(viewer, 'ended', 30_000);
    await studio.screenshot({ path: `${output}/broadcast-stopped.png` });
  });
  assert.deepEqual([...studio.errors, ...viewer.errors], []);
});

test('a room takes one broadcaster, and says so to another', async (t) => {
  const server = await startServer(t);
  const browser = await startBrowser(t);
  const first = await goLive(browser, server, 'demo');
  const second = await openPage(browser, `${server.url}/broadcast/demo`);
  await state(second, 'preview');
  await second.click('#start');
  await state(second, 'failed');
  assert.match(await second.textContent('.panel-title'), /someone else/i);
  await second.screenshot({ path: `${output}/broadcast-taken.png` });
  await first.click('#stop');
  await state(first, 'stopped');
  assert.deepEqual([...first.errors, ...second.errors], []);
});

test('a browser without track processors and without H.264 broadcasts VP9', async (t) => {
  const server = await startServer(t);
  const browser = await startBrowser(t);
  const studio = await newPage(browser);
  await studio.addInitScript(() => {
    delete window.MediaStreamTrackProcessor;
    const ask = VideoEncoder.isConfigSupported;
    VideoEncoder.isConfigSupported = async (config) =>
      config.codec.startsWith('avc1') ? { supported: false, config } : ask.call(VideoEncoder, config);
  });
  await studio.goto(`${server.url}/broadcast/demo`);
  await state(studio, 'preview');
  await studio.selectOption('#quality', 'low');
  await studio.click('#start');
  await state(studio, 'on-air', 30_000);
  assert.match(await studio.evaluate(() => window.roomcast.stats.codec), /^vp09/);
  const viewer = await openPage(browser, `${server.url}/watch/demo`);
  await state(viewer, 'watching', 30_000);
  await play(viewer, 5);
  assert.ok(await viewer.evaluate(() => window.roomcast.video.webkitAudioDecodedByteCount > 0), 'sound is decoded');
  checkParts(await media(server, 'demo'));
  assert.deepEqual([...studio.errors, ...viewer.errors], []);
});

test('a browser that cannot broadcast is told so, and why there is no camera', async (t) => {
  const server = await startServer(t);
  const browser = await startBrowser(t);
  const without = async (room, script) => {
    const page = await newPage(browser);
    await page.addInitScript(script);
    await page.goto(`${server.url}/broadcast/${room}`);
    return page;
  };
  const encoder = await without('a', () => { delete window.VideoEncoder; });
  await state(encoder, 'failed');
  assert.match(await encoder.textContent('.panel-title'), /cannot broadcast/);
  const codec = await without('d', () => {
    VideoEncoder.isConfigSupported = async (config) => ({ supported: false, config });
  });
  await state(codec, 'failed');
  assert.match(await codec.textContent('.panel-title'), /cannot broadcast/);
  const silent = await without('e', () => { delete window.AudioEncoder; });
  await state(silent, 'preview');
  assert.match(await silent.textContent('#hint'), /cannot encode audio: viewers hear nothing/);
  assert.ok(await silent.isHidden('#mute'));
  await silent.selectOption('#quality', 'low');
  await silent.click('#start');
  await state(silent, 'on-air', 30_000);
  const viewer = await openPage(browser, `${server.url}/watch/e`);
  await state(viewer, 'watching', 30_000);
  await viewer.waitForSelector('#mute', { state: 'hidden', timeout: 10_000 });
  const camera = await without('b', () => {
    navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException('', 'NotAllowedError'));
  });
  await state(camera, 'no-camera');
  assert.match(await camera.textContent('.panel-title'), /blocked/);
  await camera.screenshot({ path: `${output}/broadcast-no-camera.png` });
  const all = [encoder, codec, silent, viewer, camera];
  assert.deepEqual(all.flatMap(({ errors }) => errors), []);
});

test('a way to the server that is too slow ends the broadcast with a reason', async (t) => {
  const server = await startServer(t);
  const browser = await startBrowser(t);
  const studio = await goLive(browser, server, 'demo');
  await studio.route('**/rooms/demo/data', async (route) => {
    await after(1200);
    await route.continue().catch(() => {});
  });
  const slowSince = Date.now();
  await state(studio, 'failed', 40_000);
  assert.ok(Date.now() - slowSince > 10_000, 'not before ten seconds');
  assert.match(await studio.textContent('.panel-title'), /too slow/);
  assert.deepEqual(studio.errors, []);
});

test('a broadcast goes on after the network was away for a few seconds', async (t) => {
  const server = await startServer(t);
  const browser = await startBrowser(t);
  const studio = await goLive(browser, server, 'demo');
  await until(studio, () => window.roomcast.stats.delay !== undefined);
  await studio.context().setOffline(true);
  await state(studio, 'reconnecting');
  await after(3000);
  await studio.context().setOffline(false);
  await state(studio, 'on-air', 30_000);
  const before = (await media(server, 'demo')).segments.at(-1).mediaSequenceNumber;
  const end = Date.now() + 30_000;
  let playlist = await media(server, 'demo');
  while (playlist.segments.at(-1).mediaSequenceNumber < before + 3) {
    assert.ok(Date.now() < end, 'the playlist goes on');
    await after(200);
    playlist = await media(server, 'demo');
  }
  const numbers = playlist.segments.map((segment) => segment.mediaSequenceNumber);
  assert.ok(numbers.every((number, index) => index === 0 || number === numbers[index - 1] + 1));
  checkParts(playlist);
  assert.deepEqual(studio.errors, []);
});
