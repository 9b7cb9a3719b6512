import { expect, test } from 'vitest';
import { HiddenTab } from './hidden-tab';

test('frames that are lost while the tab is hidden are told, then and for a while after', () => {
  const tab = new HiddenTab();
  expect(tab.look(0, false, 0)).toBe(false);
  expect(tab.look(1000, true, 3)).toBe(false);
  expect(tab.look(2000, true, 40)).toBe(true);
  expect(tab.look(60_000, true, 40), 'it is still the same hidden time').toBe(true);
  expect(tab.look(61_000, false, 40)).toBe(true);
  expect(tab.look(75_999, false, 40)).toBe(true);
  expect(tab.look(76_000, false, 40)).toBe(false);
});

test('a page that stood still all the time is told so when it is back', () => {
  const tab = new HiddenTab();
  tab.look(0, true, 0);
  expect(tab.look(30_000, false, 353)).toBe(true);
});

test('frames that are lost in front, or a few that any camera loses, are not the tab', () => {
  const tab = new HiddenTab();
  expect(tab.look(0, false, 0)).toBe(false);
  expect(tab.look(1000, false, 300)).toBe(false);
  expect(tab.look(2000, true, 300)).toBe(false);
  expect(tab.look(3000, true, 315)).toBe(false);
  expect(tab.look(4000, false, 315)).toBe(false);
});
