/**
 * The people of a group on screen: one tile for each, with picture, name and microphone.
 * Tiles stay as they are while their person does, so that no picture starts anew. Decides nothing.
 */

import { MuteNews } from '../rtc/mute-news';
import { element, setText } from '../ui/dom';
import { icon } from '../ui/icons';
import type { SoundButton } from '../ui/sound-button';

export interface Tile {
  key: string;
  name: string;
  video: boolean;
  audio: boolean;
  stream: MediaStream | null;
  /** The media with this person flow. */
  connected: boolean;
  /** They did not come about, and are tried again. */
  stuck: boolean;
}

export interface Grid {
  root: HTMLElement;
  /** Says of the people on the tiles what is only seen there. */
  spoken: HTMLElement;
  render(tiles: Tile[], self: HTMLElement | undefined): void;
}

interface Shown {
  root: HTMLElement;
  render(tile: Tile): void;
}

export function grid(sound: SoundButton): Grid {
  // Many tiles scroll in a small window, for people with a keyboard as well.
  const scroller = { tabindex: 0, role: 'group', 'aria-label': 'People on camera' };
  const root = element('div', { class: 'tiles', id: 'tiles', ...scroller });
  const spoken = element('p', { id: 'spoken', class: 'spoken', role: 'status', 'aria-live': 'polite' });
  const news = new MuteNews();
  const shown = new Map<string, Shown>();
  return {
    root,
    spoken,
    render(tiles, self) {
      const told = news.tell(tiles);
      if (told) setText(spoken, told);
      removeOthers(shown, tiles);
      for (const tile of tiles) {
        const made = shown.get(tile.key) ?? makeTile(tile.name, sound);
        if (!shown.has(tile.key)) root.append(made.root);
        shown.set(tile.key, made);
        made.render(tile);
      }
      if (self && self.parentElement !== root) root.prepend(self);
      root.dataset.count = String(tiles.length + (self ? 1 : 0));
    },
  };
}

function removeOthers(shown: Map<string, Shown>, tiles: Tile[]): void {
  const wanted = new Set(tiles.map(({ key }) => key));
  for (const [key, { root }] of shown) {
    if (wanted.has(key)) continue;
    root.remove();
    for (const video of root.querySelectorAll('video')) video.srcObject = null;
    shown.delete(key);
  }
}

function makeTile(name: string, sound: SoundButton): Shown {
  const video = element('video', { autoplay: true, playsinline: true, 'aria-label': name });
  const label = element('span', {}, name);
  const muted = element('span', { class: 'muted', role: 'img', 'aria-label': 'microphone off' }, icon('microphoneOff'));
  const words = element('p', {});
  const dark = element('div', { class: 'camera-off' }, element('div', { class: 'avatar' }, initials(name)), words);
  return {
    root: element('figure', { class: 'tile' }, video, dark, element('figcaption', { class: 'badge' }, label, muted)),
    render(tile) {
      if (video.srcObject !== tile.stream) {
        video.srcObject = tile.stream;
        if (tile.stream) void sound.play(video);
      }
      muted.hidden = tile.audio;
      dark.hidden = tile.connected && tile.video;
      setText(words, tileWords(tile));
    },
  };
}

function tileWords({ connected, stuck }: Tile): string {
  if (connected) return 'The camera is off';
  return stuck ? 'No connection yet. Still trying…' : 'Connecting…';
}

function initials(name: string): string {
  const letters = name.split(' ').map((word) => word.charAt(0).toUpperCase());
  return letters.slice(0, 2).join('');
}
