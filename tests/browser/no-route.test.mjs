// Two people who reach the server, but not each other: both are told, within a bound.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { newPage, openPage, startBrowser, startServer, state } from './processes.mjs';

/** Runs in a page before its own scripts: it tells nobody its addresses, and takes none, as behind a closed network. */
function hideAddresses() {
  const { prototype } = RTCPeerConnection;
  const without = (sdp) => sdp.replace(/^a=candidate:.*\r\n/gm, '');
  const { get } = Object.getOwnPropertyDescriptor(prototype, 'localDescription');
  Object.defineProperty(prototype, 'localDescription', {
    get() {
      const description = get.call(this);
      return description && { type: description.type, sdp: without(description.sdp) };
    },
  });
  Object.defineProperty(prototype, 'onicecandidate', { set() {} });
  const { setRemoteDescription } = prototype;
  prototype.setRemoteDescription = function closed({ type, sdp }) {
    return setRemoteDescription.call(this, { type, sdp: without(sdp) });
  };
  prototype.addIceCandidate = async () => {};
}

test('a call without a route between the two says so to both, and may be tried again', { timeout: 90_000 }, async (t) => {
  const server = await startServer(t);
  const address = `${server.url}/call/route?autojoin`;
  const browser = await startBrowser(t);
  const ann = await openPage(browser, address);
  await state(ann, 'waiting');
  const bob = await newPage(browser);
  await bob.addInitScript(hideAddresses);
  await bob.goto(address);
  await Promise.all([state(ann, 'connecting'), state(bob, 'connecting')]);
  assert.ok(await ann.isVisible('#give-up'));
  const begun = Date.now();
  // Whoever gives up leaves; then the other one is told that.
  const first = await Promise.any([ann, bob].map((page) => state(page, 'failed', 40_000).then(() => page)));
  t.diagnostic(`after ${((Date.now() - begun) / 1000).toFixed(0)} s`);
  assert.match(await first.textContent('.panel-title'), /No connection to /);
  assert.ok(await first.isVisible('#retry'));
  const second = first === ann ? bob : ann;
  await second.waitForFunction(() => document.body.dataset.state !== 'connecting', null, { timeout: 40_000, polling: 100 });
  assert.deepEqual(ann.errors, []);
});
