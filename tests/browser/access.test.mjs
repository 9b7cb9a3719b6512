// Pages of a server that wants tokens: calls, groups and broadcasts with one, words without one, and nowhere a trace.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as after } from 'node:timers/promises';
import { seesTheOther } from './calls.mjs';
import { faint, violations } from './looks.mjs';
import { newPage, output, play, startBrowser, startServer, state } from './processes.mjs';
import { secretsOf, token, withTokens } from './tokens.mjs';

const CALL = { id: 'demo', join: true, create: ['p2p'] };

/** A page at an address with a token; every request it makes is kept, and each question for camera or microphone. */
async function openWith(browser, address, jwt, options = {}) {
  const page = await newPage(browser, options);
  page.jwt = jwt;
  page.asked = [];
  page.sockets = [];
  page.on('websocket', (socket) => page.sockets.push(socket));
  page.on('request', (request) => page.asked.push({ url: request.url(), headers: request.headers() }));
  page.on('dialog', (dialog) => dialog.accept());
  await page.addInitScript(() => {
    window.devicesAsked = 0;
    const devices = navigator.mediaDevices;
    const real = devices.getUserMedia.bind(devices);
    devices.getUserMedia = (wanted) => {
      window.devicesAsked += 1;
      return real(wanted);
    };
  });
  await page.goto(jwt === undefined ? address : `${address}#token=${jwt}`);
  return page;
}

/** Asserts that nothing of a page's token shows: in its address, its links and fields, the clipboard, or a `Referer`. */
async function leavesNoTrace(page, server) {
  const shown = await page.evaluate(() => ({
    address: location.href,
    links: [...document.querySelectorAll('a')].map(({ href }) => href),
    fields: [...document.querySelectorAll('input, textarea')].map(({ value }) => value),
    markup: document.documentElement.outerHTML,
    stored: JSON.stringify({ ...localStorage }),
    cookies: document.cookie,
  }));
  const heard = page.asked.map(({ headers }) => headers.referer ?? '');
  for (const secret of secretsOf(page.jwt)) {
    for (const [place, text] of Object.entries(shown)) assert.ok(!String(text).includes(secret), `the token in: ${place}`);
    assert.ok(!heard.join().includes(secret), 'the token in a Referer');
    assert.ok(!server.printed().includes(secret), 'the token in what the server prints');
  }
  assert.deepEqual(heard.filter((referer) => referer !== ''), [], 'no Referer at all');
}

/** Copies the link of a page, and gives what the clipboard has then. */
async function copied(page, server) {
  // A permission that is not named here is taken away.
  const permissions = ['clipboard-read', 'clipboard-write', 'camera', 'microphone'];
  await page.context().grantPermissions(permissions, { origin: server.url });
  await page.bringToFront();
  await page.click('#copy');
  await page.waitForFunction(() => document.querySelector('#copy').textContent === 'Link copied');
  return page.evaluate(() => navigator.clipboard.readText());
}

const text = (page, selector) => page.textContent(selector);

test('two people with a token each call each other, by the names that the tokens tell', async (t) => {
  const server = await startServer(t, withTokens);
  const browser = await startBrowser(t);
  const ann = await openWith(browser, `${server.url}/call/demo`, await token('ann', CALL, { name: 'Ann Ó Briain' }));
  await state(ann, 'lobby');
  assert.match(await text(ann, '.lobby-side'), /You will appear as Ann Ó Briain\./);
  assert.equal(await ann.evaluate(() => location.href), `${server.url}/call/demo`);
  await ann.click('#join');
  await state(ann, 'waiting');
  assert.equal(await ann.inputValue('#link'), `${server.url}/call/demo`);
  assert.equal(await copied(ann, server), `${server.url}/call/demo`);

  const bob = await openWith(browser, `${server.url}/call/demo?autojoin`, await token('bob', { id: 'demo', join: true }));
  await Promise.all([state(ann, 'in-call'), state(bob, 'in-call')]);
  await Promise.all([seesTheOther(ann, 20), seesTheOther(bob, 20)]);
  assert.equal(await text(bob, '#status'), 'In call with Ann Ó Briain');
  assert.equal(await text(ann, '#status'), 'In call with bob');

  await t.test('and a reload of the tab goes on', async () => {
    await ann.reload();
    await state(ann, 'in-call');
    await Promise.all([seesTheOther(ann, 10), seesTheOther(bob, 10)]);
    assert.match(await text(bob, '#status'), /call with Ann Ó Briain$/);
  });

  await t.test('and another tab does not have the token', async () => {
    const other = await ann.context().newPage();
    await other.goto(`${server.url}/call/demo`);
    await state(other, 'token');
    await other.close();
  });

  await bob.click('#leave');
  await state(ann, 'left');
  for (const page of [ann, bob]) {
    await leavesNoTrace(page, server);
    assert.deepEqual(page.errors, []);
  }
});

test('a call outlives its first tokens, over the same connections, where its pages get the next ones in time', async (t) => {
  const server = await startServer(t, [...withTokens, '--auth-grace', '1s', '--auth-leeway', '1s']);
  const browser = await startBrowser(t);
  const life = 20;
  const address = `${server.url}/call/demo?autojoin`;
  const [ann, bob] = await Promise.all(['ann', 'bob'].map(async (user) => openWith(browser, address, await token(user, CALL, { seconds: life }))));
  const over = Date.now() + (life + 3) * 1000;
  await Promise.all([state(ann, 'in-call'), state(bob, 'in-call')]);
  for (const [page, user] of [[ann, 'ann'], [bob, 'bob']]) {
    page.jwt = await token(user, CALL, { seconds: 3600 });
    await page.evaluate((fragment) => {
      location.hash = fragment;
    }, `#token=${page.jwt}`);
  }
  const isRenewed = ({ heard }) => heard.some(({ s, c }) => s === 'RENEW' && c === 200);
  while (!isRenewed(ann) || !isRenewed(bob)) {
    assert.ok(Date.now() < over, 'a token was not replaced in time');
    await after(100);
  }
  // The others were questions about the room, and are closed.
  const open = [ann, bob].map(({ sockets }) => sockets.filter((socket) => !socket.isClosed()));
  assert.deepEqual(open.map(({ length }) => length), [1, 1]);
  await after(Math.max(0, over - Date.now()));
  assert.ok(open.flat().every((socket) => !socket.isClosed()), 'a connection was closed');
  await Promise.all([seesTheOther(ann, 10), seesTheOther(bob, 10)]);
  for (const page of [ann, bob]) {
    await state(page, 'in-call');
    await leavesNoTrace(page, server);
    assert.deepEqual(page.errors, []);
  }
});

test('a guest who may not open a call waits for somebody who may', async (t) => {
  const server = await startServer(t, withTokens);
  const browser = await startBrowser(t);
  const guest = await openWith(browser, `${server.url}/call/demo?autojoin`, await token('bob', { join: true }));
  await state(guest, 'not-started');
  assert.equal(await text(guest, '#status'), 'This call has not started');
  const host = await openWith(browser, `${server.url}/call/demo?autojoin`, await token('ann', CALL));
  await Promise.all([state(host, 'in-call'), state(guest, 'in-call')]);
});

test('a group is opened and joined with tokens', async (t) => {
  const server = await startServer(t, withTokens);
  const browser = await startBrowser(t);
  const address = `${server.url}/group/circle?autojoin`;
  const owner = await openWith(browser, address, await token('ann', { join: true, create: true, publish: true }, { name: 'Ann' }));
  await state(owner, 'taking-part');
  const grants = { id: 'cir*', join: true, publish: true };
  const viewer = await openWith(browser, address, await token('bob', grants, { name: 'Bob' }));
  await state(viewer, 'watching');
  assert.equal(await text(viewer, '#status'), 'Watching Ann');
  await viewer.click('#ask');
  await owner.click('#requests button.primary');
  await Promise.all([state(owner, 'taking-part'), state(viewer, 'taking-part')]);
  await owner.waitForFunction(() => document.querySelector('.tile .badge')?.textContent.includes('Bob'), null, { timeout: 20_000 });
  await viewer.waitForFunction(() => {
    const pcs = Object.values(window.roomcast.pcs).filter(Boolean);
    return pcs.length > 0 && pcs.every(({ connectionState }) => connectionState === 'connected');
  }, null, { timeout: 20_000, polling: 100 });
  for (const page of [owner, viewer]) {
    await leavesNoTrace(page, server);
    assert.deepEqual(page.errors, []);
  }
});

test('a broadcast with a token is watched with one that only plays', async (t) => {
  const server = await startServer(t, withTokens);
  const browser = await startBrowser(t);
  const streamer = await token('ann', { id: 'show', create: ['p2m'], publish: true, join: true });
  const studio = await openWith(browser, `${server.url}/broadcast/show`, streamer);
  await state(studio, 'preview');
  await studio.selectOption('#quality', 'low');
  await studio.click('#start');
  await state(studio, 'on-air', 30_000);
  assert.equal(await copied(studio, server), `${server.url}/watch/show`);

  const jwt = await token('bob', { id: 'show', play: true });
  const viewer = await openWith(browser, `${server.url}/watch/show`, jwt);
  await state(viewer, 'watching', 30_000);
  await play(viewer, 3);
  const media = () => viewer.asked.map(({ url }) => new URL(url).pathname).filter((path) => path.startsWith('/live/'));

  await t.test('from addresses with the token in the path, and no others', async () => {
    assert.ok(media().length > 3);
    assert.deepEqual(media().filter((path) => !path.startsWith(`/live/@${jwt}/show/`)), []);
  });

  await t.test('that go on with another token from the address, in the same player', async () => {
    const next = await token('bob', { id: 'show', play: true }, { seconds: 7200 });
    await viewer.evaluate((fragment) => {
      window.before = window.roomcast.hls;
      location.hash = fragment;
    }, `#token=${next}`);
    await viewer.waitForFunction(() => location.hash === '');
    viewer.asked.length = 0;
    viewer.jwt = next;
    await play(viewer, 3);
    assert.ok(media().length > 3);
    // Requests made in the moment before come to their end.
    assert.deepEqual(media().slice(2).filter((path) => !path.startsWith(`/live/@${next}/show/`)), []);
    assert.equal(await viewer.evaluate(() => window.before !== undefined && window.before === window.roomcast.hls), true);
  });

  await t.test('and goes on when the streamer reloads the page', async () => {
    await studio.reload();
    await state(studio, 'on-air', 30_000);
    await play(viewer, 4);
  });

  await t.test('but is not streamed with the token of a viewer', async () => {
    const page = await openWith(browser, `${server.url}/broadcast/show`, jwt);
    await state(page, 'token');
    assert.equal(await text(page, '.panel-title'), 'Your token does not allow this');
    assert.match(await text(page, '.panel-detail'), /publish/);
    assert.equal(await page.evaluate(() => window.devicesAsked), 0);
  });

  for (const page of [studio, viewer]) {
    await leavesNoTrace(page, server);
    assert.deepEqual(page.errors, []);
  }
});

test('without a token each page says in words what is missing, before it asks for a camera', async (t) => {
  const server = await startServer(t, withTokens);
  const browser = await startBrowser(t);
  for (const view of ['call', 'group', 'broadcast', 'watch']) {
    const page = await openWith(browser, `${server.url}/${view}/demo?autojoin`, undefined);
    await state(page, 'token');
    assert.equal(await text(page, '#status'), 'This server asks for a token');
    assert.match(await text(page, '.panel'), /Paste the token that you were given/);
    assert.equal(await page.evaluate(() => window.devicesAsked), 0, view);
    assert.equal(await page.evaluate(() => document.activeElement.id), 'token');
    if (view === 'call') await page.screenshot({ path: `${output}/access-token.png` });
    if (view === 'call') assert.deepEqual([...(await violations(page)), ...(await faint(page))], []);
    await page.close();
  }

  await t.test('and takes one that is pasted, or an address with one', async () => {
    const jwt = await token('ann', CALL, { name: 'Ann' });
    for (const pasted of [jwt, `  ${server.url}/call/demo#token=${jwt}\n`]) {
      const page = await openWith(browser, `${server.url}/call/demo`, undefined);
      await state(page, 'token');
      await page.fill('#token', 'demo');
      await page.click('#token-go');
      assert.equal(await text(page, '#token-problem'), 'No token is in that text.');
      await page.fill('#token', pasted);
      await page.press('#token', 'Enter');
      await state(page, 'lobby');
      assert.match(await text(page, '.lobby-side'), /You will appear as Ann\./);
      page.jwt = jwt;
      await leavesNoTrace(page, server);
      await page.close();
    }
  });
});

test('with a token that is refused the page shows the sentence of the server', async (t) => {
  const server = await startServer(t, withTokens);
  const browser = await startBrowser(t);
  const expired = await token('ann', CALL, { seconds: -600 });
  const elsewhere = await token('ann', { ...CALL, id: 'another-room' });
  const forged = `${(await token('ann', CALL)).slice(0, -8)}AAAAAAAA`;
  const answers = [];
  for (const jwt of [expired, elsewhere, forged]) {
    const check = await fetch(`${server.url}/auth/check?room=demo&grant=join`, { headers: { authorization: `Bearer ${jwt}` } });
    const { b } = await check.json();
    const page = await openWith(browser, `${server.url}/call/demo`, jwt);
    await state(page, 'token');
    assert.ok(b.msg.length > 10, 'a sentence');
    // Seconds go by between the two answers.
    const [shown, said] = [await text(page, '.panel-detail'), b.msg].map((words) => words.toLowerCase().replace(/\d+/g, '0'));
    assert.ok(shown.startsWith(said), `${shown}: ${said}`);
    assert.equal(await page.evaluate(() => window.devicesAsked), 0);
    answers.push(b.reason);
    await leavesNoTrace(page, server);
    if (jwt === expired) await page.screenshot({ path: `${output}/access-expired.png` });
    await page.close();
  }
  assert.deepEqual(answers, ['expired', 'not_granted', 'signature']);
});

test('a page in a call whose token runs out says so, and goes back in with another one', async (t) => {
  const server = await startServer(t, [...withTokens, '--auth-leeway', '1s', '--auth-grace', '1s']);
  const browser = await startBrowser(t);
  const jwt = await token('ann', CALL, { seconds: 8 });
  const page = await openWith(browser, `${server.url}/call/demo?autojoin`, jwt);
  await state(page, 'waiting');
  await state(page, 'token', 20_000);
  assert.match(await text(page, '.panel-title'), /Your token has expired|The server refused your token/);
  await page.fill('#token', await token('ann', CALL));
  await page.click('#token-go');
  await state(page, 'waiting');

  await t.test('and after a revocation comes back by itself with one that it was given before', async () => {
    const other = await startServer(t, withTokens);
    const second = await openWith(browser, `${other.url}/call/demo2?autojoin`, await token('bob', { ...CALL, id: 'demo2' }));
    await state(second, 'waiting');
    const states = [];
    await second.exposeFunction('seen', (name) => states.push(name));
    await second.evaluate(() => {
      const { connection } = window.roomcast;
      window.first = connection;
      new MutationObserver(() => window.seen(document.body.dataset.state)).observe(document.body, { attributeFilter: ['data-state'] });
    });
    // A revocation is of all that was issued before.
    const next = await token('bob', { ...CALL, id: 'demo2' }, { ahead: 20 });
    await second.evaluate((fragment) => { location.hash = fragment; }, `#token=${next}`);
    await second.waitForFunction(() => location.hash === '');
    const back = second.waitForEvent('websocket', { timeout: 20_000 });
    const authorization = `Bearer ${await token('operator', { admin: true })}`;
    const body = JSON.stringify({ sub: 'bob' });
    assert.equal((await fetch(`${other.url}/api/revoke`, { method: 'POST', headers: { authorization }, body })).status, 200);
    await back;
    await state(second, 'waiting');
    assert.equal(await second.evaluate(() => window.first === window.roomcast.connection), true, 'the same membership');
    assert.ok(!states.includes('token') && !states.includes('failed'), String(states));
  });
});

test('an open server takes no notice of a token', async (t) => {
  const server = await startServer(t);
  const browser = await startBrowser(t);
  for (const jwt of [await token('ann', CALL, { name: 'Ann', seconds: -600 }), 'no-token']) {
    const page = await openWith(browser, `${server.url}/call/demo`, jwt);
    await state(page, 'lobby');
    assert.equal(await page.evaluate(() => location.href), `${server.url}/call/demo`);
    assert.doesNotMatch(await text(page, '.lobby-side'), /Ann/);
    await page.click('#join');
    await page.waitForFunction(() => ['waiting', 'connecting', 'in-call'].includes(document.body.dataset.state));
    await page.close();
  }
});
