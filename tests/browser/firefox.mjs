// Firefox for the tests, driven over WebDriver BiDi: Playwright needs a Firefox of its own, which cannot be had everywhere.

import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import puppeteer from 'puppeteer-core';

/** The path of the browser. */
function firefoxPath() {
  const names = [process.env.FIREFOX, '/usr/bin/firefox-esr', '/usr/bin/firefox', '/snap/bin/firefox'];
  const path = names.find((name) => name && existsSync(name));
  assert.ok(path, 'no Firefox found: set FIREFOX to its path');
  return path;
}

/** Starts Firefox with a camera and a microphone of its own that need no permission. */
export async function startFirefox(t) {
  const browser = await puppeteer.launch({
    browser: 'firefox',
    executablePath: firefoxPath(),
    headless: true,
    extraPrefsFirefox: {
      'media.navigator.streams.fake': true,
      'media.navigator.permission.disabled': true,
      'media.autoplay.default': 0,
      'media.peerconnection.ice.loopback': true,
      'media.peerconnection.ice.obfuscate_host_addresses': false,
    },
  });
  t.after(() => browser.close());
  return browser;
}

/** Opens an address in a Firefox; the page has what the tests use of Playwright's. */
export async function openInFirefox(browser, url, viewport = { width: 1280, height: 800 }) {
  const context = await browser.createBrowserContext();
  const page = await context.newPage();
  await page.setViewport(viewport);
  page.errors = [];
  page.on('pageerror', (error) => page.errors.push(String(error)));
  await page.goto(url);
  return {
    errors: page.errors,
    evaluate: (question, argument) => page.evaluate(question, argument),
    waitForFunction: (question, argument, options) => page.waitForFunction(question, { polling: 100, ...options }, argument),
    click: (selector) => page.$eval(selector, (target) => target.click()),
    selectOption: (selector, value) => page.select(selector, value),
    textContent: (selector) => page.$eval(selector, (target) => target.textContent),
    setViewportSize: (size) => page.setViewport(size),
    screenshot: (options) => page.screenshot(options),
    page,
  };
}
