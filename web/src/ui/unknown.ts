/** What an address that leads to no room shows: the words for it, and the way to the start page. */

import { element } from './dom';
import { bar, panel, setState } from './frame';

export function showUnknown(root: HTMLElement): void {
  document.title = 'Roomcast';
  setState('failed');
  const top = bar('');
  const words = panel(
    element('div', { class: 'actions' }, element('a', { href: '/', class: 'button primary' }, 'Start page')),
  );
  const title = 'There is no room at this address';
  words.show(title, 'Check the link. Room names are made of letters, digits, dots and dashes.');
  top.setStatus(title);
  root.replaceChildren(top.root, element('main', { class: 'stage' }, element('div', { class: 'picture' }, words.root)));
}
