/**
 * Remembers over a reload that this tab is on air in a room, and in which quality.
 * Only a reload goes on by itself: who comes back by a link or opens a tab again is asked first.
 */

import { storageKey } from '../ui/address';

export interface OnAirMark {
  /** This page is the reload of one that was on air. */
  readonly wasReloaded: boolean;
  readonly quality: string | undefined;
  set(onAir: boolean, quality: string): void;
}

export function onAirMark(room: string): OnAirMark {
  const key = storageKey(`on-air.${room}`);
  const quality = read(key);
  const [navigation] = performance.getEntriesByType('navigation');
  const isReload = (navigation as PerformanceNavigationTiming | undefined)?.type === 'reload';
  return {
    wasReloaded: isReload && quality !== undefined,
    quality,
    set(onAir, chosen) {
      try {
        if (onAir) sessionStorage.setItem(key, chosen);
        else sessionStorage.removeItem(key);
      } catch {
        // Storage may be forbidden: a reload then asks again.
      }
    },
  };
}

function read(key: string): string | undefined {
  try {
    return sessionStorage.getItem(key) ?? undefined;
  } catch {
    return undefined;
  }
}
