/**
 * Plays video with its sound, or, where the browser holds sound back until somebody touches the page, without, under
 * one big button that turns it on everywhere. The button is there only while there is something to hear.
 */

import { element } from './dom';
import { icon } from './icons';

export interface SoundButton {
  root: HTMLButtonElement;
  /** Starts a video, muted if need be. Never rejects. */
  play(video: HTMLVideoElement): Promise<void>;
  /** Says that a video was muted by the browser. */
  held(video: HTMLVideoElement): void;
  /** Whether video is shown at all, or words in its place. */
  setShown(shown: boolean): void;
}

export function soundButton(): SoundButton {
  const muted = new Set<HTMLVideoElement>();
  /** Muted by this page, not by the person: worth another try with the next media. */
  const silenced = new WeakSet<HTMLVideoElement>();
  let isShown = true;
  const render = () => {
    root.hidden = muted.size === 0 || !isShown;
  };
  const unmute = () => {
    for (const video of muted) {
      video.muted = false;
      void video.play().catch(() => {});
    }
    muted.clear();
    render();
  };
  const attributes = { id: 'sound', type: 'button', class: 'button primary sound', hidden: true, onclick: unmute };
  const root = element('button', attributes, icon('sound'), 'Turn on sound');
  const held = (video: HTMLVideoElement) => {
    muted.add(video);
    silenced.add(video);
    render();
    // Turned on elsewhere, or gone: nothing is left to turn on.
    const settled = () => {
      if (video.muted && video.isConnected && hasMedia(video)) return;
      muted.delete(video);
      render();
    };
    video.addEventListener('volumechange', settled);
    video.addEventListener('emptied', settled);
  };
  return {
    root,
    held,
    setShown(shown) {
      isShown = shown;
      render();
    },
    async play(video) {
      if (silenced.delete(video)) video.muted = false;
      try {
        await video.play();
      } catch (error) {
        if (!(error instanceof DOMException && error.name === 'NotAllowedError') || video.muted) return;
        video.muted = true;
        held(video);
        await video.play().catch(() => {});
      }
    },
  };
}

/** A video that loads anew still has its source; one whose person is gone has none. */
function hasMedia(video: HTMLVideoElement): boolean {
  return video.srcObject !== null || video.src !== '';
}
