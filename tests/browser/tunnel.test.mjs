// A call while the network of one page fails: tunnels, cuts, and a server that starts anew.
//
// The traveller reaches the server through a proxy, the page at home directly. Unless a test says otherwise picture
// and sound go between the two without one, so what is seen of them shows what the pages do, not what the network does.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as during } from 'node:timers/promises';
import {
  heard, iceFragments, numbersHeard, restartMedia, say, seesTheOther, statesOf, watchNumbers, watchStates,
} from './calls.mjs';
import { startMediaProxy } from './media-proxy.mjs';
import { newPage, output, startBrowser, startServer, state, stop } from './processes.mjs';
import { startProxy } from './proxy.mjs';

const FROM_HOME = [1, 2, 3, 4, 5];
const FROM_THE_TRAIN = [11, 12, 13, 14, 15];
// A cut lasts as long as the pages take for what is done in it: no machine is slow enough to lose a place to that.
const PLACE_KEPT = ['--heartbeat-timeout', '60s'];

/** Two pages in a call; the first name is of the one who comes first. The media of the traveller may be proxied too. */
async function startCall(t, { flags = [], order = ['home', 'traveller'], proxied = false } = {}) {
  const server = await startServer(t, flags);
  const proxy = await startProxy(t, server);
  const browser = await startBrowser(t);
  const address = { home: server.url, traveller: proxy.url };
  const pages = { home: await newPage(browser), traveller: await newPage(browser) };
  const media = proxied && (await startMediaProxy(t, pages.traveller));
  for (const who of order) {
    await pages[who].goto(`${address[who]}/call/journey?autojoin`);
    await state(pages[who], who === order[0] ? 'waiting' : 'in-call');
  }
  const both = Object.values(pages);
  await Promise.all(both.map((page) => state(page, 'in-call')));
  await Promise.all(both.map((page) => seesTheOther(page, 10)));
  for (const page of both) {
    await watchStates(page);
    await watchNumbers(page);
    page.heard.length = 0;
  }
  return { server, proxy, media, ...pages };
}

/** Both are in the call, and each sees the other move. */
async function inCall(home, traveller) {
  await Promise.all([state(home, 'in-call', 30_000), state(traveller, 'in-call', 30_000)]);
  await Promise.all([seesTheOther(home, 30), seesTheOther(traveller, 30)]);
  assert.deepEqual([...home.errors, ...traveller.errors], []);
}

const status = (page) => page.textContent('#status');

/** Waits until a page says something in its status line. */
async function says(page, words) {
  await page.waitForFunction(
    (pattern) => new RegExp(pattern).test(document.querySelector('#status').textContent),
    words.source,
    { timeout: 20_000, polling: 50 },
  );
}

/** The number of people in each list of participants that this page was told. */
function listLengths(page) {
  const lists = page.heard.map((message) => message.b?.pps).filter(Boolean);
  return lists.map((list) => new Set(list.map(({ userId }) => userId)).size);
}

/** Keeps the peer connection of a page in mind, for `samePeerConnection`. */
const rememberPeerConnection = (page) => page.evaluate(() => { window.pcBefore = window.roomcast.pc; });
const samePeerConnection = (page) => page.evaluate(() => window.pcBefore === window.roomcast.pc);

async function bothWays(home, traveller) {
  await Promise.all([heard(traveller, FROM_HOME), heard(home, FROM_THE_TRAIN)]);
  assert.deepEqual(await numbersHeard(traveller), FROM_HOME);
  assert.deepEqual(await numbersHeard(home), FROM_THE_TRAIN);
}

test('a short tunnel is noticed by nobody, and what was signaled in it arrives once and in order', async (t) => {
  const { proxy, home, traveller } = await startCall(t, { flags: PLACE_KEPT });
  const before = await iceFragments(traveller);
  await Promise.all([home, traveller].map(rememberPeerConnection));
  proxy.darken();
  await say(home, FROM_HOME);
  await say(traveller, FROM_THE_TRAIN);
  await traveller.click('#mute');
  await restartMedia(traveller);
  // Shorter than a heartbeat may stay unanswered.
  await during(1500);
  assert.ok(await home.isHidden('#remote-muted'), 'nothing comes out of the tunnel');
  proxy.lighten();
  await bothWays(home, traveller);
  await home.waitForSelector('#remote-muted', { state: 'visible' });
  await inCall(home, traveller);
  assert.deepEqual(await statesOf(home), ['in-call']);
  assert.deepEqual(await statesOf(traveller), ['in-call']);
  assert.ok(listLengths(home).every((length) => length === 2), `lists of ${listLengths(home)}`);
  const [mine, theirs] = await iceFragments(traveller);
  assert.ok(mine !== before[0] && theirs !== before[1], 'ICE was restarted on both sides');
  assert.ok((await samePeerConnection(home)) && (await samePeerConnection(traveller)));
});

test('what was signaled into a line that is dead already arrives once and in order after the resume, both ways', async (t) => {
  const { proxy, home, traveller } = await startCall(t, { flags: PLACE_KEPT });
  await Promise.all([home, traveller].map(rememberPeerConnection));
  proxy.darken();
  await say(home, FROM_HOME.slice(0, 3));
  await say(traveller, FROM_THE_TRAIN.slice(0, 3));
  assert.equal(await traveller.evaluate(() => window.roomcast.connection.state), 'joined', 'nobody knows yet');
  await state(traveller, 'reconnecting');
  await say(home, FROM_HOME.slice(3));
  await say(traveller, FROM_THE_TRAIN.slice(3));
  // Bytes that the dead line holds are never delivered.
  proxy.cut();
  proxy.lighten();
  await bothWays(home, traveller);
  await inCall(home, traveller);
  assert.deepEqual(await statesOf(home), ['in-call']);
  assert.ok(listLengths(home).every((length) => length === 2), `lists of ${listLengths(home)}`);
  assert.ok((await samePeerConnection(home)) && (await samePeerConnection(traveller)));
});

test('who stays in the tunnel for long is gone, and comes back without doing anything', async (t) => {
  const flags = ['--heartbeat-timeout', '6s'];
  const { proxy, media, home, traveller } = await startCall(t, { flags, proxied: true });
  proxy.darken();
  media.darken();
  const tunnel = during(15_000);
  await state(home, 'waiting');
  assert.match(await status(home), /lost the connection/);
  await state(traveller, 'reconnecting');
  assert.match(await status(traveller), /Reconnecting/);
  await traveller.screenshot({ path: `${output}/call-tunnel.png` });
  await tunnel;
  proxy.lighten();
  media.lighten();
  await says(traveller, /Back in the call/);
  await inCall(home, traveller);
});

test('who keeps a place while the media stand still has them move again after the tunnel', async (t) => {
  const { proxy, media, home, traveller } = await startCall(t, { flags: PLACE_KEPT, proxied: true });
  await Promise.all([home, traveller].map(rememberPeerConnection));
  proxy.darken();
  media.darken();
  const tunnel = during(12_000);
  await Promise.all([home, traveller].map((page) => state(page, 'reconnecting')));
  assert.match(await status(home), /Connection to .* lost. Reconnecting/);
  await tunnel;
  proxy.lighten();
  media.lighten();
  await Promise.all([home, traveller].map((page) => says(page, /Back in the call/)));
  await inCall(home, traveller);
  assert.deepEqual(await statesOf(home), ['in-call', 'reconnecting', 'in-call']);
  assert.ok((await samePeerConnection(home)) && (await samePeerConnection(traveller)));
});

test('a cut connection is taken up again, and nothing said meanwhile is lost or said twice', async (t) => {
  const { proxy, home, traveller } = await startCall(t, { flags: PLACE_KEPT });
  await Promise.all([home, traveller].map(rememberPeerConnection));
  await proxy.refuse();
  await state(traveller, 'reconnecting');
  assert.match(await status(traveller), /Reconnecting/);
  await say(home, FROM_HOME);
  await say(traveller, FROM_THE_TRAIN);
  await traveller.click('#mute');
  await seesTheOther(traveller, 10);
  await during(5000);
  await proxy.accept();
  await says(traveller, /Back in the call/);
  await bothWays(home, traveller);
  await home.waitForSelector('#remote-muted', { state: 'visible' });
  await inCall(home, traveller);
  assert.deepEqual(await statesOf(home), ['in-call']);
  assert.ok(listLengths(home).every((length) => length === 2), `lists of ${listLengths(home)}`);
  assert.ok((await samePeerConnection(home)) && (await samePeerConnection(traveller)), 'the picture never stopped');
});

test('a tunnel with another network behind it loses an offer, and the call goes on', async (t) => {
  const { proxy, home, traveller } = await startCall(t, { flags: PLACE_KEPT });
  const before = await iceFragments(home);
  proxy.darken();
  await restartMedia(traveller);
  await during(3000);
  proxy.cut();
  proxy.lighten();
  await says(traveller, /Back in the call/);
  await home.waitForFunction(
    (old) => !window.roomcast.pc.currentRemoteDescription.sdp.includes(`a=ice-ufrag:${old}`),
    before[1],
    { timeout: 5000, polling: 50 },
  );
  await inCall(home, traveller);
  assert.deepEqual(await statesOf(home), ['in-call']);
});

for (const order of [['home', 'traveller'], ['traveller', 'home']]) {
  test(`the call goes on with a new server when ${order[0]} had created it and home comes first`, async (t) => {
    const { server, proxy, home, traveller } = await startCall(t, { order });
    await proxy.refuse();
    await stop(server.child, 'SIGKILL');
    await Promise.all([state(home, 'reconnecting'), state(traveller, 'reconnecting')]);
    await startServer(t, [], Number(new URL(server.url).port));
    await says(home, /Waiting for|left the call/);
    await proxy.accept();
    await inCall(home, traveller);
  });
}

test('two who come back to a new server at once find each other', async (t) => {
  const { server, home, traveller } = await startCall(t);
  await stop(server.child, 'SIGTERM');
  await Promise.all([state(home, 'reconnecting'), state(traveller, 'reconnecting')]);
  await startServer(t, [], Number(new URL(server.url).port));
  await inCall(home, traveller);
});
