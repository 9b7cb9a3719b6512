// A broadcast over a way to the server that carries less than its quality: viewers get a lower one, and go on.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openPage, play, startBrowser, startServer, state, until } from './processes.mjs';
import { startSlowLine } from './slow-line.mjs';

test('a slow way to the server lowers the quality instead of ending the broadcast', { timeout: 120_000 }, async (t) => {
  const server = await startServer(t);
  const line = await startSlowLine(t, server);
  const browser = await startBrowser(t);
  const studio = await openPage(browser, `${line.url}/broadcast/slow`);
  await state(studio, 'preview');
  await studio.selectOption('#quality', 'medium');
  await studio.click('#start');
  await state(studio, 'on-air', 30_000);
  const viewer = await openPage(browser, `${server.url}/watch/slow`);
  await state(viewer, 'watching', 30_000);
  const height = (lines) => until(viewer, (wanted) => document.querySelector('#player').videoHeight === wanted, lines);
  await height(720);

  // Half of what the studio sends now, and more than it will.
  const { bitrate } = await studio.evaluate(() => window.roomcast.stats);
  line.up = bitrate / 2;
  await until(studio, () => /viewers get 360p/.test(document.querySelector('#hint').textContent));
  line.up = 1_500_000;
  await height(360);
  await play(viewer, 4);
  assert.equal(await studio.evaluate(() => document.body.dataset.state), 'on-air');
  const playlist = await (await fetch(`${server.url}/live/slow/main/v0/playlist.m3u8`)).text();
  assert.match(playlist, /#EXT-X-DISCONTINUITY\n/);
  assert.equal(new Set(playlist.match(/#EXT-X-MAP:URI="[^"]+"/g)).size, 2, 'each quality has an initialization section');

  // Uploads that never finish: nobody stays on air with them.
  await studio.route('**/rooms/slow/**', () => {});
  await state(studio, 'failed', 30_000);
  assert.match(await studio.textContent('.panel-title'), /Your upload is too slow/);
  assert.ok(await studio.isVisible('#retry'));
  assert.deepEqual([...studio.errors, ...viewer.errors], []);
});
