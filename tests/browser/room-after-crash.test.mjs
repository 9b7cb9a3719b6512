// A page that comes back to a group, a broadcast or an empty call after a crash of the browser, while the server
// still keeps the place of the page that crashed.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openPage, play, startBrowser, startServer, state } from './processes.mjs';
import { newProfile, startWindow } from './tabs.mjs';

const flags = ['--use-fake-ui-for-media-stream', '--use-fake-device-for-media-stream=fps=15', '--mute-audio'];
const text = (selector) => `document.querySelector(${JSON.stringify(selector)}).textContent`;
const click = (selector) => `document.querySelector(${JSON.stringify(selector)}).click()`;

test('the owner of a group and of a broadcast gets back into them by itself', { timeout: 120_000 }, async (t) => {
  // Long enough for another browser to start.
  const server = await startServer(t, ['--heartbeat-timeout', '15s']);
  const address = (view) => `${server.url}/${view}/crash-${view}`;
  const profile = await newProfile(t);
  const before = await startWindow(t, flags, profile);
  const alone = await before.open(`${address('call')}?autojoin`);
  await alone.state('waiting');
  const studio = await before.open(address('broadcast'));
  await studio.state('preview');
  await studio.evaluate(`document.querySelector('#quality').value = 'low', ${click('#start')}`);
  await studio.state('on-air', 30_000);
  const owner = await before.open(`${address('group')}?autojoin`);
  await owner.state('taking-part');
  const others = await startBrowser(t);
  const viewer = await openPage(others, `${server.url}/watch/crash-broadcast`);
  const guest = await openPage(others, `${address('group')}?autojoin`);
  await Promise.all([state(viewer, 'watching', 30_000), state(guest, 'watching')]);

  await before.crash();
  const after = await startWindow(t, flags, profile);
  const group = await after.open(`${address('group')}?autojoin`);
  await group.state('returning');
  assert.match(await group.evaluate(text('.panel-title')), /still holds your place/);
  const call = await after.open(`${address('call')}?autojoin`);
  await call.state('waiting');
  assert.match(await call.evaluate(text('#status')), /Waiting for someone/, 'nobody connects to a ghost');
  const back = await after.open(address('broadcast'));
  await back.state('preview');
  await back.evaluate(click('#start'));
  await back.until(`/Taking over/.test(${text('#status')}) || document.body.dataset.state === 'on-air'`);
  await back.state('on-air', 30_000);

  await group.state('taking-part', 30_000);
  await guest.click('#ask');
  await group.until('document.querySelectorAll("#requests li").length === 1');
  assert.equal(await call.evaluate('document.body.dataset.state'), 'waiting');
  // The page that crashed is given up meanwhile, and its broadcast is not.
  await state(viewer, 'watching', 30_000);
  await play(viewer, 2);
  assert.equal(await back.evaluate('document.body.dataset.state'), 'on-air');
  assert.deepEqual([...viewer.errors, ...guest.errors], []);
});
