// A call between two real browsers through a real server.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seesTheOther } from './calls.mjs';
import { openPage, output, startBrowser, startServer, state } from './processes.mjs';

/** Takes a picture of a page once it shows a new frame of the other's video. */
async function picture(page, name) {
  await page.bringToFront();
  await page.evaluate(() => new Promise((shown) => {
    document.querySelector('#remote-video').requestVideoFrameCallback(() => requestAnimationFrame(shown));
  }));
  await page.screenshot({ path: `${output}/${name}.png` });
}

test('two pages call each other until both decode video, and when one leaves the other says so', async (t) => {
  const server = await startServer(t);
  const browser = await startBrowser(t);
  const first = await openPage(browser, `${server.url}/`);
  await first.screenshot({ path: `${output}/start.png` });
  await first.fill('#room', 'demo');
  await first.press('#room', 'Enter');
  await first.waitForURL('**/call/demo');
  await state(first, 'lobby');
  await first.screenshot({ path: `${output}/call-lobby.png` });
  await first.click('#join');
  await state(first, 'waiting');
  await first.screenshot({ path: `${output}/call-waiting.png` });

  const second = await openPage(browser, `${server.url}/call/demo?autojoin`, { viewport: { width: 390, height: 844 } });
  await Promise.all([state(first, 'in-call'), state(second, 'in-call')]);
  await Promise.all([seesTheOther(first, 60), seesTheOther(second, 60)]);
  await picture(first, 'call');
  await picture(second, 'call-phone');

  const third = await openPage(browser, `${server.url}/call/demo?autojoin`);
  await state(third, 'failed');
  assert.match(await third.textContent('#status'), /already has two people/);
  await third.screenshot({ path: `${output}/call-full.png` });

  await second.click('#leave');
  await state(second, 'left');
  await state(first, 'left');
  assert.match(await first.textContent('#status'), /left the call/);
  await first.screenshot({ path: `${output}/call-left.png` });
  for (const page of [first, second, third]) assert.deepEqual(page.errors, []);
});

test('a page that is loaded again comes back into its call without a question, as it was', async (t) => {
  const server = await startServer(t);
  const browser = await startBrowser(t);
  const first = await openPage(browser, `${server.url}/call/again?autojoin`);
  await state(first, 'waiting');
  const second = await openPage(browser, `${server.url}/call/again`);
  await second.click('#join');
  await Promise.all([state(first, 'in-call'), state(second, 'in-call')]);
  await Promise.all([seesTheOther(first, 10), seesTheOther(second, 10)]);
  await second.click('#mute');
  await first.waitForSelector('#remote-muted', { state: 'visible' });
  second.on('dialog', (dialog) => dialog.accept());
  await second.reload();
  await state(second, 'in-call');
  await Promise.all([seesTheOther(first, 10), seesTheOther(second, 10)]);
  assert.equal(await second.textContent('#mute'), 'Unmute');

  await second.click('#leave');
  await state(second, 'left');
  await second.reload();
  await state(second, 'lobby');
  // Gone elsewhere from within the call, and back: the lobby asks, now and after a reload of it.
  await second.click('#join');
  await Promise.all([state(first, 'in-call'), state(second, 'in-call')]);
  await second.goto(`${server.url}/`);
  await second.goBack();
  await state(second, 'lobby');
  await second.reload();
  await state(second, 'lobby');
});

test('a page says when the server is gone', async (t) => {
  const server = await startServer(t);
  const browser = await startBrowser(t);
  const page = await openPage(browser, `${server.url}/call/gone?autojoin`);
  await state(page, 'waiting');
  server.child.kill('SIGTERM');
  await state(page, 'reconnecting');
  await page.screenshot({ path: `${output}/call-reconnecting.png` });
});
