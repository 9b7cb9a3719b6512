/**
 * The start page: a room to talk in, or the name of a broadcast to watch.
 * Only leads on to an address; it opens no connection and asks for no device.
 */

import { roomAddress } from './address';
import { element, setText } from './dom';
import { brand, setState } from './frame';
import { type IconName, icon } from './icons';
import { cryptoPick, isRoomName, randomRoom, tidyRoomName } from './names';

interface Entrance {
  id: string;
  icon: IconName;
  title: string;
  text: string;
  label: string;
  button: string;
  view: string;
  value: string;
  style: string;
}

/** Where one can go from here. */
function entrances(): Entrance[] {
  return [
    {
      id: 'room',
      icon: 'camera',
      title: 'Start or join a call',
      text: 'A video call for two. Send the link and start talking.',
      label: 'Room name',
      button: 'Go to the call',
      view: 'call',
      value: randomRoom(cryptoPick),
      style: 'primary',
    },
    {
      id: 'group',
      icon: 'people',
      title: 'Talk in a group',
      text: 'Whoever opens the group decides who can speak; everyone else watches.',
      label: 'Group name',
      button: 'Go to the group',
      view: 'group',
      value: randomRoom(cryptoPick),
      style: 'plain',
    },
    {
      id: 'go-live',
      icon: 'onAir',
      title: 'Broadcast live',
      text: 'Broadcast from your camera. Viewers only need the link.',
      label: 'Broadcast name',
      button: 'Set up the broadcast',
      view: 'broadcast',
      value: randomRoom(cryptoPick),
      style: 'plain',
    },
    {
      id: 'broadcast',
      icon: 'play',
      title: 'Watch a broadcast',
      text: 'Live, about a second and a half behind the camera.',
      label: 'Broadcast name',
      button: 'Watch',
      view: 'watch',
      value: '',
      style: 'plain',
    },
  ];
}

export function showStart(root: HTMLElement): void {
  document.title = 'Roomcast';
  setState('start');
  const intro = element(
    'div',
    { class: 'intro' },
    element('h1', {}, 'Open a room and you’re live.'),
    element('p', {}, 'Nothing to install, no account. It runs on this server and in your browser.'),
  );
  root.replaceChildren(
    element('header', { class: 'bar' }, brand()),
    element('main', { class: 'start' }, intro, element('div', { class: 'entrances' }, ...entrances().map(entrance))),
  );
}

function entrance(about: Entrance): HTMLElement {
  const problem = element('p', { id: `${about.id}-problem`, class: 'field-problem', 'aria-live': 'polite' });
  const field = element('input', {
    id: about.id,
    name: about.id,
    class: 'field',
    maxlength: 128,
    autocomplete: 'off',
    autocapitalize: 'none',
    spellcheck: 'false',
    'aria-describedby': problem.id,
  });
  field.value = about.value;
  const go = (event: Event) => {
    event.preventDefault();
    const name = tidyRoomName(field.value);
    if (isRoomName(name)) return location.assign(roomAddress(about.view, name));
    field.setAttribute('aria-invalid', 'true');
    setText(problem, name ? 'Use letters, digits, dots and dashes.' : 'Type a name first.');
    field.focus();
  };
  return element(
    'form',
    { class: 'card', novalidate: true, onsubmit: go },
    element(
      'div',
      { class: 'card-head' },
      element('div', { class: 'card-icon' }, icon(about.icon)),
      element('h2', {}, about.title),
    ),
    element('p', { class: 'quiet' }, about.text),
    element('label', { for: about.id }, about.label),
    field,
    problem,
    element('button', { type: 'submit', class: `button ${about.style}`, id: `${about.id}-go` }, about.button),
  );
}
