// Every page in every size of window, light and dark: its controls are in sight and can be hit, its colours can be
// told apart, and axe finds nothing wrong.

import assert from 'node:assert/strict';
import { mkdir } from 'node:fs/promises';
import { test } from 'node:test';
import { openInFirefox, startFirefox } from './firefox.mjs';
import { faint, faintNow, SIZES, THEMES, unreachable, violations } from './looks.mjs';
import { ask, startGroup } from './members.mjs';
import { openPage, output, startBrowser, startServer, state } from './processes.mjs';

const MEMBERS = 'amber-otter-aaaaaaaa,swift-heron-bbbbbbbb,quiet-koala-cccccccc,golden-finch-dddddddd,lucky-puffin-eeeeeeee,clear-badger-ffffffff,merry-dolphin-gggggggg,kind-lynx-hhhhhhhh'.split(',');
/** As long as names of rooms may be. */
const LONG_NAME = 'a-name-that-goes-on-and-on-'.repeat(5).slice(0, 128);
const folder = `${output}/looks`;

/** Faults of a page in its present state. */
async function faultsOf(page, name) {
  const faults = [];
  for (const colorScheme of THEMES) {
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
    for (const size of SIZES) {
      const found = await unreachable(page, size);
      faults.push(...found.map((line) => `${name}, ${size.width}x${size.height}: ${line}`));
      if (process.env.ROOMCAST_SHOTS) {
        await page.screenshot({ path: `${folder}/${name}-${size.width}x${size.height}-${colorScheme}.png` });
      }
    }
    await page.setViewportSize({ width: 390, height: 844 });
    faults.push(...(await faint(page)).map((line) => `${name}, ${colorScheme}, ${line}`));
    faults.push(...(await violations(page)).map((line) => `${name}, ${colorScheme}, axe: ${line}`));
  }
  return faults;
}

/** Runs in the page: gives its person one of the longest names, which needs two lines on a phone. */
function takeLongName() {
  const key = Object.keys(sessionStorage).find((name) => name.endsWith('session'));
  const session = JSON.parse(sessionStorage.getItem(key));
  sessionStorage.setItem(key, JSON.stringify({ ...session, userId: 'golden-dolphin-aaaaaaaa' }));
}

/** Lets in a member who asks. */
async function takePart(t, server, owner, room, name) {
  await ask(t, server, room, name);
  await owner.click('#requests button.primary');
  await owner.waitForFunction(() => document.querySelectorAll('#requests li').length === 0);
}

/** Runs in the page before its own scripts: the browser gives no device of these kinds. */
function refuse({ kinds, reason }) {
  const devices = navigator.mediaDevices;
  const real = devices.getUserMedia.bind(devices);
  devices.getUserMedia = async (wanted) => {
    if (kinds.some((kind) => wanted[kind])) throw new DOMException('', reason);
    return real(wanted);
  };
}

/** The views of the page, each with the way to it. */
function views(t, server, open) {
  const at = async (address, wanted, before = () => {}) => {
    const page = await open(`${server.url}/${address}`);
    await before(page);
    await state(page, wanted, 30_000);
    return page;
  };
  const goLive = async (page) => {
    await state(page, 'preview');
    await page.selectOption('#quality', 'low');
    await page.click('#start');
  };
  const without = (kinds, reason, wanted) => at(`broadcast/${reason}`, wanted, async (page) => {
    await page.addInitScript(refuse, { kinds, reason });
    await page.reload();
  });
  const group = async (room, count, member) => {
    await startGroup(t, server, room, MEMBERS.slice(0, count - (member ? 1 : 0)));
    return at(`group/${room}?autojoin`, member ? 'taking-part' : 'watching', async (page) => {
      if (!member) return;
      await state(page, 'watching');
      await page.click('#ask');
    });
  };
  return {
    start: () => at('', 'start'),
    'not-found': () => at('nowhere', 'failed'),
    'call-lobby': () => at('call/lobby', 'lobby', (page) => page.waitForFunction(() => document.querySelector('#join')?.textContent === 'Join the call')),
    'call-waiting': () => at('call/waiting?autojoin', 'waiting'),
    'call-muted': async () => {
      const page = await at('call/muted?autojoin', 'waiting');
      await page.click('#mute');
      await page.click('#camera');
      return page;
    },
    call: async () => {
      await at('call/two?autojoin', 'waiting');
      return at('call/two?autojoin', 'in-call');
    },
    'call-left': () => at('call/left?autojoin', 'left', async (page) => {
      await state(page, 'waiting');
      await page.click('#leave');
    }),
    'other-kind': async () => {
      await at(`group/${LONG_NAME}?autojoin`, 'taking-part');
      return at(`call/${LONG_NAME}`, 'failed', (page) => page.waitForSelector('#other-kind'));
    },
    'long-name': () => at(`call/${LONG_NAME.slice(1)}?autojoin`, 'waiting'),
    'group-lobby': () => at('group/lobby', 'lobby', (page) => page.waitForFunction(() => document.querySelector('#join')?.textContent === 'Join the group')),
    'group-1': () => at('group/one?autojoin', 'taking-part'),
    'group-4': () => group('four', 4, true),
    'group-9': () => group('nine', 9, true),
    'group-watching': () => group('viewed', 3, false),
    'group-waiting': async () => {
      const owner = await at('group/patient?autojoin', 'taking-part');
      const page = await at('group/patient?autojoin', 'watching');
      await page.click('#ask');
      await owner.waitForSelector('#requests button');
      return page;
    },
    'group-declined': async () => {
      const owner = await at('group/closed?autojoin', 'taking-part');
      const page = await at('group/closed?autojoin', 'watching');
      await page.click('#ask');
      await owner.click('#requests button.plain');
      await page.waitForFunction(() => document.querySelector('#ask').textContent === 'Ask again');
      return page;
    },
    'group-requests': async () => {
      const page = await at('group/asked?autojoin', 'taking-part');
      for (const name of MEMBERS.slice(0, 3)) await ask(t, server, 'asked', name);
      await page.waitForFunction(() => document.querySelectorAll('#requests li').length === 3);
      return page;
    },
    'group-9-requests': async () => {
      const page = await at('group/busy?autojoin', 'taking-part');
      for (const name of MEMBERS.slice(0, 8)) await takePart(t, server, page, 'busy', name);
      for (const name of ['fond-falcon-iiiiiiii', 'calm-raven-jjjjjjjj']) await ask(t, server, 'busy', name);
      await page.waitForFunction(() => document.querySelectorAll('#requests li').length === 2);
      return page;
    },
    'call-other-left': async () => {
      const other = await at('call/parted', 'lobby');
      await other.evaluate(takeLongName);
      await other.goto(`${server.url}/call/parted?autojoin`);
      await state(other, 'waiting');
      const page = await at('call/parted?autojoin', 'in-call');
      await other.click('#leave');
      await page.waitForFunction(() => document.querySelector('#link')?.checkVisibility());
      return page;
    },
    studio: () => at('broadcast/studio', 'preview'),
    'studio-blocked': () => without(['video', 'audio'], 'NotAllowedError', 'no-camera'),
    'studio-no-camera': () => without(['video'], 'NotFoundError', 'preview'),
    'studio-not-supported': () => at('broadcast/old', 'failed', async (page) => {
      await page.addInitScript(() => { delete window.VideoEncoder; });
      await page.reload();
    }),
    'studio-taken-and-stopped': async () => {
      const streamer = await at('broadcast/taken', 'on-air', goLive);
      const second = await at('broadcast/taken', 'failed', goLive);
      await streamer.click('#stop');
      await state(streamer, 'stopped');
      return [streamer, second];
    },
    'watch-nothing': () => at('watch/nothing', 'not-started'),
    'watch-and-studio': async () => {
      const studio = await at('broadcast/live', 'on-air', goLive);
      const viewer = await at('watch/live', 'watching');
      return [studio, viewer];
    },
  };
}

test('pages look right in every size, light and dark', { timeout: 480_000 }, async (t) => {
  await mkdir(folder, { recursive: true });
  const server = await startServer(t);
  const browser = await startBrowser(t);
  const faults = [];
  const only = process.env.ROOMCAST_VIEW;
  for (const [name, view] of Object.entries(views(t, server, (url) => openPage(browser, url)))) {
    if (only && !only.split(',').includes(name)) continue;
    const pages = [await view()].flat();
    for (const [index, page] of pages.entries()) {
      faults.push(...(await faultsOf(page, pages.length > 1 ? `${name}-${index}` : name)));
      assert.deepEqual(page.errors, [], name);
    }
    for (const context of browser.contexts()) await context.close();
  }
  assert.deepEqual(faults, []);
});

test('sound and the way back stay at hand in full screen', { timeout: 90_000 }, async (t) => {
  const server = await startServer(t);
  const browser = await startBrowser(t);
  const streamer = await openPage(browser, `${server.url}/broadcast/full`);
  await state(streamer, 'preview');
  await streamer.selectOption('#quality', 'low');
  await streamer.click('#start');
  await state(streamer, 'on-air');
  const page = await openPage(browser, `${server.url}/watch/full`, { viewport: { width: 844, height: 390 }, reducedMotion: 'reduce' });
  await state(page, 'watching', 30_000);
  const full = () => page.evaluate(() => document.fullscreenElement !== null);
  await page.click('#fullscreen');
  await page.waitForFunction(() => document.querySelector('#fullscreen').textContent === 'Leave full screen');
  assert.ok(await full());
  await page.click('#mute');
  assert.ok(await page.evaluate(() => document.querySelector('#player').muted));
  assert.deepEqual(await faintNow(page), []);
  await page.waitForFunction(() => getComputedStyle(document.querySelector('.buttons')).opacity === '0');
  await page.mouse.move(100, 100);
  await page.waitForFunction(() => getComputedStyle(document.querySelector('.buttons')).opacity === '1');
  await page.click('#fullscreen');
  await page.waitForFunction(() => document.querySelector('#fullscreen').textContent === 'Full screen');
  assert.ok(!(await full()));
  await page.click('#fullscreen');
  await page.waitForFunction(() => document.fullscreenElement !== null);
  if (process.env.ROOMCAST_SHOTS) await page.screenshot({ path: `${folder}/full-screen.png` });
  await streamer.click('#stop');
  await state(page, 'ended');
  await page.waitForFunction(() => document.fullscreenElement === null);
});

/** Faults of a page of Firefox, which fewer sizes show. */
async function faultsInFirefox(page, name) {
  const faults = [];
  for (const size of SIZES.slice(0, 3)) faults.push(...(await unreachable(page, size)).map((line) => `${name}, ${size.width}x${size.height}: ${line}`));
  for (const find of [faintNow, violations]) faults.push(...(await find(page)).map((line) => `${name}: ${line}`));
  return faults;
}

test('pages look right in Firefox too', { timeout: 120_000 }, async (t) => {
  const server = await startServer(t);
  const firefox = await startFirefox(t);
  const faults = [];
  const pages = [['', 'start'], ['call/a', 'lobby'], ['call/b?autojoin', 'waiting'], ['group/c?autojoin', 'taking-part'], ['broadcast/d', 'preview'], ['watch/e', 'not-started']];
  for (const [address, wanted] of pages) {
    const page = await openInFirefox(firefox, `${server.url}/${address}`, { width: 390, height: 844 });
    await state(page, wanted);
    faults.push(...(await faultsInFirefox(page, address || 'start')));
    if (process.env.ROOMCAST_SHOTS) await page.screenshot({ path: `${folder}/firefox-${wanted}.png` });
    await page.page.close();
  }
  assert.deepEqual(faults, []);
});
