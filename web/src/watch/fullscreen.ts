/**
 * Full screen of the watch page: the whole stage, so that sound, quality and the way back stay at hand on devices
 * without a keyboard. The row of buttons lies over the video and fades while nobody moves, touches or types.
 */

import { type RoundButton, roundButton } from '../ui/frame';

const IDLE_MS = 3000;
const ACTIVITY = ['pointermove', 'pointerdown', 'keydown', 'focusin'];

/** The button for full screen; `target` gets the class `is-idle` while it fills the screen and nobody acts. */
export function fullscreenButton(target: HTMLElement): RoundButton {
  const button = roundButton('fullscreen', () => void toggle(target));
  let timer: ReturnType<typeof setTimeout> | undefined;
  const wake = () => {
    clearTimeout(timer);
    target.classList.remove('is-idle');
    if (isFull(target)) timer = setTimeout(() => target.classList.add('is-idle'), IDLE_MS);
  };
  const render = () => {
    const full = isFull(target);
    button.set(full ? 'leaveFullscreen' : 'fullscreen', full ? 'Leave full screen' : 'Full screen');
    wake();
  };
  for (const event of ACTIVITY) target.addEventListener(event, wake);
  document.addEventListener('fullscreenchange', render);
  render();
  button.root.hidden = !document.fullscreenEnabled;
  return button;
}

/** Gives the screen back where the button to do so is gone. */
export function leaveFullscreen(): void {
  if (document.fullscreenElement) void document.exitFullscreen().catch(() => {});
}

function isFull(target: HTMLElement): boolean {
  return document.fullscreenElement === target;
}

async function toggle(target: HTMLElement): Promise<void> {
  try {
    await (document.fullscreenElement ? document.exitFullscreen() : target.requestFullscreen());
  } catch (error) {
    console.warn('roomcast: full screen', error);
  }
}
