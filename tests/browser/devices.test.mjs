// Cameras and microphones follow the person: on only while the page shows that they are, found when they come later,
// and not needed where audio alone is enough. The focus, the question before leaving, and sound that browsers hold back.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { test } from 'node:test';
import { newPage, openPage, output, play, startBrowser, startServer, state, stop } from './processes.mjs';

/** Runs in the page before its own scripts: keeps every track, and refuses devices as long as the test says so. */
function instrument() {
  window.tracks = [];
  window.refused = {};
  // As long as the test says so, the browser's question to the person is open.
  window.question = undefined;
  const devices = navigator.mediaDevices;
  const real = devices.getUserMedia.bind(devices);
  devices.getUserMedia = async (wanted) => {
    const reason = Object.keys(wanted).map((kind) => window.refused[kind]).find(Boolean);
    if (reason) throw new DOMException('', reason);
    await window.question;
    const stream = await real(wanted);
    window.tracks.push(...stream.getTracks());
    return stream;
  };
  const listeners = [];
  navigator.permissions.query = async ({ name }) => ({
    get state() {
      return window.refused[name === 'camera' ? 'video' : 'audio'] === 'NotAllowedError' ? 'denied' : 'granted';
    },
    addEventListener: (_, run) => listeners.push(run),
  });
  window.allow = () => {
    window.refused = {};
    for (const run of listeners) run();
  };
  window.plugIn = () => {
    window.refused = {};
    devices.dispatchEvent(new Event('devicechange'));
  };
}

async function open(browser, url, refused = {}) {
  const page = await newPage(browser);
  await page.addInitScript(instrument);
  await page.addInitScript((reasons) => { Object.assign(window.refused, reasons); }, refused);
  await page.goto(url);
  return page;
}

const live = (page) => page.evaluate(() => window.tracks.filter(({ readyState }) => readyState === 'live').length);
const focused = (page) => page.evaluate(() => document.activeElement?.id || document.activeElement?.textContent || '');
const label = (page, selector, text) => page.waitForFunction(([name, words]) => document.querySelector(name)?.textContent === words, [selector, text], { timeout: 10_000 });

test('a camera is on only while the page shows that it is', { timeout: 60_000 }, async (t) => {
  const server = await startServer(t);
  const browser = await startBrowser(t);
  const owner = await openPage(browser, `${server.url}/group/light`);
  await label(owner, '#join', 'Join the group');
  assert.equal(await focused(owner), 'join', 'the next action has the focus');
  await owner.keyboard.press('Enter');
  await state(owner, 'taking-part');
  const ownersFocus = await focused(owner);
  assert.notEqual(ownersFocus, '');
  const guest = await open(browser, `${server.url}/group/light`);
  await label(guest, '#join', 'Join the group');
  assert.equal(await live(guest), 2, 'the lobby shows how one looks');
  assert.ok(await guest.isVisible('#local-video') && await guest.isVisible('#mute'));
  assert.match(await guest.textContent('.lobby-side'), /You will appear as /);
  await guest.focus('#join');
  await guest.keyboard.press('Enter');
  await state(guest, 'watching');
  assert.equal(await live(guest), 0, 'whoever watches is not on camera');
  assert.equal(await focused(guest), 'ask');

  await guest.keyboard.press('Enter');
  await owner.waitForSelector('#requests button');
  assert.equal(await focused(guest), 'withdraw');
  assert.equal(await live(guest), 2);
  assert.ok(await guest.isVisible('#local-video'));
  assert.match(await guest.textContent('.self-note'), /Only you see this so far/);
  assert.match(await owner.textContent('main > [role=status]'), / wants to join in/);
  const [letIn, notNow] = await owner.locator('#requests button').evaluateAll((all) => all.map((one) => one.getAttribute('aria-label')));
  assert.match(letIn, /^Let in: \w+ \w+/);
  assert.equal(await focused(owner), ownersFocus, 'what somebody else does moves no focus');
  await owner.locator('#requests button').nth(1).focus();
  assert.match(notNow, /^Not now: /);
  await owner.keyboard.press('Enter');
  await guest.waitForFunction(() => /declined for now/.test(document.querySelector('#status').textContent));
  assert.equal(await live(guest), 0, 'declined, and off');
  assert.ok(await guest.isHidden('#local-video'));
  assert.notEqual(await focused(owner), '', 'the focus stays on the page');

  await guest.click('#ask');
  await guest.click('#withdraw');
  await guest.waitForSelector('#ask', { state: 'visible' });
  assert.equal(await live(guest), 0, 'taken back, and off');
  await owner.locator('#requests button').first().click();
  await owner.waitForFunction(() => /has left/.test(document.querySelector('#notice').textContent));
  await state(guest, 'watching');

  await guest.click('#ask');
  await owner.locator('#requests button').first().click();
  await state(guest, 'taking-part');
  assert.equal(await live(guest), 2);
  const [name] = await owner.locator('.tile .badge > span:first-child').allTextContents();
  await guest.click('#mute');
  await label(owner, '#spoken', `${name} muted the microphone`);
  await guest.click('#mute');
  await label(owner, '#spoken', `${name} unmuted the microphone`);
  const question = guest.waitForEvent('dialog');
  // The click is over once the question is answered.
  const clicked = guest.click('.brand', { noWaitAfter: true });
  const dialog = await question;
  assert.equal(dialog.type(), 'beforeunload');
  await dialog.dismiss();
  await clicked;
  await state(guest, 'taking-part');
  await guest.click('#leave');
  await state(guest, 'left');
  assert.equal(await live(guest), 0);
  assert.equal(await focused(guest), 'join');
  assert.deepEqual([...owner.errors, ...guest.errors], []);
});

test('devices that the browser gives after the person has left, or watches, go off', { timeout: 60_000 }, async (t) => {
  const server = await startServer(t);
  const browser = await startBrowser(t);
  const owner = await openPage(browser, `${server.url}/group/slow?autojoin`);
  await state(owner, 'taking-part');
  /** Lets the browser's question stay open, and answers it. */
  const ask = (page) => page.evaluate(() => { window.question = new Promise((resolve) => { window.answer = resolve; }); });
  const answer = (page) => page.evaluate(async () => {
    const before = window.tracks.length;
    window.answer();
    while (window.tracks.length === before) await new Promise((resolve) => { setTimeout(resolve, 20); });
  });
  const guest = await open(browser, `${server.url}/group/slow?autojoin`);
  await state(guest, 'watching');
  await ask(guest);
  await guest.click('#ask');
  await guest.waitForFunction(() => /Allow camera and microphone/.test(document.querySelector('#status').textContent));
  await guest.click('#leave');
  await answer(guest);
  assert.equal(await live(guest), 0);
  assert.ok(await guest.isHidden('#mute'));

  const chooser = await open(browser, `${server.url}/group/slow`);
  await label(chooser, '#join', 'Join the group');
  await chooser.click('#camera');
  await ask(chooser);
  await chooser.click('#camera');
  await chooser.click('#join');
  await state(chooser, 'watching');
  await answer(chooser);
  assert.equal(await live(chooser), 0);
  assert.deepEqual([...owner.errors, ...guest.errors, ...chooser.errors], []);
});

test('permission given later and devices plugged in later are found without a reload', { timeout: 60_000 }, async (t) => {
  const server = await startServer(t);
  const browser = await startBrowser(t);
  const blocked = { audio: 'NotAllowedError', video: 'NotAllowedError' };
  const call = await open(browser, `${server.url}/call/later`, blocked);
  await label(call, '#join', 'Join without camera or mic');
  await call.evaluate(() => window.allow());
  await label(call, '#join', 'Join the call');
  await call.waitForSelector('.hint', { state: 'hidden', timeout: 10_000 });
  assert.equal(await focused(call), 'join');
  const studio = await open(browser, `${server.url}/broadcast/later`, { audio: 'NotFoundError', video: 'NotFoundError' });
  await state(studio, 'no-camera');
  await studio.evaluate(() => window.plugIn());
  await state(studio, 'preview');
  const inCall = await open(browser, `${server.url}/call/in?autojoin`, { audio: 'NotFoundError' });
  await state(inCall, 'waiting');
  await label(inCall, '#mute .round-label', 'No microphone');
  await inCall.evaluate(() => window.plugIn());
  await label(inCall, '#mute .round-label', 'Mute');
  assert.deepEqual([...call.errors, ...studio.errors, ...inCall.errors], []);
});

test('audio alone is broadcast from a page without a camera, and looks like what it is', { timeout: 90_000 }, async (t) => {
  const server = await startServer(t);
  const browser = await startBrowser(t);
  const studio = await open(browser, `${server.url}/broadcast/voice`, { video: 'NotFoundError' });
  await state(studio, 'preview');
  assert.match(await studio.textContent('.panel-title'), /Audio only/);
  await studio.click('#start');
  await state(studio, 'on-air', 30_000);
  const viewer = await openPage(browser, `${server.url}/watch/voice`);
  await state(viewer, 'watching', 30_000);
  await play(viewer, 3);
  await viewer.screenshot({ path: `${output}/watch-audio-card.png` });
  assert.deepEqual(await viewer.evaluate(() => [document.querySelector('#player').videoWidth, document.querySelector('#player').webkitAudioDecodedByteCount > 0]), [640, true]);
  // A camera that is there now goes on air only when the person takes it.
  assert.ok(await studio.isHidden('#quality'));
  await studio.evaluate(() => window.plugIn());
  await studio.waitForSelector('#camera', { state: 'visible' });
  assert.equal(await studio.evaluate(() => window.tracks.some(({ kind }) => kind === 'video')), false);
  await studio.selectOption('#camera', { index: 1 });
  await viewer.waitForFunction(() => document.querySelector('#player').videoHeight === 720, null, { timeout: 20_000, polling: 100 });
  assert.ok(await studio.isVisible('#quality'));
  await studio.focus('#stop');
  await studio.keyboard.press('Enter');
  await state(studio, 'stopped');
  assert.equal(await focused(studio), 'retry');
  await state(viewer, 'ended', 30_000);

  const encoder = spawn('ffmpeg', [
    '-hide_banner', '-loglevel', 'error', '-nostdin', '-re', '-f', 'lavfi', '-i', 'sine=frequency=440:sample_rate=48000', '-c:a', 'aac', '-t', '60',
    '-f', 'mp4', '-movflags', '+cmaf+delay_moov+default_base_moof', '-frag_duration', '333333', '-flush_packets', '1',
    '-method', 'PUT', `${server.url}/rooms/radio/ingest/main/v0`,
  ], { stdio: 'ignore' });
  t.after(() => stop(encoder, 'SIGKILL'));
  const listener = await openPage(browser, `${server.url}/watch/radio`);
  await state(listener, 'watching', 30_000);
  await listener.waitForSelector('.audio-only', { timeout: 10_000 });
  await listener.screenshot({ path: `${output}/watch-audio-only.png` });
  assert.deepEqual([...studio.errors, ...viewer.errors, ...listener.errors], []);
});

test('sound that the browser holds back has one big button on every page', { timeout: 60_000 }, async (t) => {
  const server = await startServer(t);
  const browser = await startBrowser(t);
  /** A browser that plays sound only once the page was touched. */
  const hold = () => {
    const { play: real } = HTMLMediaElement.prototype;
    let touched = false;
    addEventListener('pointerdown', () => { touched = true; }, true);
    HTMLMediaElement.prototype.play = function play() {
      return touched || this.muted ? real.call(this) : Promise.reject(new DOMException('', 'NotAllowedError'));
    };
  };
  const studio = await openPage(browser, `${server.url}/broadcast/held`);
  await state(studio, 'preview');
  await studio.selectOption('#quality', 'low');
  await studio.click('#start');
  await state(studio, 'on-air', 30_000);
  const owner = await openPage(browser, `${server.url}/group/held-group?autojoin`);
  await state(owner, 'taking-part');
  for (const [address, selector] of [['watch/held', '#player'], ['group/held-group?autojoin', '.tile video']]) {
    const page = await newPage(browser);
    await page.addInitScript(hold);
    await page.goto(`${server.url}/${address}`);
    await state(page, 'watching', 30_000);
    await page.waitForSelector('#sound', { timeout: 10_000 });
    assert.equal(await page.evaluate((video) => document.querySelector(video).muted, selector), true);
    await page.click('#sound');
    await page.waitForFunction((video) => document.querySelector('#sound').hidden && !document.querySelector(video).muted, selector);
    assert.deepEqual(page.errors, []);
  }
  const late = await newPage(browser);
  await late.addInitScript(hold);
  await late.goto(`${server.url}/watch/held`);
  await late.waitForSelector('#sound', { timeout: 30_000 });
  await studio.click('#stop');
  await state(late, 'ended', 30_000);
  assert.ok(await late.isHidden('#sound'), 'nothing is left to hear');
});
