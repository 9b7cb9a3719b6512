/**
 * The row of buttons under the picture: microphone, camera, link, leave; and the small picture of oneself.
 * Each exists once and moves from the lobby into the call, so that its state and its id move along.
 */

import { copyRoomLink } from '../ui/copy-link';
import { element, setText } from '../ui/dom';
import { type RoundButton, roundButton } from '../ui/frame';
import type { LocalMedia } from './media';

export interface Controls {
  devices: HTMLElement;
  call: HTMLElement;
  localVideo: HTMLVideoElement;
  self: HTMLElement;
  /** In the order in which somebody may want them next. */
  buttons: HTMLElement[];
  render(): void;
}

export interface ControlHandlers {
  leave(): void;
  /** Explanation of the camera's use, where it is not obvious. */
  note?(): string;
}

export function controls(media: LocalMedia, handlers: ControlHandlers): Controls {
  const mute = roundButton('mute', () => void media.setMicrophone(!media.isOn('audio')));
  const camera = roundButton('camera', () => void media.setCamera(!media.isOn('video')));
  const link = roundButton('copy-link', async () => {
    if (await copyRoomLink()) link.set('check', 'Link copied');
    else link.set('link', 'Not copied');
    setTimeout(() => link.set('link', 'Copy link'), 2500);
  });
  link.set('link', 'Copy link');
  const goodbye = roundButton('leave', handlers.leave, 'danger');
  goodbye.set('leave', 'Leave');
  const localVideo = element('video', {
    id: 'local-video',
    autoplay: true,
    playsinline: true,
    'aria-label': 'Your camera',
  });
  // As an attribute alone it would not mute a video that was made by a script.
  localVideo.muted = true;
  const note = element('span', { class: 'self-note' });
  const self = element('div', { class: 'self' }, localVideo, note);
  return {
    devices: element('div', { class: 'devices' }, mute.root, camera.root),
    call: element('div', { class: 'devices' }, link.root, goodbye.root),
    localVideo,
    self,
    buttons: [mute.root, camera.root, goodbye.root],
    render() {
      renderMute(mute, media);
      renderCamera(camera, media);
      // A video that waits for its first track would keep the page from ever being loaded.
      const stream = media.track('video') ? media.stream : null;
      if (localVideo.srcObject !== stream) localVideo.srcObject = stream;
      self.classList.toggle('is-dark', !stream);
      setText(note, handlers.note?.() || noteOf(media));
    },
  };
}

function renderMute(button: RoundButton, media: LocalMedia): void {
  const on = media.isOn('audio');
  button.root.disabled = !media.isAvailable('audio');
  if (media.problems.audio) return button.set('microphoneOff', 'No microphone', true);
  if (button.root.disabled) return button.set('microphone', 'Mute', false);
  button.set(on ? 'microphone' : 'microphoneOff', on ? 'Mute' : 'Unmute', !on);
}

function renderCamera(button: RoundButton, media: LocalMedia): void {
  const on = media.isOn('video');
  button.root.disabled = !media.isAvailable('video');
  if (media.problems.video) return button.set('cameraOff', 'No camera', true);
  if (button.root.disabled) return button.set('camera', 'Camera off', false);
  button.set(on ? 'camera' : 'cameraOff', on ? 'Camera off' : 'Camera on', !on);
}

function noteOf(media: LocalMedia): string {
  if (media.problems.video) return 'No camera';
  if (!media.isAvailable('video')) return 'Your video appears here';
  return media.isOn('video') ? 'You' : 'Your camera is off';
}
