/**
 * Copies the address of the room, without its query, and says whether that worked.
 * Where a browser does not let it, the link stands there to be copied by hand.
 */

import { element, setText } from './dom';
import { icon } from './icons';

const SAID_FOR_MS = 2500;

export function roomLink(): string {
  return location.origin + location.pathname;
}

export async function copyRoomLink(address = roomLink()): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(address);
    return true;
  } catch {
    return copyTheOldWay(address);
  }
}

/** All there is on a page without https. */
function copyTheOldWay(text: string): boolean {
  const field = element('textarea', { class: 'offscreen', 'aria-hidden': 'true' });
  field.value = text;
  document.body.append(field);
  field.select();
  const copied = document.execCommand('copy');
  field.remove();
  return copied;
}

/** The link in a field of its own with a button beside it. */
export function linkField(address = roomLink(), style: 'primary' | 'plain' = 'primary'): HTMLElement {
  const field = element('input', {
    id: 'link',
    class: 'field',
    readonly: true,
    'aria-label': style === 'plain' ? 'Link for viewers' : 'Link to this room',
    onfocus: () => field.select(),
  });
  field.value = address;
  const label = element('span', { 'aria-live': 'polite' }, 'Copy link');
  const button = element('button', { id: 'copy', type: 'button', class: `button ${style}` }, icon('link'), label);
  button.addEventListener('click', async () => {
    const copied = await copyRoomLink(address);
    if (!copied) field.select();
    say(label, copied ? 'Link copied' : 'Copy the marked link', 'Copy link');
  });
  return element('div', { class: 'link-row' }, field, button);
}

function say(label: HTMLElement, text: string, afterwards: string): void {
  setText(label, text);
  setTimeout(() => setText(label, afterwards), SAID_FOR_MS);
}
