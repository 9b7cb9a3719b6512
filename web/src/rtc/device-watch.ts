/**
 * Finds cameras and microphones that are plugged in later, and permissions that are given later, without a reload.
 * Asks the person nothing: only what is granted is tried.
 */

import type { Kind, LocalMedia } from './media';

const PERMISSIONS: Record<Kind, 'camera' | 'microphone'> = { video: 'camera', audio: 'microphone' };

export function watchDevices(media: LocalMedia, changed: () => void = () => {}): void {
  const look = async () => {
    await media.retry();
    changed();
  };
  navigator.mediaDevices?.addEventListener('devicechange', () => void look());
  for (const name of Object.values(PERMISSIONS)) {
    // Not every browser knows these names.
    navigator.permissions
      ?.query({ name })
      .then((status) => status.addEventListener('change', () => void look()))
      .catch(() => {});
  }
}
