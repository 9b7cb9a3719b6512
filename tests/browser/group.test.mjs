// A group of three real browsers through a real server: everybody sees those who take part.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openPage, output, startBrowser, startServer, state, until } from './processes.mjs';
import { startProxy } from './proxy.mjs';

/** Waits until a page has decoded this many more frames of everybody who publishes but itself. */
async function seesEverybody(page, people, frames = 20) {
  await until(
    page,
    async ([count, wanted]) => {
      window.decodedBefore ??= new WeakMap();
      const pcs = Object.values(window.roomcast.pcs).filter(Boolean);
      const moving = await Promise.all(pcs.map(async (pc) => {
        const reports = [...(await pc.getStats()).values()];
        const picture = reports.find((report) => report.type === 'inbound-rtp' && report.kind === 'video');
        const decoded = picture?.framesDecoded ?? 0;
        if (!window.decodedBefore.has(pc)) window.decodedBefore.set(pc, decoded);
        return decoded - window.decodedBefore.get(pc) >= wanted;
      }));
      const playing = [...document.querySelectorAll('.tile video')].filter((video) => video.videoWidth > 0 && !video.paused);
      return moving.filter(Boolean).length === count && playing.length === count;
    },
    [people, frames],
  );
  await page.evaluate(() => { delete window.decodedBefore; });
}

/** Takes a picture of a page once it shows a new frame of everybody. */
async function picture(page, name) {
  await page.bringToFront();
  await page.evaluate(() => Promise.all([...document.querySelectorAll('.tile video')].map(
    (video) => new Promise((shown) => { video.requestVideoFrameCallback(shown); }),
  )));
  await page.screenshot({ path: `${output}/${name}.png` });
}

const status = (page) => page.textContent('#status');

async function requests(page, count) {
  await page.waitForFunction((number) => document.querySelectorAll('#requests li').length === number, count, { timeout: 10_000 });
}

test('viewers watch, ask to join in, and are let in by the owner', async (t) => {
  const server = await startServer(t);
  const address = `${server.url}/group/circle`;
  const browser = await startBrowser(t);
  const owner = await openPage(browser, `${address}?autojoin`);
  await state(owner, 'taking-part');

  const second = await openPage(browser, address);
  await state(second, 'lobby');
  await second.screenshot({ path: `${output}/group-lobby.png` });
  await second.click('#join');
  const proxy = await startProxy(t, server);
  const third = await openPage(browser, `${proxy.url}/group/circle?autojoin`, { viewport: { width: 390, height: 844 } });
  await Promise.all([state(second, 'watching'), state(third, 'watching')]);
  await Promise.all([seesEverybody(second, 1), seesEverybody(third, 1)]);

  await second.click('#ask');
  await requests(owner, 1);
  await owner.screenshot({ path: `${output}/group-request.png` });
  await owner.click('#requests >> text=Let in');
  await state(second, 'taking-part');
  await Promise.all([seesEverybody(owner, 1), seesEverybody(second, 1), seesEverybody(third, 2)]);
  await requests(owner, 0);
  await picture(owner, 'group');
  await picture(third, 'group-phone');

  await third.click('#ask');
  await requests(owner, 1);
  await owner.click('#requests >> text=Not now');
  await third.waitForSelector('#ask >> text=Ask again');
  assert.match(await status(third), /declined for now/);

  await t.test('when the owner leaves, the next one decides', async () => {
    await owner.click('#leave');
    await state(owner, 'left');
    await seesEverybody(third, 1);
    await third.waitForSelector('#ask >> text=Ask to join in');
    await third.click('#ask');
    await requests(second, 1);
    await second.click('#requests >> text=Let in');
    await state(third, 'taking-part');
    await Promise.all([seesEverybody(second, 1), seesEverybody(third, 1)]);
  });

  await t.test('who is cut off says so, and takes part again by itself', async () => {
    await proxy.refuse();
    await state(third, 'reconnecting');
    assert.match(await status(third), /Reconnecting/);
    await proxy.accept();
    await state(third, 'taking-part');
    await Promise.all([seesEverybody(second, 1), seesEverybody(third, 1)]);
  });

  await t.test('a page that is loaded again takes part as before, and decides as before', async () => {
    second.on('dialog', (dialog) => dialog.accept());
    await second.reload();
    await state(second, 'taking-part');
    await Promise.all([seesEverybody(second, 1), seesEverybody(third, 1)]);
    const fourth = await openPage(browser, `${address}?autojoin`);
    await fourth.click('#ask');
    await requests(second, 1);
  });

  await t.test('whoever goes without a goodbye is said to have lost the connection', async () => {
    await proxy.refuse();
    await third.context().close();
    await second.waitForFunction(() => /lost the connection/.test(document.querySelector('#status').textContent), null, { timeout: 30_000, polling: 100 });
  });
  for (const page of [owner, second]) assert.deepEqual(page.errors, []);
});
