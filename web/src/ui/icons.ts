/**
 * The icons, drawn as strokes on a grid of 24 in the colour of the text around them.
 * Always decoration: the name of a button is in its text or its label, never in an icon.
 */

import { svg } from './dom';

const PATHS = {
  microphone: ['M12 3a3 3 0 0 0-3 3v5a3 3 0 0 0 6 0V6a3 3 0 0 0-3-3Z', 'M5 11a7 7 0 0 0 14 0', 'M12 18v3'],
  microphoneOff: [
    'M9 9v2a3 3 0 0 0 4.8 2.4M15 10.5V6a3 3 0 0 0-5.7-1.3',
    'M5 11a7 7 0 0 0 11.3 5.5M19 11a7 7 0 0 1-.7 3',
    'M12 18v3',
    'M4 4l16 16',
  ],
  camera: ['M4.5 6.5h9a2 2 0 0 1 2 2v7a2 2 0 0 1-2 2h-9a2 2 0 0 1-2-2v-7a2 2 0 0 1 2-2Z', 'M15.5 10.5l6-3v9l-6-3'],
  cameraOff: [
    'M9 6.5h4.5a2 2 0 0 1 2 2V13M15.5 16a2 2 0 0 1-2 1.5h-9a2 2 0 0 1-2-2v-7a2 2 0 0 1 2-2h1',
    'M15.5 10.5l6-3v9l-4-2',
    'M3 3l18 18',
  ],
  link: [
    'M10 14a4 4 0 0 0 5.7 0l3.1-3.1a4 4 0 0 0-5.7-5.7L12 6.3',
    'M14 10a4 4 0 0 0-5.7 0l-3.1 3.1a4 4 0 0 0 5.7 5.7l1.1-1.1',
  ],
  leave: [
    'M3.5 14.2c-.9-.9-.8-2.4.3-3.1C8.5 7.6 15.5 7.6 20.2 11.1c1.1.7 1.2 2.2.3 3.1l-1.1 1.2c-.5.5-1.3.6-1.9.2l-2-1.3a1.4 1.4 0 0 1-.6-1.4l.2-1a11 11 0 0 0-6.2 0l.2 1c.1.6-.1 1.1-.6 1.4l-2 1.3c-.6.4-1.4.3-1.9-.2Z',
  ],
  sound: ['M4 9.5v5h3.5L12 18.5v-13L7.5 9.5Z', 'M15.5 9a4 4 0 0 1 0 6', 'M18 6.5a8 8 0 0 1 0 11'],
  soundOff: ['M4 9.5v5h3.5L12 18.5v-13L7.5 9.5Z', 'M16 9.5l5 5M21 9.5l-5 5'],
  fullscreen: [
    'M4 9V5a1 1 0 0 1 1-1h4',
    'M15 4h4a1 1 0 0 1 1 1v4',
    'M20 15v4a1 1 0 0 1-1 1h-4',
    'M9 20H5a1 1 0 0 1-1-1v-4',
  ],
  leaveFullscreen: [
    'M9 4v4a1 1 0 0 1-1 1H4',
    'M20 9h-4a1 1 0 0 1-1-1V4',
    'M15 20v-4a1 1 0 0 1 1-1h4',
    'M4 15h4a1 1 0 0 1 1 1v4',
  ],
  live: ['M13 5l7 7-7 7', 'M5 5l7 7-7 7'],
  play: ['M8 5.5v13l10.5-6.5Z'],
  onAir: [
    'M12 14a2 2 0 1 0 0-4 2 2 0 0 0 0 4Z',
    'M8.5 15.5a5 5 0 0 1 0-7M15.5 8.5a5 5 0 0 1 0 7',
    'M5.6 18.4a9 9 0 0 1 0-12.8M18.4 5.6a9 9 0 0 1 0 12.8',
  ],
  stop: ['M7.5 6h9A1.5 1.5 0 0 1 18 7.5v9a1.5 1.5 0 0 1-1.5 1.5h-9A1.5 1.5 0 0 1 6 16.5v-9A1.5 1.5 0 0 1 7.5 6Z'],
  graph: ['M4 5v13a1 1 0 0 0 1 1h15', 'M7.5 14.5l3.5-4 3 2.5 4.5-6'],
  people: [
    'M9 11a3.2 3.2 0 1 0 0-6.4A3.2 3.2 0 0 0 9 11Z',
    'M2.8 19a6.2 6.2 0 0 1 12.4 0',
    'M15.5 4.9a3.2 3.2 0 0 1 0 5.9M17.5 13.3a6.2 6.2 0 0 1 3.7 5.7',
  ],
  check: ['M5 12.5l4.5 4.5L19 7.5'],
} as const;

export type IconName = keyof typeof PATHS;

export function icon(name: IconName): SVGElement {
  const strokes = PATHS[name].map((d) => svg('path', { d }));
  return svg('svg', { viewBox: '0 0 24 24', class: 'icon', 'aria-hidden': 'true', focusable: 'false' }, ...strokes);
}

/** The mark of the project: somebody speaking, and the waves of it. */
export function logo(): SVGElement {
  return svg(
    'svg',
    { viewBox: '0 0 32 32', class: 'logo', 'aria-hidden': 'true', focusable: 'false' },
    svg('rect', { width: 32, height: 32, rx: 9, class: 'logo-ground' }),
    svg('circle', { cx: 16, cy: 16, r: 3.2, class: 'logo-dot' }),
    svg('path', { d: 'M11 11a7 7 0 0 0 0 10M21 11a7 7 0 0 1 0 10', class: 'logo-wave' }),
    svg('path', { d: 'M7.6 7.6a11.9 11.9 0 0 0 0 16.8M24.4 7.6a11.9 11.9 0 0 1 0 16.8', class: 'logo-wave' }),
  );
}
