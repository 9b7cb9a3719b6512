import { expect, test } from 'vitest';
import type { LocalMedia } from '../rtc/media';
import { Devices, type Purpose, purposeOf } from './devices';

test.each<[Purpose, Parameters<typeof purposeOf>[0]]>([
  ['preview', { stage: 'lobby', publishing: false, asked: 'no' }],
  ['kept', { stage: 'joining', publishing: false, asked: 'no' }],
  ['none', { stage: 'joined', publishing: false, asked: 'no' }],
  ['request', { stage: 'joined', publishing: false, asked: 'permission' }],
  ['request', { stage: 'joined', publishing: false, asked: 'waiting' }],
  ['none', { stage: 'joined', publishing: false, asked: 'declined' }],
  ['none', { stage: 'joined', publishing: false, asked: 'unanswered' }],
  ['publishing', { stage: 'joined', publishing: true, asked: 'no' }],
  ['publishing', { stage: 'recovering', publishing: true, asked: 'no' }],
  ['none', { stage: 'gone', publishing: false, asked: 'no' }],
  ['none', { stage: 'failed', publishing: false, asked: 'no' }],
])('devices are for: %s', (purpose, pageState) => {
  expect(purposeOf(pageState)).toBe(purpose);
});

test('devices go off with their purpose, and are asked for again with the next', async () => {
  const done: string[] = [];
  const media = { acquire: async () => void done.push('on'), release: () => done.push('off'), onchange: () => {} };
  const devices = new Devices(media as unknown as LocalMedia);
  devices.follow('preview');
  await devices.acquire();
  devices.follow('kept');
  devices.follow('none');
  expect(done).toEqual(['on', 'off']);
  await devices.acquire();
  devices.follow('request');
  expect(devices.note).toBe('Only you see this so far');
  devices.follow('publishing');
  expect(devices.note).toBe('');
  devices.follow('none');
  expect(done).toEqual(['on', 'off', 'on', 'off']);
});

test('devices that were asked for without a use go off', async () => {
  const done: string[] = [];
  const media = { acquire: async () => void done.push('on'), release: () => done.push('off'), onchange: () => {} };
  const devices = new Devices(media as unknown as LocalMedia);
  devices.follow('none');
  await devices.acquire();
  devices.follow('none');
  expect(done).toEqual(['on', 'off']);
});
