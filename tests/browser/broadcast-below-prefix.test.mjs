// The whole page below a path prefix that nginx strips, configured as docs/path-prefix.md shows it.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { seesTheOther } from './calls.mjs';
import { startNginx } from './cluster.mjs';
import { newPage, output, play, startBroadcast, startBrowser, startServer, state } from './processes.mjs';

const PREFIX = '/team';
const document = new URL('../../docs/path-prefix.md', import.meta.url);

/** A server behind nginx: `url` has the prefix and no slash at its end. */
async function startBelowPrefix(t) {
  const server = await startServer(t);
  const [, location] = /```nginx\n([^]*?)```/.exec(await readFile(document, 'utf8')) ?? [];
  assert.ok(location?.includes(`location ${PREFIX}/ {`) && location.includes('http://127.0.0.1:8080/;'), 'the documented example');
  const example = location.replace('http://127.0.0.1:8080/', `${server.url}/`);
  const nginx = await startNginx(t, (_, port) => `server {\nlisten 127.0.0.1:${port};\n${example}}`);
  return { url: nginx.url + PREFIX, host: nginx.url };
}

/** A page of which every request is kept, sockets included. */
async function watchedPage(browser) {
  const page = await newPage(browser);
  page.asked = [];
  page.on('request', (request) => page.asked.push(request.url()));
  page.on('websocket', (socket) => page.asked.push(socket.url().replace(/^ws/, 'http')));
  return page;
}

/** The addresses a page asked for that are not below the prefix. */
function outside({ asked }, site) {
  return asked.filter((url) => url.startsWith('http') && !url.startsWith(`${site.url}/`));
}

test('two pages call each other below a prefix', async (t) => {
  const site = await startBelowPrefix(t);
  const browser = await startBrowser(t);
  const first = await watchedPage(browser);
  await first.goto(`${site.url}/`);
  await first.fill('#room', 'demo');
  await first.press('#room', 'Enter');
  await first.waitForURL(`${site.url}/call/demo`);
  await state(first, 'lobby');
  await first.click('#join');
  await state(first, 'waiting');
  const link = await first.inputValue('#link');
  assert.equal(link, `${site.url}/call/demo`);
  const second = await watchedPage(browser);
  await second.goto(`${link}?autojoin`);
  await Promise.all([state(first, 'in-call'), state(second, 'in-call')]);
  await Promise.all([seesTheOther(first, 10), seesTheOther(second, 10)]);
  for (const page of [first, second]) {
    assert.deepEqual(outside(page, site), []);
    assert.ok(page.asked.includes(`${site.url}/ws`));
    assert.deepEqual(page.errors, []);
  }
});

test('broadcasts of an encoder and of a page are watched below a prefix', async (t) => {
  const site = await startBelowPrefix(t);
  const browser = await startBrowser(t);
  startBroadcast(t, site, 'encoder', 60);
  const studio = await watchedPage(browser);
  // Then the microphone needs the audio worklet, one more file to be found.
  await studio.addInitScript(() => {
    delete window.MediaStreamTrackProcessor;
    const add = AudioWorklet.prototype.addModule;
    AudioWorklet.prototype.addModule = async function addModule(url) {
      await add.call(this, url);
      window.workletLoaded = new URL(url, document.baseURI).href;
    };
  });
  await studio.goto(`${site.url}/broadcast/studio`);
  await state(studio, 'preview');
  await studio.selectOption('#quality', 'low');
  const link = await studio.inputValue('#link');
  assert.equal(link, `${site.url}/watch/studio`);
  await studio.click('#start');
  await state(studio, 'on-air', 30_000);
  const viewers = [await watchedPage(browser), await watchedPage(browser)];
  await Promise.all([viewers[0].goto(link), viewers[1].goto(`${site.url}/watch/encoder`)]);
  for (const page of viewers) {
    await state(page, 'watching', 30_000);
    await play(page, 2);
  }
  for (const page of [studio, ...viewers]) {
    assert.deepEqual(outside(page, site), []);
    assert.deepEqual(page.errors, []);
  }
  const worklet = await studio.evaluate(() => window.workletLoaded);
  assert.ok(worklet?.startsWith(`${site.url}/assets/`), `the worklet comes from ${worklet}`);
});

test('an unknown address below a prefix says so and leads to the start page', async (t) => {
  const site = await startBelowPrefix(t);
  const browser = await startBrowser(t);
  const page = await watchedPage(browser);
  // nginx decodes and merges what the browser keeps: addresses look deeper to the server than they are, or like a room.
  const missing = ['/call/demo/', '/call', '/Call/demo', '/a/b/c/d', '/call/a%2Fb', '/call/..%2Fx', '//a//b'];
  for (const [path, status] of [...missing.map((path) => [path, 404]), ['/call//demo', 200]]) {
    const answer = await page.goto(site.url + path);
    assert.equal(answer.status(), status, path);
    await state(page, 'failed');
    assert.match(await page.textContent('.panel-title'), /Page not found/);
    assert.match(await page.title(), /not found/);
    assert.equal(await page.evaluate(() => document.baseURI), `${site.url}/`, path);
  }
  // Under such addresses the browser looks ahead with the base that the script in the document corrects.
  page.asked.length = 0;
  await page.screenshot({ path: `${output}/not-found.png` });
  await page.click('.panel a');
  await page.waitForURL(`${site.url}/`);
  await state(page, 'start');
  const redirected = await page.goto(site.url);
  assert.equal(redirected.url(), `${site.url}/`);
  await state(page, 'start');
  assert.deepEqual(outside(page, site).filter((url) => url !== site.url), []);
  assert.deepEqual(page.errors, []);
});
