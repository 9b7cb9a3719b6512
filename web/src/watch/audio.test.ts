import { expect, test } from 'vitest';
import { isSilent } from './audio';

const videoCodec = 'avc1.42c01f';

test.each<[string, boolean, Parameters<typeof isSilent>]>([
  ['video alone is declared', true, [{ videoCodec }, 0, {}]],
  ['and nothing was decoded', true, [{ videoCodec }, 0, { webkitAudioDecodedByteCount: 0, mozHasAudio: false }]],
  ['audio is declared', false, [{ videoCodec, audioCodec: 'opus' }, 0, {}]],
  ['audio is a rendition', false, [{ videoCodec }, 1, {}]],
  ['nothing is declared', false, [{}, 0, {}]],
  ['no variant is known', false, [undefined, 0, {}]],
  ['Chromium has decoded audio', false, [{ videoCodec }, 0, { webkitAudioDecodedByteCount: 9 }]],
  ['Firefox has found audio', false, [{ videoCodec }, 0, { mozHasAudio: true }]],
])('where %s, a broadcast is silent: %s', (_, silent, given) => {
  expect(isSilent(...given)).toBe(silent);
});
