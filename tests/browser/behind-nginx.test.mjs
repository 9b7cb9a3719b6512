// A call and a broadcast while the nodes behind nginx are replaced one by one, as in a rolling update.
//
// Whichever node serves somebody is stopped while it does. Nobody may notice more than a moment.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { heard, numbersHeard, say, seesTheOther, statesOf, watchNumbers, watchStates } from './calls.mjs';
import { startCluster, until } from './cluster.mjs';
import { openPage, play, pushUntilRefused, startBroadcast, startBrowser, state } from './processes.mjs';

/** The acks of a page's joins since it was last watched. */
const joins = (page) => page.heard.filter(({ s }) => s === 'JOIN');

test('a call goes on while every node behind nginx is replaced', { timeout: 60_000 }, async (t) => {
  const cluster = await startCluster(t);
  const browser = await startBrowser(t);
  const ann = await openPage(browser, `${cluster.url}/call/update?autojoin`);
  await state(ann, 'waiting');
  const bob = await openPage(browser, `${cluster.url}/call/update?autojoin`);
  const both = [ann, bob];
  await Promise.all(both.map((page) => state(page, 'in-call')));
  await Promise.all(both.map((page) => seesTheOther(page, 10)));
  for (const page of both) {
    await watchStates(page);
    await watchNumbers(page);
    await page.evaluate(() => { window.pcBefore = window.roomcast.pc; });
    page.heard.length = 0;
  }

  const said = { ann: [], bob: [] };
  /** Both say something, wherever they are, and hear each other. */
  const speak = async () => {
    said.ann.push(said.ann.length + 1);
    said.bob.push(said.bob.length + 101);
    await Promise.all([say(ann, said.ann.slice(-1)), say(bob, said.bob.slice(-1))]);
    await Promise.all([heard(bob, said.ann), heard(ann, said.bob)]);
  };
  let moved = 0;
  for (const index of cluster.nodes.keys()) {
    await cluster.replace(index, async (sockets) => {
      moved += sockets;
      await until(() => joins(ann).length + joins(bob).length === moved, `${moved} have joined anew`);
      await speak();
    });
    await speak();
  }

  assert.ok(moved >= 2, `each of the two was on a node that was stopped: ${moved} moved`);
  assert.deepEqual([await numbersHeard(bob), await numbersHeard(ann)], [said.ann, said.bob]);
  await Promise.all(both.map((page) => state(page, 'in-call')));
  await Promise.all(both.map((page) => seesTheOther(page, 30)));
  for (const page of both) {
    assert.ok(joins(page).every(({ c, b }) => c === 200 && b.resumed && b.pps.length === 2), 'nobody was out of the room');
    const seen = await statesOf(page);
    assert.ok(seen.every((name) => ['in-call', 'reconnecting'].includes(name)), `the page said ${seen}`);
    assert.ok(await page.evaluate(() => window.pcBefore === window.roomcast.pc), 'the picture never stopped');
    assert.deepEqual(page.errors, []);
  }
  t.diagnostic(`${moved} connections moved to another node`);
});

test('a broadcast plays on while every node behind nginx is replaced', { timeout: 60_000 }, async (t) => {
  const cluster = await startCluster(t);
  const browser = await startBrowser(t);
  const page = await openPage(browser, `${cluster.url}/watch/update`);
  await state(page, 'not-started');
  const publisher = startBroadcast(t, cluster, 'update', 60);
  await state(page, 'watching', 30_000);
  await play(page, 3);
  await watchStates(page);
  const stalls = () => page.evaluate(() => window.roomcast.stalls);
  const before = await stalls();

  const delays = [];
  for (const index of cluster.nodes.keys()) {
    await cluster.replace(index, async () => { delays.push(...(await play(page, 1))); });
    delays.push(...(await play(page, 2)));
  }

  t.diagnostic(`${Math.max(...delays).toFixed(2)} s behind live at most`);
  // The publisher comes back and sends its part again after delays of up to 250 ms each: on a slow machine that may be
  // more than the page holds in its buffer, once for the node that had its connection and once for the room's owner.
  const stood = (await stalls()) - before;
  assert.ok(stood <= cluster.nodes.length, `the picture stood still ${stood} times`);
  const seen = await statesOf(page);
  assert.ok(seen.every((name) => ['watching', 'reconnecting'].includes(name)) && seen.at(-1) === 'watching', `the page said ${seen}`);
  assert.deepEqual(page.errors, []);
  publisher.kill('SIGINT');
  assert.equal(await publisher.ended, 0, publisher.said);
  const playlist = await (await fetch(`${cluster.url}/live/update/main/v0/playlist.m3u8`)).text();
  assert.match(playlist, /#EXT-X-ENDLIST/);
  assert.doesNotMatch(playlist, /#EXT-X-GAP|#EXT-X-DISCONTINUITY\n/, 'nothing was lost on the way');
  await state(page, 'ended', 30_000);
});

test('an encoder that is refused behind nginx ends with an error', { timeout: 60_000 }, async (t) => {
  const cluster = await startCluster(t, 1);
  await Promise.all([
    pushUntilRefused(t, `${cluster.url}/rooms/codec/ingest/main/v0`, ['-c:v', 'mpeg4', '-an']),
    pushUntilRefused(t, `${cluster.url}/rooms/track/ingest/main`),
    pushUntilRefused(t, `${cluster.url}/rooms/targets/ingest/main/v0?part=5s`),
    pushUntilRefused(t, `${cluster.url}/nothing/here`),
    pushUntilRefused(t, `${cluster.url}/rooms/demo/data`),
    pushUntilRefused(t, `${cluster.url}/live/demo/main/v0/playlist.m3u8`),
    pushUntilRefused(t, `${cluster.url}/ws`),
  ]);
});
