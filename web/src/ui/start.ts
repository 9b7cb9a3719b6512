/**
 * The start page: a room to talk in, or the name of a broadcast to watch.
 * Only leads on to an address; it opens no connection and asks for no device.
 */

import type { HeldToken } from '../access/held-token';
import type { RoomType } from '../client';
import { roomAddress, socketAddress } from './address';
import { element, setText } from './dom';
import { brand, setState } from './frame';
import { type IconName, icon } from './icons';
import { cryptoPick, isRoomName, randomRoom, tidyRoomName } from './names';
import { kindOf } from './other-kind';
import { otherKindMessage } from './user-messages';

interface Entrance {
  id: string;
  icon: IconName;
  title: string;
  text: string;
  label: string;
  /** The label of the button: what small windows show of it, and the rest. */
  button: [string, string];
  view: string;
  roomType: RoomType;
  /** A name is offered that nobody else has. */
  isRandom: boolean;
  style: string;
}

/** Where one can go from here. */
const ENTRANCES: readonly Entrance[] = [
  {
    id: 'room',
    icon: 'camera',
    title: 'Start or join a call',
    text: 'A video call for two. Send the link and start talking.',
    label: 'Room name',
    button: ['Go', 'to the call'],
    view: 'call',
    roomType: 'p2p',
    isRandom: true,
    style: 'primary',
  },
  {
    id: 'group',
    icon: 'people',
    title: 'Talk in a group',
    text: 'Whoever opens the group decides who can speak; everyone else watches.',
    label: 'Group name',
    button: ['Go', 'to the group'],
    view: 'group',
    roomType: 'm2m',
    isRandom: true,
    style: 'plain',
  },
  {
    id: 'go-live',
    icon: 'onAir',
    title: 'Broadcast live',
    text: 'Broadcast from your camera. Viewers only need the link.',
    label: 'Broadcast name',
    button: ['Set up', 'the broadcast'],
    view: 'broadcast',
    roomType: 'p2m',
    isRandom: true,
    style: 'plain',
  },
  {
    id: 'broadcast',
    icon: 'play',
    title: 'Watch a broadcast',
    text: 'Live, about a second and a half behind the camera.',
    label: 'Broadcast name',
    button: ['Watch', ''],
    view: 'watch',
    roomType: 'p2m',
    isRandom: false,
    style: 'plain',
  },
];

/** @param token goes along with the questions to the server */
export function showStart(root: HTMLElement, token: HeldToken): void {
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
    element(
      'main',
      { class: 'start' },
      intro,
      element('div', { class: 'entrances' }, ...ENTRANCES.map((about) => entrance(about, token))),
    ),
  );
}

function entrance(about: Entrance, token: HeldToken): HTMLElement {
  const problem = element('p', { id: `${about.id}-problem`, class: 'field-problem', 'aria-live': 'polite' });
  const field = element('input', {
    id: about.id,
    name: about.id,
    class: 'field',
    maxlength: 128,
    placeholder: about.label,
    autocomplete: 'off',
    autocapitalize: 'none',
    spellcheck: 'false',
    'aria-describedby': problem.id,
  });
  field.value = about.isRandom ? randomRoom(cryptoPick) : '';
  warnOfOtherKind(about.roomType, field, problem, token);
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
    submitButton(about),
  );
}

function submitButton({ id, style, button: [short, rest] }: Entrance): HTMLElement {
  const more = element('span', { class: 'more' }, rest && ` ${rest}`);
  return element(
    'button',
    { type: 'submit', class: `button ${style}`, id: `${id}-go` },
    element('span', {}, short, more),
  );
}

/** Tells of a name that is taken by a room of another kind as soon as it was typed, with a link that leads there. */
function warnOfOtherKind(own: RoomType, field: HTMLInputElement, problem: HTMLElement, token: HeldToken): void {
  const offered = field.value;
  field.addEventListener('input', () => {
    field.removeAttribute('aria-invalid');
    setText(problem, '');
  });
  field.addEventListener('blur', async () => {
    const name = tidyRoomName(field.value);
    if (name === offered || !isRoomName(name)) return;
    const kind = await kindOf(socketAddress(), name, token);
    if (!kind || kind.roomType === own || name !== tidyRoomName(field.value)) return;
    field.setAttribute('aria-invalid', 'true');
    const { title, detail } = otherKindMessage(name, kind.noun);
    const link = element('a', { href: roomAddress(kind.view, name) }, kind.label);
    problem.replaceChildren(`${title}. ${detail} `, link);
  });
}
