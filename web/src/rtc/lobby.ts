/**
 * The room before the call: how one looks, which devices work, and the button to go in.
 * Joining is possible without any device; waiting for the person's permission never blocks it.
 */

import { element, setText } from '../ui/dom';
import { takeFocus } from '../ui/focus';
import type { Controls } from './controls';
import type { LocalMedia } from './media';
import { mediaMessage } from './media-messages';

export interface Lobby {
  root: HTMLElement;
  /** To be called when the browser has answered about the devices. */
  settled(): void;
  render(): void;
}

export interface LobbyWords {
  /** The label of the button with devices. */
  join: string;
  note?: string;
}

export function lobby(name: string, media: LocalMedia, controls: Controls, words: LobbyWords, join: () => void): Lobby {
  const join_ = element('button', { id: 'join', type: 'button', class: 'button primary wide', onclick: join });
  const hint = element('p', { class: 'hint', role: 'status', 'aria-live': 'polite' });
  const preview = element('div', { class: 'preview' }, controls.self, controls.devices);
  const side = element(
    'div',
    { class: 'lobby-side' },
    element('h2', {}, 'Ready to join?'),
    element('p', { class: 'quiet' }, `You will appear as ${name}.`),
    element('p', { class: 'quiet', hidden: !words.note }, words.note ?? ''),
    hint,
    join_,
  );
  let asking = true;
  const render = () => {
    const nothing = !media.isAvailable('audio') && !media.isAvailable('video');
    setText(join_, asking || nothing ? 'Join without camera or mic' : words.join);
    join_.classList.toggle('primary', !asking);
    setText(
      hint,
      asking ? 'Your browser asks for camera and microphone. Please allow them.' : mediaMessage(media.problems),
    );
    hint.classList.toggle('is-warning', !asking);
    const isHintGone = hint.textContent === '' && !hint.hidden;
    hint.hidden = hint.textContent === '';
    if (isHintGone) takeFocus([join_]);
  };
  return {
    root: element('main', { class: 'lobby' }, preview, side),
    settled() {
      asking = false;
      render();
      // The browser's question took the focus out of the page.
      takeFocus([join_]);
    },
    render,
  };
}
