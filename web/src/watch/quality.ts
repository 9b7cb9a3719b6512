/** The choice of quality on the watch page: automatic, or one of the broadcast's variants. Hidden while there is one. */

import { type Choice, choice, type Option } from '../ui/choice';
import type { Player } from './player';

const AUTOMATIC = '-1';

export interface QualityMenu extends Pick<Choice, 'root'> {
  render(): void;
}

export function qualityMenu(player: Player): QualityMenu {
  const menu = choice('quality', 'Quality', (value) => player.choose(Number(value)));
  menu.root.hidden = true;
  return {
    root: menu.root,
    render() {
      const levels = player.hls?.levels ?? [];
      menu.root.hidden = levels.length < 2;
      if (menu.root.hidden) return;
      menu.set([{ value: AUTOMATIC, name: 'Automatic' }, ...names(levels)]);
      menu.select(String(player.chosen));
    },
  };
}

interface Variant {
  height: number;
  width: number;
  bitrate: number;
  name: string;
}

/** Highest first. Variants of one size are told apart by their bit rate. */
export function names(levels: readonly Variant[]): Option[] {
  const named = levels.map(({ name, width, height, bitrate }, index) => {
    const size = Math.min(width, height) || height;
    const text = name || (size > 0 ? `${size}p` : '');
    return { value: String(index), name: text, rate: `${(bitrate / 1e6).toFixed(1)} Mbit/s` };
  });
  const isUnclear = (name: string) => name === '' || named.filter((other) => other.name === name).length > 1;
  const options = named.map(({ value, name, rate }) => ({
    value,
    name: isUnclear(name) ? `${name} ${rate}`.trim() : name,
  }));
  return options.reverse();
}
