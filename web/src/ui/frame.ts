/**
 * The frame of every view: the bar with the name of the project, the room and the state in words, the panel that
 * explains a state, the buttons. Also where `data-state` is set. Knows neither calls nor broadcasts.
 */

import { START_PAGE } from './address';
import { element, setText } from './dom';
import { type IconName, icon, logo } from './icons';

/** Tests and styles read it; people read `#status`. */
export function setState(state: string): void {
  document.body.dataset.state = state;
}

export function brand(): HTMLElement {
  return element(
    'a',
    { href: START_PAGE, class: 'brand', 'aria-label': 'Roomcast, start page' },
    logo(),
    element('span', {}, 'Roomcast'),
  );
}

export interface Bar {
  root: HTMLElement;
  setStatus(text: string): void;
  /** The state as a whole. */
  show(model: { state: string; status: string }): void;
}

export function bar(room: string): Bar {
  const text = element('span', {});
  const dot = element('span', { class: 'status-dot', 'aria-hidden': 'true' });
  const status = element('p', { id: 'status', class: 'status', role: 'status', 'aria-live': 'polite' }, dot, text);
  const name = element('h1', { class: 'room-name', title: room }, room);
  return {
    root: element('header', { class: 'bar' }, brand(), name, status),
    setStatus: (words) => setText(text, words),
    show(model) {
      setState(model.state);
      setText(text, model.status);
    },
  };
}

export interface Panel {
  root: HTMLElement;
  show(title: string, detail: string): void;
}

/** Says in a few words what is going on where the picture would be. */
export function panel(...children: Node[]): Panel {
  const title = element('h2', { class: 'panel-title' });
  const detail = element('p', { class: 'panel-detail' });
  const spinner = element('div', { class: 'spinner', 'aria-hidden': 'true' });
  return {
    root: element('section', { class: 'panel' }, spinner, title, detail, ...children),
    show(words, more) {
      setText(title, words);
      setText(detail, more);
      detail.hidden = more === '';
    },
  };
}

export interface RoundButton {
  root: HTMLButtonElement;
  set(name: IconName, label: string, pressed?: boolean): void;
}

/** A button of an icon with its name below, as in the row under a picture. */
export function roundButton(id: string, press: () => void, extra = ''): RoundButton {
  const face = element('span', { class: 'round-face' });
  const text = element('span', { class: 'round-label' });
  const root = element('button', { id, type: 'button', class: `round ${extra}`, onclick: press }, face, text);
  let shown = '';
  return {
    root,
    set(name, label, pressed) {
      if (pressed !== undefined) root.classList.toggle('is-off', pressed);
      if (shown === name + label) return;
      shown = name + label;
      face.replaceChildren(icon(name));
      setText(text, label);
    },
  };
}
