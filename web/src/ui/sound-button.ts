/**
 * Plays video with its sound, or, where the browser holds sound back until somebody touches the page, without, under
 * one big button that turns it on everywhere.
 */

import { element } from './dom';
import { icon } from './icons';

export interface SoundButton {
  root: HTMLButtonElement;
  /** Starts a video, muted if need be. Never rejects. */
  play(video: HTMLVideoElement): Promise<void>;
  /** Says that a video was muted by the browser. */
  held(video: HTMLVideoElement): void;
}

export function soundButton(): SoundButton {
  const muted = new Set<HTMLVideoElement>();
  const unmute = () => {
    for (const video of muted) {
      video.muted = false;
      void video.play().catch(() => {});
    }
    muted.clear();
    root.hidden = true;
  };
  const attributes = { id: 'sound', type: 'button', class: 'button primary sound', hidden: true, onclick: unmute };
  const root = element('button', attributes, icon('sound'), 'Turn on sound');
  const held = (video: HTMLVideoElement) => {
    muted.add(video);
    root.hidden = false;
    // Turned on elsewhere, or gone: nothing is left to turn on.
    const settled = () => {
      if (video.muted && video.isConnected) return;
      muted.delete(video);
      root.hidden = muted.size === 0;
    };
    video.addEventListener('volumechange', settled);
    video.addEventListener('emptied', settled);
  };
  return {
    root,
    held,
    async play(video) {
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
