// Firefox and Chromium with each other: a call, a group, and a broadcast in each direction.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seesTheOther } from './calls.mjs';
import { openInFirefox, startFirefox } from './firefox.mjs';
import { openPage, output, play, startBroadcast, startBrowser, startServer, state, until } from './processes.mjs';

/** Goes on air in the low quality. */
async function goLive(studio) {
  await state(studio, 'preview');
  await studio.selectOption('#quality', 'low');
  await studio.click('#start');
  await state(studio, 'on-air', 30_000);
}

/** Video of the group's other member moves. */
const showsTheOther = () => [...document.querySelectorAll('.tile video')].some((video) => video.videoWidth > 0 && !video.paused && video.currentTime > 1);

test('Firefox and Chromium meet, in each direction', { timeout: 240_000 }, async (t) => {
  const server = await startServer(t);
  const browsers = { Chromium: await startBrowser(t), Firefox: await startFirefox(t) };
  const open = { Chromium: openPage, Firefox: openInFirefox };
  const page = (name, address) => open[name](browsers[name], `${server.url}/${address}`);
  const directions = [['Firefox', 'Chromium'], ['Chromium', 'Firefox']];

  for (const [first, second] of directions) {
    await t.test(`a call that ${first} begins`, async () => {
      const ann = await page(first, `call/call-${first}?autojoin`);
      await state(ann, 'waiting');
      const bob = await page(second, `call/call-${first}?autojoin`);
      const both = [ann, bob];
      await Promise.all(both.map((one) => state(one, 'in-call', 30_000)));
      await Promise.all(both.map((one) => seesTheOther(one, 10)));
      for (const one of both) assert.deepEqual(one.errors, []);
      await bob.click('#leave');
      await state(ann, 'left');
    });

    await t.test(`a group that ${first} opens`, async () => {
      const owner = await page(first, `group/group-${first}?autojoin`);
      await state(owner, 'taking-part');
      const guest = await page(second, `group/group-${first}?autojoin`);
      await state(guest, 'watching');
      await until(guest, showsTheOther);
      await guest.click('#ask');
      await owner.waitForFunction(() => document.querySelectorAll('#requests li').length === 1, null, { timeout: 10_000 });
      await owner.click('#requests button');
      await state(guest, 'taking-part');
      await Promise.all([until(owner, showsTheOther), until(guest, showsTheOther)]);
      for (const one of [owner, guest]) assert.deepEqual(one.errors, []);
      await guest.click('#leave');
      await owner.click('#leave');
    });

    await t.test(`a broadcast from ${first}`, async (own) => {
      const studio = await page(first, `broadcast/live-${first}`);
      await goLive(studio);
      const viewers = await Promise.all([page(second, `watch/live-${first}`), page(first, `watch/live-${first}`)]);
      await Promise.all(viewers.map(async (viewer) => {
        await state(viewer, 'watching', 30_000);
        await play(viewer, 8);
        assert.deepEqual(viewer.errors, []);
      }));
      own.diagnostic(`${first} encodes ${await studio.evaluate(() => window.roomcast.stats.codec)}`);
      await studio.screenshot({ path: `${output}/broadcast-${first.toLowerCase()}.png` });
      await studio.click('#stop');
      await Promise.all(viewers.map((viewer) => state(viewer, 'ended', 30_000)));
      assert.deepEqual(studio.errors, []);
    });
  }

  await t.test('an encoder’s broadcast in Firefox', async () => {
    startBroadcast(t, server, 'encoder', 60);
    const viewer = await page('Firefox', 'watch/encoder');
    await state(viewer, 'watching', 30_000);
    await play(viewer, 4);
    assert.deepEqual(viewer.errors, []);
  });
});
