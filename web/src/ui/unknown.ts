/** The view of an address that leads nowhere: the words for it, and a link to the start page. */

import { START_PAGE } from './address';
import { element } from './dom';
import { bar, panel, setState } from './frame';

export function showUnknown(root: HTMLElement): void {
  document.title = 'Page not found · Roomcast';
  setState('failed');
  const top = bar('Not found');
  const overlay = panel(
    element(
      'div',
      { class: 'actions' },
      element('a', { href: START_PAGE, class: 'button primary' }, 'Go to the start page'),
    ),
  );
  const title = 'Page not found';
  overlay.show(title, 'Check the link. Room names are made of letters, digits, dots and dashes.');
  top.setStatus(title);
  root.replaceChildren(
    top.root,
    element('main', { class: 'stage' }, element('div', { class: 'picture' }, overlay.root)),
  );
}
