import { describe, expect, test } from 'vitest';
import { signedAddress } from './signed';

const BASE = 'https://host/';

describe('the address of media', () => {
  test.each([
    ['https://host/live/demo/main/playlist.m3u8', BASE, 'https://host/live/@a.b.c/demo/main/playlist.m3u8'],
    ['https://host/live/@x.y.z/demo/v0/p1.m4s', BASE, 'https://host/live/@a.b.c/demo/v0/p1.m4s'],
    [
      'https://host/live/demo/live/list.m3u8?_HLS_msn=3',
      BASE,
      'https://host/live/@a.b.c/demo/live/list.m3u8?_HLS_msn=3',
    ],
    [
      'https://host/live/live/demo/main/playlist.m3u8',
      'https://host/live/',
      'https://host/live/live/@a.b.c/demo/main/playlist.m3u8',
    ],
    ['https://cdn/media/live/demo/main/playlist.m3u8', BASE, 'https://cdn/media/live/@a.b.c/demo/main/playlist.m3u8'],
  ])('%s below %s bears the token', (address, base, signed) => {
    expect(signedAddress(address, 'a.b.c', base)).toBe(signed);
  });

  test('stays as it is without a token, and where it leads to no media', () => {
    const plain = 'https://host/live/demo/main/playlist.m3u8';
    expect(signedAddress(plain, undefined, BASE)).toBe(plain);
    expect(signedAddress('https://host/rooms/demo', 'a.b.c', BASE)).toBe('https://host/rooms/demo');
  });
});
