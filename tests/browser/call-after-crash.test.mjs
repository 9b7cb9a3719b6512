// A page that comes back to a call after a crash of the browser, whose member still has its seat.

import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { test } from 'node:test';
import { openPage, output, startBrowser, startServer, state } from './processes.mjs';
import { newProfile, startWindow } from './tabs.mjs';

const title = 'document.querySelector(".panel-title").textContent';
const flags = ['--use-fake-ui-for-media-stream'];

/** A call in which somebody waits, and a window with a tab that has joined it. */
async function callWithTab(t, room) {
  const server = await startServer(t);
  const address = `${server.url}/call/${room}?autojoin`;
  const others = await startBrowser(t);
  const bob = await openPage(others, address);
  await state(bob, 'waiting');
  const window = await startWindow(t, flags);
  const ann = await window.open(address);
  await ann.state('in-call');
  return { address, others, bob, window, ann };
}

test('a crashed browser gets back into its call by itself; others are told that it is full', { timeout: 90_000 }, async (t) => {
  // Long enough for another browser to start.
  const server = await startServer(t, ['--heartbeat-timeout', '15s']);
  const address = `${server.url}/call/crash?autojoin`;
  const others = await startBrowser(t);
  const bob = await openPage(others, address);
  await state(bob, 'waiting');
  const profile = await newProfile(t);
  const before = await startWindow(t, flags, profile);
  const ann = await before.open(address);
  await state(bob, 'in-call');
  const annsName = /In call with (.*)/.exec(await bob.textContent('#status'))[1];

  // The page lives: another tab of the same browser is a third person.
  const tab = await before.open(address);
  await tab.state('failed');
  assert.match(await tab.evaluate(title), /already has two people/);
  await ann.state('in-call');
  await tab.close();

  await before.crash();
  const after = await startWindow(t, flags, profile);
  const back = await after.open(address);
  await back.state('returning');
  assert.match(await back.evaluate(title), /still holds your place/);
  const shot = await back.send('Page.captureScreenshot');
  await mkdir(output, { recursive: true });
  await writeFile(`${output}/call-returning.png`, Buffer.from(shot.data, 'base64'));

  const carol = await openPage(others, address);
  await state(carol, 'failed');
  assert.match(await carol.textContent('#status'), /already has two people/);
  assert.equal(await back.evaluate('document.body.dataset.state'), 'returning', 'the seat is still kept');

  await back.state('in-call', 30_000);
  await state(bob, 'in-call');
  assert.doesNotMatch(await bob.textContent('#status'), new RegExp(annsName));
  assert.deepEqual(bob.errors, []);
});

test('a tab that crashed is waited for, and the wait can be given up', { timeout: 60_000 }, async (t) => {
  const { address, window, ann } = await callWithTab(t, 'tab');
  // The page is gone before it can answer.
  await Promise.race([ann.send('Page.crash').catch(() => {}), window.open('about:blank')]);
  // A moment later the browser knows it, too.
  const back = await window.open(new URL('/', address).href);
  await back.until('navigator.locks.query().then(({ held }) => held.length === 0)');
  await back.send('Page.navigate', { url: address });
  await back.state('returning');
  await back.evaluate('document.querySelector("#give-up").click()');
  await back.state('left');
  await back.evaluate('document.querySelector("#retry").click()');
  await back.state('in-call', 30_000);
});

test('a page that was closed leaves no ghost behind', async (t) => {
  const { address, others, bob, window, ann } = await callWithTab(t, 'closed');
  await ann.close();
  await state(bob, 'left');
  const carol = await openPage(others, address);
  await state(carol, 'in-call');
  const back = await window.open(address);
  await back.state('failed');
  assert.match(await back.evaluate(title), /already has two people/);
});
