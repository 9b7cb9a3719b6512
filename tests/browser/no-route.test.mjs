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

/** Two pages at an address, the second of which has no way to the first. */
async function openWithoutRoute(browser, address, first) {
  const ann = await openPage(browser, address);
  await state(ann, first);
  const bob = await newPage(browser);
  await bob.addInitScript(hideAddresses);
  await bob.goto(address);
  return [ann, bob];
}

const says = (page, selector) => page.waitForFunction(
  (name) => /No connection to /.test(document.querySelector(name)?.textContent), selector, { timeout: 45_000, polling: 100 },
);

/** Both are told the reason, and may try again. */
async function call(browser, address) {
  const [ann, bob] = await openWithoutRoute(browser, address, 'waiting');
  await Promise.all([state(ann, 'connecting'), state(bob, 'connecting')]);
  assert.ok(await ann.isVisible('#give-up'));
  for (const page of [ann, bob]) {
    await state(page, 'failed', 40_000);
    await says(page, '.panel-title');
    assert.ok(await page.isVisible('#retry'));
  }
  assert.deepEqual([...ann.errors, ...bob.errors], []);
}

/** A viewer is told, and may try again; a member who is not on camera is not missed. */
async function group(browser, address) {
  const [, bob] = await openWithoutRoute(browser, address, 'taking-part');
  await state(bob, 'watching');
  await says(bob, '#route');
  assert.match(await bob.textContent('#status'), /No connection to /);
  await bob.click('#try-route');
  await bob.waitForSelector('#route', { state: 'hidden' });
  assert.deepEqual(bob.errors, []);
}

test('people without a route to each other are told so, and may try again', { timeout: 90_000 }, async (t) => {
  const server = await startServer(t);
  const browser = await startBrowser(t);
  await Promise.all([call(browser, `${server.url}/call/route?autojoin`), group(browser, `${server.url}/group/route-of-many?autojoin`)]);
});
