// A tab behind another one, in a browser that wakes its timers once a minute ("intensive throttling").

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { WebSocket } from 'ws';
import { startServer } from './processes.mjs';
import { startWindow } from './tabs.mjs';

const HEARTBEAT_TIMEOUT = 6;
/** Time for which a page's own timers must have stood still for the test to prove anything. */
const STOOD_STILL = 2 * HEARTBEAT_TIMEOUT;
/** Throttling begins after some seconds, for timers that have set each other five times; every minute they run once. */
const TIMEOUT = 90_000;

/**
 * A page that was painted counts as loaded, and Chromium then waits a minute before it throttles; the time it waits
 * for others can be set. Therefore nothing is painted. Beside that, a chain of timers of the page's own tells of the
 * throttling.
 */
const WATCHED = `
  document.addEventListener('DOMContentLoaded', () => { document.documentElement.style.display = 'none'; });
  window.beats = [performance.now()];
  const beat = () => { window.beats.push(performance.now()); setTimeout(beat, 1000); };
  beat();
`;
const THROTTLED = `performance.now() - window.beats.at(-1) > ${STOOD_STILL * 1000}`;

/** A viewer of a group that watches whether its owner stays. */
async function observe(t, server, room) {
  const socket = new WebSocket(`${server.url.replace('http', 'ws')}/ws`);
  t.after(() => socket.close());
  const session = { userId: 'observer', sessionId: 'o1', category: 'stream', host: 'Web', deviceId: 'd' };
  const send = (action, data) => socket.send(JSON.stringify({ action, data: { ch: 'm2m', rid: room, ss: session, ...data } }));
  const seen = { counts: [] };
  seen.empty = new Promise((resolve) => {
    socket.on('message', (text) => {
      const { s, b } = JSON.parse(text);
      if (s !== 'HEARTBEAT' && b?.pps) seen.counts.push(b.pps.length);
      if (seen.counts.at(-1) === 0) resolve(true);
    });
  });
  await once(socket, 'open');
  send('join', { s: 'JOIN', ve: false, ae: false, op: { roomCreating: false } });
  let bid = 0;
  const beats = setInterval(() => send('heartbeat', { s: 'HEARTBEAT', bid: String(bid += 1) }), 2000);
  t.after(() => clearInterval(beats));
  return seen;
}

/** Opens a group in a tab, in which it is the only member and has no devices. */
async function openGroup(window, server, room, script) {
  const tab = await window.open(`${server.url}/group/${room}?autojoin`, script);
  await tab.state('taking-part');
  return tab;
}

test('a hidden tab keeps its seat; without a worker it loses it', { timeout: 200_000 }, async (t) => {
  const server = await startServer(t, ['--heartbeat-timeout', `${HEARTBEAT_TIMEOUT}s`]);
  const window = await startWindow(t, ['--enable-features=IntensiveWakeUpThrottling:grace_period_seconds/1']);
  const kept = await openGroup(window, server, 'kept', WATCHED);
  const lost = await openGroup(window, server, 'lost', `delete window.Worker;${WATCHED}`);
  const [keptSeen, lostSeen] = await Promise.all([observe(t, server, 'kept'), observe(t, server, 'lost')]);
  await window.open('about:blank');
  for (const tab of [kept, lost]) assert.equal(await tab.evaluate('document.visibilityState'), 'hidden');

  // The control: the same page without a worker is throttled, and the server gives up its member.
  const given = new Promise((resolve) => { setTimeout(resolve, TIMEOUT, false).unref(); });
  assert.ok(await Promise.race([lostSeen.empty, given]), `throttling costs a page its seat: ${lostSeen.counts}`);
  await kept.until(THROTTLED, TIMEOUT);
  assert.ok(keptSeen.counts.length > 0 && keptSeen.counts.every((count) => count === 1), `its owner was there all the time: ${keptSeen.counts}`);
  assert.equal(await kept.evaluate('window.roomcast.connection.state'), 'joined');
});
