// A name that is taken by another kind of room: told as soon as it is known, with a way there, before anybody joins.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openPage, startBrowser, startServer, state } from './processes.mjs';

const WORDS = '“team” is already the name of a group';

test('a name of another kind of room is told before anybody joins', { timeout: 60_000 }, async (t) => {
  const server = await startServer(t);
  const browser = await startBrowser(t);
  const owner = await openPage(browser, `${server.url}/group/team?autojoin`);
  await state(owner, 'taking-part');

  const start = await openPage(browser, `${server.url}/`);
  await start.fill('#room', 'team');
  await start.press('#room', 'Tab');
  await start.waitForSelector('#room-problem a');
  assert.equal(await start.textContent('#room-problem'), `${WORDS}. Choose another name. Go to the group`);
  await start.fill('#group', 'team');
  await start.press('#group', 'Tab');
  await start.fill('#room', 'another');
  assert.equal(await start.textContent('#room-problem'), '');
  assert.equal(await start.textContent('#group-problem'), '', 'it is a group');

  for (const view of ['call', 'broadcast', 'watch']) {
    const page = await openPage(browser, `${server.url}/${view}/team`);
    await state(page, 'failed');
    await page.waitForFunction((words) => document.querySelector('.panel-title').textContent === words, WORDS, { timeout: 10_000 });
    assert.equal(await page.textContent('.panel-detail'), 'Choose another name.');
    assert.equal(await page.evaluate(() => document.activeElement.id), 'other-kind', view);
    assert.ok(await page.isHidden('#local-video').catch(() => true));
    assert.deepEqual(page.errors, []);
    await page.keyboard.press('Enter');
    await page.waitForURL('**/group/team');
    await page.context().close();
  }
});
