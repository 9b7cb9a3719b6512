/**
 * The call on screen: the other person large, oneself small, the panel of words, the row of buttons.
 * Shows what the model says and decides nothing.
 */

import { START_PAGE } from '../ui/address';
import { linkField } from '../ui/copy-link';
import { element, setText } from '../ui/dom';
import { panel } from '../ui/frame';
import { icon } from '../ui/icons';
import type { Controls } from './controls';
import type { CallModel, Other } from './model';

export interface Stage {
  root: HTMLElement;
  remoteVideo: HTMLVideoElement;
  showStream(stream: MediaStream | null): void;
  render(model: CallModel, other: Other | undefined): void;
}

export interface StageHandlers {
  join(): void;
  /** Ends a wait. */
  giveUp(): void;
}

export function stage(controls: Controls, handlers: StageHandlers): Stage {
  const remoteVideo = element('video', {
    id: 'remote-video',
    autoplay: true,
    playsinline: true,
    'aria-label': 'The other person',
  });
  const sound = soundButton(remoteVideo);
  const invite = linkField();
  const again = element('button', { id: 'retry', type: 'button', class: 'button primary', onclick: handlers.join });
  const home = element('a', { href: START_PAGE, class: 'button plain' }, 'Start page');
  const giveUp = element('button', { id: 'give-up', type: 'button', class: 'button plain', onclick: handlers.giveUp });
  setText(giveUp, 'Stop waiting');
  const actions = element('div', { class: 'actions' }, again, giveUp, home);
  const words = panel(invite, actions);
  const badge = nameBadge();
  const dark = element(
    'div',
    { class: 'camera-off', id: 'remote-camera-off' },
    element('div', { class: 'avatar' }),
    element('p', {}),
  );
  const buttons = element('div', { class: 'buttons' });
  const picture = element('div', { class: 'picture' }, remoteVideo, dark, words.root, badge.root, sound);
  return {
    root: element('main', { class: 'stage' }, picture, buttons),
    remoteVideo,
    showStream: (stream) => showStream(remoteVideo, sound, stream),
    render(model, other) {
      if (controls.self.parentElement !== picture) picture.append(controls.self);
      if (controls.devices.parentElement !== buttons) buttons.append(controls.devices, controls.call);
      const ended = model.retry || model.state === 'failed';
      buttons.hidden = controls.self.hidden = ended;
      words.root.hidden = !model.panel;
      words.show(model.title, model.detail);
      invite.hidden = !model.invite;
      actions.hidden = !ended && !model.canGiveUp;
      home.hidden = !ended;
      giveUp.hidden = !model.canGiveUp;
      again.hidden = !model.retry;
      setText(again, model.state === 'left' ? 'Join again' : 'Try again');
      badge.render(other);
      showDark(dark, model, other);
    },
  };
}

function soundButton(video: HTMLVideoElement): HTMLButtonElement {
  const unmute = () => {
    video.muted = false;
    button.hidden = true;
    void video.play();
  };
  const attributes = { id: 'sound', type: 'button', class: 'button primary sound', hidden: true, onclick: unmute };
  const button = element('button', attributes, icon('sound'), 'Turn on sound');
  return button;
}

function showStream(video: HTMLVideoElement, sound: HTMLButtonElement, stream: MediaStream | null): void {
  if (video.srcObject === stream) return;
  video.srcObject = stream;
  if (!stream) return;
  video.play().catch((error: unknown) => {
    // Browsers hold sound back on a page nobody has touched yet: the picture at least may start.
    if (!(error instanceof DOMException && error.name === 'NotAllowedError')) return;
    video.muted = true;
    sound.hidden = false;
    void video.play();
  });
}

function nameBadge() {
  const name = element('span', {});
  const muted = element(
    'span',
    { class: 'muted', id: 'remote-muted', role: 'img', 'aria-label': 'microphone off' },
    icon('microphoneOff'),
  );
  const root = element('p', { class: 'badge', id: 'remote-name' }, name, muted);
  return {
    root,
    render(other: Other | undefined) {
      root.hidden = !other;
      muted.hidden = other?.audio !== false;
      setText(name, other?.name ?? '');
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
