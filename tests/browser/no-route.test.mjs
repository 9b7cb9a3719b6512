// Two people who reach the server, but not each other: both are told, within a bound.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openPage, startBrowser, startServer, state } from './processes.mjs';
import { startWindow } from './tabs.mjs';

test('a call without a route between the two says so to both, and may be tried again', { timeout: 90_000 }, async (t) => {
  const server = await startServer(t);
  const address = `${server.url}/call/route?autojoin`;
  const ann = await openPage(await startBrowser(t), address);
  await state(ann, 'waiting');
  // As browsers do that hide their addresses: no UDP without a proxy, and there is none.
  const window = await startWindow(t, ['--use-fake-ui-for-media-stream', '--force-webrtc-ip-handling-policy=disable_non_proxied_udp']);
  const bob = await window.open(address);
  await bob.state('connecting');
  await state(ann, 'connecting');
  assert.ok(await ann.isVisible('#give-up'));
  const begun = Date.now();
  await Promise.any([state(ann, 'failed', 45_000), bob.state('failed', 45_000)]);
  t.diagnostic(`after ${((Date.now() - begun) / 1000).toFixed(0)} s`);
  const text = async () => `${await ann.textContent('#status')} ${await bob.evaluate('document.querySelector("#status").textContent')}`;
  assert.match(await text(), /No connection to /);
  assert.deepEqual(ann.errors, []);
});
