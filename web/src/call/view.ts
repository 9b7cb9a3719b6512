/**
 * The call on screen: the other person large, oneself small, the panel of words, the row of buttons.
 * Shows what the model says and decides nothing.
 */

import type { Controls } from '../rtc/controls';
import { MuteNews } from '../rtc/mute-news';
import { START_PAGE } from '../ui/address';
import { linkField } from '../ui/copy-link';
import { element, setText } from '../ui/dom';
import { panel } from '../ui/frame';
import { icon } from '../ui/icons';
import { type SoundButton, soundButton } from '../ui/sound-button';
import type { CallModel, Other } from './model';

export interface View {
  root: HTMLElement;
  /** The next action, which gets the focus. */
  actions: HTMLElement[];
  showStream(stream: MediaStream | null): void;
  render(model: CallModel, other: Other | undefined): void;
}

export interface ViewHandlers {
  join(): void;
  /** Ends a wait. */
  giveUp(): void;
}

export function callView(controls: Controls, other: HTMLElement, handlers: ViewHandlers): View {
  const remoteVideo = makeRemoteVideo();
  const sound = soundButton();
  const invite = linkField();
  const again = element('button', { id: 'retry', type: 'button', class: 'button primary', onclick: handlers.join });
  const home = element('a', { href: START_PAGE, class: 'button plain' }, 'Start page');
  const giveUp = element('button', { id: 'give-up', type: 'button', class: 'button plain', onclick: handlers.giveUp });
  setText(giveUp, 'Stop waiting');
  const actions = element('div', { class: 'actions' }, other, again, giveUp, home);
  const overlay = panel(invite, actions);
  const badge = nameBadge();
  const dark = element(
    'div',
    { class: 'camera-off', id: 'remote-camera-off' },
    element('div', { class: 'avatar' }),
    element('p', {}),
  );
  const buttons = element('div', { class: 'buttons' });
  const picture = element('div', { class: 'picture' }, remoteVideo, dark, overlay.root, badge.root, sound.root);
  return {
    root: element('main', { class: 'stage' }, picture, buttons),
    actions: [again, ...invite.querySelectorAll('button'), home],
    showStream: (stream) => showStream(remoteVideo, sound, stream),
    render(model, person) {
      if (controls.self.parentElement !== picture) picture.append(controls.self);
      if (controls.devices.parentElement !== buttons) buttons.append(controls.devices, controls.call);
      const ended = model.retry || model.state === 'failed';
      buttons.hidden = controls.self.hidden = ended;
      overlay.root.hidden = !model.panel;
      overlay.show(model.title, model.detail);
      invite.hidden = !model.invite;
      actions.hidden = !ended && !model.canGiveUp;
      home.hidden = !ended;
      giveUp.hidden = !model.canGiveUp;
      again.hidden = !model.retry;
      setText(again, model.state === 'left' ? 'Join again' : 'Try again');
      badge.render(person);
      showDark(dark, model, person);
    },
  };
}

function makeRemoteVideo(): HTMLVideoElement {
  const attributes = { id: 'remote-video', autoplay: true, playsinline: true, hidden: true };
  return element('video', { ...attributes, 'aria-label': 'The other person' });
}

function showStream(video: HTMLVideoElement, sound: SoundButton, stream: MediaStream | null): void {
  // A video without anything to play would be read out as one that failed.
  video.hidden = stream === null;
  if (video.srcObject === stream) return;
  video.srcObject = stream;
  if (stream) void sound.play(video);
}

function nameBadge() {
  const name = element('span', {});
  const muted = element(
    'span',
    { class: 'muted', id: 'remote-muted', role: 'img', 'aria-label': 'microphone off' },
    icon('microphoneOff'),
  );
  const spoken = element('span', { class: 'spoken', role: 'status', 'aria-live': 'polite' });
  const root = element('p', { class: 'badge', id: 'remote-name' }, name, muted, spoken);
  const news = new MuteNews();
  return {
    root,
    render(other: Other | undefined) {
      root.hidden = !other;
      muted.hidden = other?.audio !== false;
      setText(name, other?.name ?? '');
      const told = news.tell(other ? [{ key: other.name, name: other.name, audio: other.audio }] : []);
      if (told) setText(spoken, told);
    },
  };
}

function showDark(dark: HTMLElement, model: CallModel, other: Other | undefined): void {
  dark.hidden = model.panel || other?.video !== false;
  if (!other) return;
  const initials = other.name.split(' ').map((word) => word.charAt(0).toUpperCase());
  const [avatar, text] = dark.children;
  if (avatar instanceof HTMLElement) setText(avatar, initials.slice(0, 2).join(''));
  if (text instanceof HTMLElement) setText(text, `${other.name}'s camera is off`);
}
