/**
 * A note that a tab keeps for its own reload. Only a reload goes on by itself: whoever comes back by a link, or opens a
 * tab again, is asked first.
 */

import { storageKey } from './address';

export interface ReloadMark {
  /** The note of the page before, in this tab. */
  readonly value: string | undefined;
  /** This page is the reload of one that left a note. */
  readonly wasReloaded: boolean;
  /** Leaves a note for the next page, or takes it back. */
  set(value: string | undefined): void;
}

export function reloadMark(name: string): ReloadMark {
  const key = storageKey(name);
  const value = read(key);
  const [navigation] = performance.getEntriesByType('navigation');
  const isReload = (navigation as PerformanceNavigationTiming | undefined)?.type === 'reload';
  return {
    value,
    wasReloaded: isReload && value !== undefined,
    set(next) {
      try {
        if (next === undefined) sessionStorage.removeItem(key);
        else sessionStorage.setItem(key, next);
      } catch {
        // Storage may be forbidden: a reload then asks again.
      }
    },
  };
}

/** The place of a person in a room, which a reload takes again without a question. */
export interface Place {
  /** Switches of camera and microphone before the reload; nothing where this page is no reload from within the room. */
  readonly before: string | undefined;
  /** Notes whether the person is in the room, and the switches. */
  note(switches: string | undefined): void;
}

/** @param leave called when the page goes away */
export function keepPlace(name: string, leave: () => void): Place {
  const mark = reloadMark(name);
  // A visit of before says nothing of this one.
  if (!mark.wasReloaded) mark.set(undefined);
  let isLeaving = false;
  addEventListener('pagehide', () => {
    isLeaving = true;
    leave();
  });
  // A page that comes back out of the browser's memory has left its room: it starts anew, with a question.
  addEventListener('pageshow', (event) => {
    if (!event.persisted) return;
    mark.set(undefined);
    location.reload();
  });
  return {
    before: mark.wasReloaded ? mark.value : undefined,
    note(switches) {
      if (!isLeaving) mark.set(switches);
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
