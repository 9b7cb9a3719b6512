// A viewer whose server or line fails for a while: the video comes by itself, the quality comes back, the delay is
// caught up.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { test } from 'node:test';
import { setTimeout as after } from 'node:timers/promises';
import { newPage, openPage, startBrowser, startServer, state, stop, until } from './processes.mjs';
import { startSlowLine } from './slow-line.mjs';

const H264 = ['-c:v', 'libx264', '-preset', 'ultrafast', '-tune', 'zerolatency', '-g', '30', '-sc_threshold', '0', '-pix_fmt', 'yuv420p'];
const MP4 = ['-f', 'mp4', '-movflags', '+cmaf+delay_moov+default_base_moof', '-frag_duration', '333333', '-flush_packets', '1', '-method', 'PUT'];
const rate = (kbit) => ['-b:v', `${kbit}k`, '-minrate', `${kbit}k`, '-maxrate', `${kbit}k`, '-bufsize', `${kbit / 2}k`, '-x264-params', 'nal-hrd=cbr'];

/** Pushes a broadcast of two variants, 720p with 2 Mbit/s and 360p with 0.4. */
function startTwoVariants(t, server, room) {
  const to = (track) => `${server.url}/rooms/${room}/ingest/main/${track}`;
  const encoder = spawn('ffmpeg', [
    '-hide_banner', '-loglevel', 'error', '-nostdin', '-re', '-f', 'lavfi', '-i', 'testsrc2=size=1280x720:rate=30', '-t', '120',
    '-filter_complex', '[0:v]split[high][small];[small]scale=640:360[low]',
    '-map', '[high]', ...H264, ...rate(2000), ...MP4, to('v0'), '-map', '[low]', ...H264, ...rate(400), ...MP4, to('v1'),
  ], { stdio: ['ignore', 'inherit', 'inherit'] });
  t.after(() => stop(encoder, 'SIGKILL'));
}

test('after a slow moment the viewer is back at the high variant and close to live', { timeout: 120_000 }, async (t) => {
  const server = await startServer(t);
  startTwoVariants(t, server, 'line');
  const line = await startSlowLine(t, server);
  const browser = await startBrowser(t);
  const page = await openPage(browser, `${line.url}/watch/line`);
  await state(page, 'watching', 30_000);
  const height = (wanted) => until(page, (lines) => document.querySelector('#player').videoHeight === lines, wanted);
  await height(720);
  assert.deepEqual(await page.locator('#quality option').allTextContents(), ['Automatic', '720p', '360p']);
  const before = await page.evaluate(() => window.roomcast.delay());

  line.down = 900_000;
  await after(15_000);
  await height(360);
  line.down = Number.POSITIVE_INFINITY;
  const fast = Date.now();
  await height(720);
  t.diagnostic(`back at the high variant after ${((Date.now() - fast) / 1000).toFixed(1)} s`);
  await until(page, (most) => window.roomcast.delay() < most, before + 0.7);
  t.diagnostic(`as close to live as before after ${((Date.now() - fast) / 1000).toFixed(1)} s, ${await page.evaluate(() => window.roomcast.stalls)} stalls`);

  await page.selectOption('#quality', { label: '360p' });
  await height(360);
  assert.equal(await page.evaluate(() => window.roomcast.hls.autoLevelEnabled), false);
  assert.deepEqual(page.errors, []);
});

test('an initialization section that the server answers with an error is tried again, and no browser is blamed', { timeout: 60_000 }, async (t) => {
  const server = await startServer(t);
  startTwoVariants(t, server, 'busy');
  const browser = await startBrowser(t);
  const page = await newPage(browser);
  let refused = 0;
  await page.route(/\/live\/busy\/.*init/, (route) => {
    refused += 1;
    return route.fulfill({ status: 503, body: '' });
  });
  await page.goto(`${server.url}/watch/busy`);
  await until(page, () => /does not deliver the video/.test(document.querySelector('.panel-title')?.textContent));
  assert.doesNotMatch(await page.textContent('.panel'), /browser/);
  assert.ok(refused > 0);
  await page.unroute(/\/live\/busy\/.*init/);
  await state(page, 'watching', 30_000);
  assert.deepEqual(page.errors, []);
});
