/**
 * The quality of playback: delay, buffer and stalls of the last minute as a small graph, and the figures in words.
 * Folded away until somebody wants to know; whether it is open is remembered for the tab.
 */

import { element, setText, svg } from '../ui/dom';
import { type RoundButton, roundButton } from '../ui/frame';
import { draw, History, pictureText, type Sample, secondsText } from './history';
import type { Player } from './player';

const WIDTH = 600;
const HEIGHT = 100;
const KEY = 'roomcast.insight';

export interface Insight {
  root: HTMLElement;
  button: RoundButton;
  readonly samples: readonly Sample[];
  /** Takes a sample; to be called a few times a second. */
  measure(now: number): void;
}

export function insight(player: Player): Insight {
  const history = new History();
  const view = graph();
  const list = pageState();
  const root = element(
    'section',
    { id: 'insight', class: 'insight', 'aria-label': 'Playback details' },
    view.root,
    list.root,
  );
  const button = roundButton('details', () => open(Boolean(root.hidden)));
  button.set('graph', 'Details');
  button.root.setAttribute('aria-controls', root.id);
  const open = (wanted: boolean) => {
    root.hidden = !wanted;
    button.root.setAttribute('aria-expanded', String(wanted));
    remember(wanted);
  };
  open(wasOpen());
  return {
    root,
    button,
    get samples() {
      return history.samples;
    },
    measure(now) {
      const sample = { at: now, delay: player.delay(), buffer: player.buffer(), stalled: player.isStalling };
      history.push(sample);
      if (root.hidden) return;
      view.show(history.samples, now);
      list.show(sample, player);
    },
  };
}

function graph() {
  const stalls = svg('g', { class: 'graph-stalls' });
  const buffer = svg('path', { class: 'graph-buffer' });
  const delay = svg('path', { class: 'graph-delay' });
  const half = svg('path', {
    class: 'graph-grid',
    d: `M0 ${HEIGHT / 2}H${WIDTH}M0 0.5H${WIDTH}M0 ${HEIGHT - 0.5}H${WIDTH}`,
  });
  const box = { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: 'none', class: 'graph', 'aria-hidden': 'true' };
  const field = svg('svg', { ...box, focusable: 'false' }, half, stalls, buffer, delay);
  const top = element('span', {});
  const middle = element('span', {});
  const scale = element(
    'div',
    { class: 'graph-scale', 'aria-hidden': 'true' },
    top,
    middle,
    element('span', {}, '0 s'),
  );
  const times = element('div', { class: 'graph-times', 'aria-hidden': 'true' }, ...['1 min ago', 'now'].map(span));
  return {
    root: element('div', { class: 'graph-frame' }, scale, field, times),
    show(samples: readonly Sample[], now: number) {
      const drawing = draw(samples, now, WIDTH, HEIGHT);
      delay.setAttribute('d', drawing.delay);
      buffer.setAttribute('d', drawing.buffer);
      const marks = drawing.stalls.map(({ x, width }) => svg('rect', { x, y: 0, width, height: HEIGHT }));
      stalls.replaceChildren(...marks);
      setText(top, `${drawing.top} s`);
      setText(middle, `${drawing.top / 2} s`);
    },
  };
}

function pageState() {
  const delay = fact('Behind live', 'is-delay');
  const buffer = fact('Buffer', 'is-buffer');
  const stalls = fact('Stalls', 'is-stall');
  const picture = fact('Video');
  const dropped = fact('Dropped frames');
  const all = [delay, buffer, stalls, picture, dropped];
  return {
    root: element('dl', { class: 'facts' }, ...all.map(({ root }) => root)),
    show(sample: Sample, player: Player) {
      const { droppedVideoFrames = 0, totalVideoFrames = 0 } = player.video.getVideoPlaybackQuality?.() ?? {};
      delay.show(secondsText(sample.delay));
      buffer.show(secondsText(sample.buffer));
      stalls.show(String(player.stalls));
      picture.show(pictureText(player.picture()));
      dropped.show(`${droppedVideoFrames} of ${totalVideoFrames}`);
    },
  };
}

function fact(name: string, mark = '') {
  const value = element('dd', {});
  return {
    root: element('div', { class: `fact ${mark}` }, element('dt', {}, name), value),
    show: (text: string) => setText(value, text),
  };
}

function span(text: string): HTMLElement {
  return element('span', {}, text);
}

function wasOpen(): boolean {
  try {
    return sessionStorage.getItem(KEY) === 'open';
  } catch {
    return false;
  }
}

function remember(isOpen: boolean): void {
  try {
    sessionStorage.setItem(KEY, isOpen ? 'open' : 'closed');
  } catch {
    // Storage may be forbidden: a reload then folds it away again.
  }
}
