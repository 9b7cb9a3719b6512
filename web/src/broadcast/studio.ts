/**
 * The view of the page /broadcast/{room}: the picture as viewers will see it, beside it the link for them, the
 * choice of devices and the one button that matters. Only draws and tells which button was pressed.
 */

import type { LocalMedia } from '../rtc/media';
import { START_PAGE } from '../ui/address';
import { type Choice, choice, type Option } from '../ui/choice';
import { linkField } from '../ui/copy-link';
import { element, setText } from '../ui/dom';
import { panel, type RoundButton, roundButton, setState } from '../ui/frame';
import { icon } from '../ui/icons';
import { QUALITIES } from './encoders';
import type { BroadcastModel } from './model';

/** A camera whose name the browser does not tell before it is used. */
export const ANY_CAMERA = 'any';

export interface StudioHandlers {
  start(): void;
  stop(): void;
  mute(): void;
  again(): void;
  camera(deviceId: string): void;
  microphone(deviceId: string): void;
  quality(name: string): void;
}

export interface Studio {
  root: HTMLElement;
  video: HTMLVideoElement;
  quality: Choice;
  /** The next actions, one of which gets the focus when what had it is gone. */
  actions: HTMLElement[];
  render(model: BroadcastModel, media: LocalMedia): void;
  showClock(text: string): void;
  showStats(text: string): void;
  listDevices(devices: MediaDeviceInfo[], media: LocalMedia): void;
}

export function studio(viewersLink: string, other: HTMLElement, handlers: StudioHandlers): Studio {
  const view = picture(other, handlers);
  const side = controls(viewersLink, handlers);
  const mute = roundButton('mute', handlers.mute);
  const stats = element('p', { id: 'stats', class: 'studio-stats' });
  const buttons = element('div', { class: 'buttons' }, stats, mute.root);
  return {
    root: element('main', { class: 'studio' }, element('div', { class: 'studio-view' }, view.root, buttons), side.root),
    video: view.video,
    quality: side.quality,
    actions: [...side.actions, ...view.actions, mute.root],
    render(model, media) {
      setState(model.state);
      view.render(model, media);
      side.render(model, media);
      buttons.hidden = isOver(model);
      mute.root.hidden = !model.mute;
      renderMute(mute, media);
    },
    showClock: view.showClock,
    showStats: (text) => setText(stats, text),
    listDevices: side.listDevices,
  };
}

function picture(other: HTMLElement, handlers: StudioHandlers) {
  const video = element('video', { id: 'preview', autoplay: true, playsinline: true, 'aria-label': 'Your camera' });
  // As an attribute alone it would not mute a video that was made by a script.
  video.muted = true;
  const clock = element('span', { id: 'clock' });
  const badge = element('p', { class: 'on-air', hidden: true }, element('strong', {}, 'On air'), clock);
  const again = element('button', { id: 'retry', type: 'button', class: 'button primary' }, 'Try again');
  again.addEventListener('click', handlers.again);
  const home = element('a', { href: START_PAGE, class: 'button plain' }, 'Start page');
  const overlay = panel(element('div', { class: 'actions' }, other, again, home));
  return {
    root: element('div', { class: 'picture' }, video, badge, overlay.root),
    video,
    actions: [again, home],
    showClock: (text: string) => setText(clock, text),
    render(model: BroadcastModel, media: LocalMedia) {
      const stream = media.track('video') ? media.stream : null;
      if (video.srcObject !== stream) video.srcObject = stream;
      badge.hidden = model.state !== 'on-air';
      overlay.root.hidden = model.title === '' && model.state !== 'asking';
      overlay.show(model.title || 'Waiting for your camera', model.detail);
      again.hidden = !model.again;
      setText(again, model.state === 'stopped' ? 'Broadcast again' : 'Try again');
      home.hidden = model.state !== 'stopped' && model.state !== 'failed';
    },
  };
}

function controls(viewersLink: string, handlers: StudioHandlers) {
  const title = element('h2', {});
  const { camera, microphone, quality, fields } = choices(handlers);
  const hint = element('p', { id: 'hint', class: 'hint', role: 'status', 'aria-live': 'polite' });
  const { start, stop } = mainButtons(handlers);
  const share = element('p', { class: 'quiet' }, 'Whoever has this link can watch:');
  const link = element('div', { class: 'studio-link' }, share, linkField(viewersLink, 'plain'));
  const root = element('section', { class: 'studio-side' }, title, link, hint, start, stop, fields);
  let hasCamera = false;
  let devices: MediaDeviceInfo[] = [];
  const showDevices = (media: LocalMedia) => {
    const card = media.isSupplied('video');
    camera.set(cameras(devices, card));
    microphone.set(named(devices, 'audioinput', 'Microphone'));
    // An empty list is nothing to choose from.
    camera.root.hidden = camera.isEmpty || !hasCamera;
    microphone.root.hidden = microphone.isEmpty;
    // Without a camera there is no quality of its video.
    quality.root.hidden = card || !hasCamera;
    camera.select(card ? '' : media.track('video')?.getSettings().deviceId);
    microphone.select(media.track('audio')?.getSettings().deviceId);
  };
  return {
    root,
    quality,
    actions: [stop, start],
    render(model: BroadcastModel, media: LocalMedia) {
      setText(title, TITLES[model.state] ?? 'Broadcast');
      setText(hint, model.hint);
      hint.hidden = model.hint === '';
      hint.classList.toggle('is-warning', model.warning);
      start.hidden = !(model.start || model.state === 'asking');
      start.disabled = !model.start;
      stop.hidden = !model.stop;
      root.hidden = isOver(model);
      hasCamera = media.isAvailable('video') || model.state === 'on-air' || model.state === 'no-camera';
      quality.setNote(model.sent);
      showDevices(media);
    },
    listDevices(listed: MediaDeviceInfo[], media: LocalMedia) {
      devices = listed;
      showDevices(media);
    },
  };
}

function mainButtons(handlers: StudioHandlers) {
  const go = { id: 'start', type: 'button', class: 'button primary wide' };
  const end = { id: 'stop', type: 'button', class: 'button danger wide' };
  return {
    start: element('button', { ...go, onclick: handlers.start }, icon('onAir'), 'Go live'),
    stop: element('button', { ...end, onclick: handlers.stop }, icon('stop'), 'End the broadcast'),
  };
}

function choices(handlers: StudioHandlers) {
  const camera = choice('camera', 'Camera', handlers.camera);
  const microphone = choice('microphone', 'Microphone', handlers.microphone);
  const quality = choice('quality', 'Quality', handlers.quality);
  quality.set(Object.entries(QUALITIES).map(([value, { name }]) => ({ value, name })));
  const fields = element('div', { class: 'studio-fields' }, camera.root, microphone.root, quality.root);
  return { camera, microphone, quality, fields };
}

const TITLES: Partial<Record<BroadcastModel['state'], string>> = {
  asking: 'Set up your broadcast',
  'no-camera': 'Set up your broadcast',
  preview: 'Ready to go live?',
  starting: 'Going on air…',
  'on-air': 'You are live',
  reconnecting: 'You are live',
};

/** Nothing is left to decide. */
function isOver({ state }: BroadcastModel): boolean {
  return state === 'stopping' || state === 'stopped' || state === 'failed';
}

/** The choices of the camera's list; on air without one, the person decides whether one that is there now goes on air. */
function cameras(devices: MediaDeviceInfo[], isCard: boolean): Option[] {
  const known = named(devices, 'videoinput', 'Camera');
  if (!isCard) return known;
  const isThere = devices.some(({ kind }) => kind === 'videoinput');
  if (!isThere) return [];
  return [{ value: '', name: 'Audio only' }, ...(known.length > 0 ? known : [{ value: ANY_CAMERA, name: 'Camera' }])];
}

function named(devices: MediaDeviceInfo[], kind: MediaDeviceKind, name: string): Option[] {
  return devices
    .filter((device) => device.kind === kind && device.deviceId !== '')
    .map(({ deviceId, label }, index) => ({ value: deviceId, name: label || `${name} ${index + 1}` }));
}

function renderMute(button: RoundButton, media: LocalMedia): void {
  const on = media.isOn('audio');
  button.root.disabled = !media.isAvailable('audio');
  if (button.root.disabled) return button.set('microphoneOff', 'No microphone', true);
  button.set(on ? 'microphone' : 'microphoneOff', on ? 'Mute' : 'Unmute', !on);
}
