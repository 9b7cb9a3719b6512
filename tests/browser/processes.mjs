// Real processes for the tests: the server, the encoder, the publisher, the browser.
//
// Each is started by the test that needs it, on a free port, and stopped by its own process. Everything that is
// awaited has a bound, after which the test fails with a reason.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { setTimeout as after } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';

const root = fileURLToPath(new URL('../../', import.meta.url));
export const program = process.env.ROOMCAST_BIN ?? `${root}target/debug/roomcast`;
export const output = process.env.ROOMCAST_OUTPUT ?? `${root}test-output`;

/** Starts a server, on a free port unless one is named, and gives its address and what it prints. */
export async function startServer(t, flags = [], port = 0) {
  const listen = ['--listen', `127.0.0.1:${port}`];
  const child = spawn(program, ['serve', ...listen, ...flags], { stdio: ['ignore', 'pipe', 'pipe'] });
  stopAfter(t, child, 'SIGTERM');
  const printed = [];
  child.stdout.on('data', (text) => printed.push(text)).pipe(process.stdout);
  child.stderr.on('data', (text) => printed.push(text));
  const lines = createInterface({ input: child.stderr });
  const address = await new Promise((resolve, reject) => {
    lines.on('line', (line) => {
      const found = /listening on (http:\S+)/.exec(line);
      if (found) resolve(found[1]);
    });
    child.once('exit', (code) => reject(new Error(`the server ended with ${code}`)));
  });
  return { child, url: address, live: `${address}/live`, printed: () => Buffer.concat(printed).toString() };
}

/** The path of the browser. */
export function chromiumPath() {
  const names = [process.env.CHROMIUM, '/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];
  const path = names.find((name) => name && existsSync(name));
  assert.ok(path, 'no Chromium found: set CHROMIUM to its path');
  return path;
}

/** Starts the browser with a camera and a microphone that need no permission. */
export async function startBrowser(t) {
  const browser = await chromium.launch({
    executablePath: chromiumPath(),
    args: [
      '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
      '--disable-component-update', '--disable-sync', '--autoplay-policy=no-user-gesture-required',
      '--use-fake-device-for-media-stream=fps=30', '--use-fake-ui-for-media-stream',
    ],
  });
  t.after(() => browser.close());
  return browser;
}

/** A page of its own browser profile, opened at an address. */
export async function openPage(browser, url, options = {}) {
  const page = await newPage(browser, options);
  await page.goto(url);
  return page;
}

/** A page that is still empty; what goes wrong in it and what the server says to it is collected. */
export async function newPage(browser, options = {}) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, ...options });
  const page = await context.newPage();
  page.errors = [];
  page.on('pageerror', (error) => page.errors.push(String(error)));
  page.heard = [];
  page.on('websocket', (socket) => {
    socket.on('framereceived', ({ payload }) => page.heard.push(JSON.parse(payload)));
  });
  return page;
}

/** Ends a process and waits until it is gone. */
export async function stop(child, signal) {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill(signal);
  await ended;
}

/** Waits until the page is in a state. */
export async function state(page, wanted, timeout = 20_000) {
  try {
    await page.waitForFunction((name) => document.body.dataset.state === name, wanted, { timeout, polling: 100 });
  } catch (error) {
    const found = await page.evaluate(() => [document.body.dataset.state, document.querySelector('#status')?.textContent]);
    throw new Error(`waited for state ${wanted}, the page is in ${found}; ${page.errors}; ${error.message}`);
  }
}

/** Asks a page until it says yes. It may take its time: `waitForFunction` takes a promise for a yes. */
export async function until(page, question, argument, timeout = 30_000) {
  const end = Date.now() + timeout;
  while (!(await page.evaluate(question, argument))) {
    if (Date.now() > end) throw new Error(`the page did not say yes within ${timeout} ms to ${question}`);
    await after(100);
  }
}

/** Waits until the player has gone on by this many seconds, and gives the delays seen on the way. */
export async function play(page, seconds) {
  return page.evaluate(async (wanted) => {
    const { video, delay } = window.roomcast;
    const start = video.currentTime;
    const delays = [];
    const bound = Date.now() + wanted * 3000;
    while (video.currentTime < start + wanted) {
      if (Date.now() > bound) throw new Error(`played ${video.currentTime - start} s in ${wanted * 3} s`);
      await new Promise((resolve) => { setTimeout(resolve, 250); });
      delays.push(delay());
    }
    return delays;
  }, seconds);
}

/** ffmpeg's flags for a test picture with sound, as fragmented MP4 on standard output. */
export function encoderFlags(seconds, realTime = true) {
  return [
    '-hide_banner', '-loglevel', 'error', '-nostdin', ...(realTime ? ['-re'] : []),
    '-f', 'lavfi', '-i', 'testsrc2=size=640x360:rate=30', '-f', 'lavfi', '-i', 'sine=frequency=440:sample_rate=48000',
    '-c:v', 'libx264', '-preset', 'veryfast', '-tune', 'zerolatency', '-g', '30', '-keyint_min', '30',
    '-sc_threshold', '0', '-bf', '0', '-pix_fmt', 'yuv420p', '-c:a', 'aac', '-t', String(seconds),
    '-f', 'mp4', '-movflags', '+cmaf+delay_moov+default_base_moof', '-frag_duration', '333333', '-',
  ];
}

/** Pushes media of five minutes in real time to an address that refuses it: ffmpeg has to end with an error. */
export async function pushUntilRefused(t, url, codecs = []) {
  const flags = encoderFlags(300).slice(0, -1);
  const encoder = spawn('ffmpeg', [...flags, '-flush_packets', '1', ...codecs, '-method', 'PUT', url], { stdio: ['ignore', 'ignore', 'pipe'] });
  stopAfter(t, encoder, 'SIGKILL');
  let said = '';
  encoder.stderr.on('data', (text) => { said += text; });
  const [code, signal] = await once(encoder, 'close');
  assert.equal(signal, null);
  assert.notEqual(code, 0, `ffmpeg pushed to ${url} without an error`);
  assert.notEqual(said, '', 'ffmpeg says why');
}

/** Encodes a test picture in real time and publishes it with `roomcast publish`. */
export function startBroadcast(t, server, room, seconds) {
  const encoder = spawn('ffmpeg', encoderFlags(seconds), { stdio: ['ignore', 'pipe', 'inherit'] });
  const publisher = spawn(program, ['publish', '--server', server.url, '--room', room, '-'], { stdio: ['pipe', 'inherit', 'pipe'] });
  encoder.stdout.pipe(publisher.stdin);
  // A publisher that was stopped takes no more; that is no fault of the encoder's.
  publisher.stdin.on('error', () => {});
  publisher.said = '';
  publisher.stderr.on('data', (text) => { publisher.said += text; });
  publisher.ended = once(publisher, 'exit').then(([code]) => code);
  stopAfter(t, encoder, 'SIGKILL');
  stopAfter(t, publisher, 'SIGKILL');
  return publisher;
}

/** Runs a program to its end and gives what it printed. */
export async function run(name, flags) {
  const child = spawn(name, flags, { stdio: ['ignore', 'pipe', 'pipe'] });
  let text = '';
  child.stdout.on('data', (chunk) => { text += chunk; });
  child.stderr.on('data', (chunk) => { text += chunk; });
  const [code] = await once(child, 'close');
  assert.equal(code, 0, `${name} ended with ${code}: ${text}`);
  return text;
}

function stopAfter(t, child, signal) {
  t.after(() => stop(child, signal));
}
