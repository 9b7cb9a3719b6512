// Tabs of one real window, of which only the front one is visible.
//
// Playwright keeps every page visible and focused, so a browser is driven here by the DevTools protocol itself
// (https://chromedevtools.github.io/devtools-protocol/).

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as after } from 'node:timers/promises';
import { WebSocket } from 'ws';
import { chromiumPath, stop } from './processes.mjs';

/** Starts a browser with a profile of its own; a profile that is given is kept. */
export async function startWindow(t, flags = [], profile = undefined) {
  const folder = profile ?? await newProfile(t);
  const child = spawn(chromiumPath(), [
    '--headless=new', '--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking',
    '--disable-component-update', '--disable-sync', '--remote-debugging-port=0', `--user-data-dir=${folder}`, ...flags, 'about:blank',
  ], { stdio: ['ignore', 'ignore', 'pipe'] });
  t.after(() => stop(child, 'SIGKILL'));
  const address = await new Promise((resolve, reject) => {
    createInterface({ input: child.stderr }).on('line', (line) => {
      const found = /listening on (ws:\S+)/.exec(line);
      if (found) resolve(found[1]);
    });
    child.once('exit', (code) => reject(new Error(`the browser ended with ${code}`)));
    child.once('error', reject);
  });
  const devtools = new DevTools(new WebSocket(address, { perMessageDeflate: false }));
  await devtools.opened();
  return new Window(child, devtools);
}

/** A profile that several browsers may use, one after the other. */
export async function newProfile(t) {
  const folder = await mkdtemp(join(tmpdir(), 'roomcast-profile-'));
  t.after(() => rm(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 }));
  return folder;
}

class Window {
  #devtools;

  constructor(child, devtools) {
    this.child = child;
    this.#devtools = devtools;
  }

  /** Opens a tab in front of the others; `script` runs in it before the page's own. */
  async open(url, script = '') {
    const { targetId } = await this.#devtools.send('Target.createTarget', { url: 'about:blank' });
    const { sessionId } = await this.#devtools.send('Target.attachToTarget', { targetId, flatten: true });
    const tab = new Tab(this.#devtools, targetId, sessionId);
    await tab.send('Page.enable');
    if (script) await tab.send('Page.addScriptToEvaluateOnNewDocument', { source: script });
    await tab.send('Page.navigate', { url });
    return tab;
  }

  /** Ends the browser as a crash does: its pages say nothing any more. */
  async crash() {
    await stop(this.child, 'SIGKILL');
  }
}

class Tab {
  #devtools;
  #target;
  #session;

  constructor(devtools, target, session) {
    this.#devtools = devtools;
    this.#target = target;
    this.#session = session;
  }

  send(method, params = {}) {
    return this.#devtools.send(method, params, this.#session);
  }

  async evaluate(expression) {
    const { result, exceptionDetails } = await this.send('Runtime.evaluate', { expression, returnByValue: true, awaitPromise: true });
    assert.equal(exceptionDetails, undefined, `${expression}: ${exceptionDetails?.exception?.description}`);
    return result.value;
  }

  /** Waits until an expression is true in the page. */
  async until(expression, timeout = 20_000) {
    const end = Date.now() + timeout;
    while (!(await this.evaluate(expression).catch(() => false))) {
      const status = await this.evaluate('[document.body.dataset.state, document.querySelector("#status")?.textContent]').catch(String);
      assert.ok(Date.now() < end, `not within ${timeout} ms: ${expression}; the page is in ${status}`);
      await after(50);
    }
  }

  state(name, timeout) {
    return this.until(`document.body?.dataset.state === ${JSON.stringify(name)}`, timeout);
  }

  close() {
    return this.#devtools.send('Target.closeTarget', { targetId: this.#target });
  }
}

/** Commands and their answers, by number. */
class DevTools {
  #socket;
  #waiting = new Map();
  #last = 0;

  constructor(socket) {
    this.#socket = socket;
    socket.on('message', (text) => this.#answered(JSON.parse(text)));
    socket.on('error', () => {});
    socket.on('close', () => {
      for (const { reject } of this.#waiting.values()) reject(new Error('the browser is gone'));
    });
  }

  async opened() {
    await once(this.#socket, 'open');
  }

  send(method, params = {}, sessionId = undefined) {
    this.#last += 1;
    const id = this.#last;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#socket.send(JSON.stringify({ id, method, params, sessionId }));
    });
  }

  #answered({ id, result, error }) {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (error) waiting?.reject(new Error(error.message));
    else waiting?.resolve(result);
  }
}
