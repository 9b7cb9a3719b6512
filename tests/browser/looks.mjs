// Measures the looks of a page: visibility of its controls, hits, and the contrast of their colours.

import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';

export const SIZES = [[320, 568], [390, 844], [844, 390], [768, 1024], [1280, 800], [2560, 1440]]
  .map(([width, height]) => ({ width, height }));
export const THEMES = ['light', 'dark'];

/** Every control of the bar of buttons, and every button that is the next thing to press. */
const CONTROLS = '.bar a, .buttons button, .buttons select, .devices button, .button.primary, .button.danger, .panel .button, .link-row .button, .card .button';

/** Runs in the page: the controls that are not fully in the window, or that something else covers. */
function findUnreachable(controls) {
  const shown = [...document.querySelectorAll(controls)].filter((one) => one.getClientRects().length > 0 && !one.closest('.requests li:nth-child(n+2)'));
  return shown.flatMap((one) => {
    const { left, top, right, bottom } = one.getBoundingClientRect();
    const name = `${one.id || one.className} "${one.textContent.trim().slice(0, 24)}"`;
    if (left < -0.5 || top < -0.5 || right > innerWidth + 0.5 || bottom > innerHeight + 0.5) {
      return [`${name} at ${[left, top, right, bottom].map(Math.round)} of ${innerWidth}x${innerHeight}`];
    }
    // Anywhere on it, but for the rounded corners.
    const places = [0.1, 0.5, 0.9].flatMap((x) => [0.2, 0.5, 0.8].map((y) => [left + x * (right - left), top + y * (bottom - top)]));
    const other = places.map(([x, y]) => document.elementFromPoint(x, y)).find((hit) => !one.contains(hit));
    return other === undefined ? [] : [`${name} is covered by ${other?.className || other?.tagName}`];
  });
}

/** Runs in the page: a page that scrolls sideways. */
function findOverflow() {
  const { scrollWidth } = document.documentElement;
  return scrollWidth > innerWidth ? [`the page is ${scrollWidth} wide in a window of ${innerWidth}`] : [];
}

/** Runs in the page: fields and words in the window of which something that stays in its place covers a piece. */
function findCovered() {
  const shown = [...document.querySelectorAll('.studio-side .field, .lobby .field, .hint, .panel-title, .panel-detail')].filter((one) => one.checkVisibility());
  return shown.flatMap((one) => {
    const { left, top, right, bottom } = one.getBoundingClientRect();
    const heights = [0.1, 0.5, 0.9].map((y) => top + y * (bottom - top)).filter((y) => y > 0 && y < innerHeight);
    const other = heights.map((y) => document.elementFromPoint((left + right) / 2, y)).find((hit) => hit && !one.contains(hit));
    return other === undefined ? [] : [`${one.id || one.className} is covered by ${other.id || other.className || other.tagName}`];
  });
}

/** Runs in the page: tiles of people with less room than twice their badge. */
function findSqueezed() {
  return [...document.querySelectorAll('.tile')].flatMap((tile) => {
    const [room, badge] = [tile, tile.querySelector('.badge')].map((one) => one.getBoundingClientRect().height);
    return room < 2 * badge ? [`a tile of ${Math.round(room)} for a badge of ${Math.round(badge)}`] : [];
  });
}

/** The controls of a page, in a window of this size, that nobody can press without scrolling. */
export async function unreachable(page, size) {
  await page.setViewportSize(size);
  await page.evaluate(() => new Promise((shown) => { requestAnimationFrame(() => requestAnimationFrame(shown)); }));
  const found = await page.evaluate(findUnreachable, CONTROLS);
  for (const find of [findOverflow, findCovered, findSqueezed]) found.push(...(await page.evaluate(find)));
  return found;
}

/** Runs in the page: texts and icons of buttons with too little contrast to what is behind them. */
function findFaint() {
  const parse = (text) => {
    const [r = 0, g = 0, b = 0, a = 1] = (text.match(/[\d.]+/g) ?? []).map(Number);
    return { r, g, b, a: text === 'transparent' ? 0 : a };
  };
  const over = (top, below) => Object.fromEntries(['r', 'g', 'b'].map((key) => [key, top[key] * top.a + below[key] * (1 - top.a)]).concat([['a', 1]]));
  const behind = (element) => {
    if (!element) return parse(getComputedStyle(document.body).backgroundColor);
    const own = parse(getComputedStyle(element).backgroundColor);
    return own.a === 1 ? own : over(own, behind(element.parentElement));
  };
  const light = ({ r, g, b }) => [r, g, b].map((value) => value / 255)
    .map((value) => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4))
    .reduce((sum, value, index) => sum + value * [0.2126, 0.7152, 0.0722][index], 0);
  const contrast = (one, other) => {
    const [low, high] = [light(one), light(other)].sort((a, b) => a - b);
    return (high + 0.05) / (low + 0.05);
  };
  const shown = [...document.querySelectorAll('.button, .round-face, .round-label')].filter((one) => one.getClientRects().length > 0);
  return shown.flatMap((one) => {
    const style = getComputedStyle(one);
    const back = behind(one);
    const found = contrast(over(parse(style.color), back), back) * Number(style.opacity);
    const least = one.classList.contains('round-face') ? 3 : 4.5;
    const name = one.closest('button, a')?.id || one.textContent.trim();
    return found < least ? [`${name} (${one.className}): ${found.toFixed(2)} of ${style.color} on ${JSON.stringify(back)}`] : [];
  });
}

/** Buttons with too little contrast as they are. */
export function faintNow(page) {
  return page.evaluate(findFaint);
}

/** Buttons with too little contrast in any state that a person can bring them into. */
export async function faint(page) {
  const devtools = await page.context().newCDPSession(page);
  await devtools.send('DOM.enable');
  await devtools.send('CSS.enable');
  const { root } = await devtools.send('DOM.getDocument');
  const { nodeIds } = await devtools.send('DOM.querySelectorAll', { nodeId: root.nodeId, selector: 'button, .button' });
  const found = [];
  for (const state of [[], ['hover'], ['focus', 'focus-visible'], ['hover', 'active']]) {
    for (const nodeId of nodeIds) await devtools.send('CSS.forcePseudoState', { nodeId, forcedPseudoClasses: state });
    found.push(...(await page.evaluate(findFaint)).map((line) => `${state.join(' ') || 'normal'}: ${line}`));
  }
  await devtools.detach();
  return found;
}

const axe = readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** Faults that axe finds in a page. */
export async function violations(page) {
  const source = await axe;
  await page.evaluate(source);
  const { violations: found } = await page.evaluate(() => window.axe.run(document, { resultTypes: ['violations'] }));
  return found.flatMap(({ id, nodes }) => nodes.map(({ target, failureSummary }) => `${id} ${target}: ${failureSummary.split('\n').slice(1).join(' ')}`));
}
