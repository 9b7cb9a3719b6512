import { afterEach, describe, expect, test, vi } from 'vitest';
import { encodable } from './encoders';

afterEach(() => vi.unstubAllGlobals());

type Config = { codec: string; width?: number };

/** An encoder of a browser that supports some configurations. */
function encoder(supports: (config: Config) => boolean) {
  return Object.assign(() => {}, { isConfigSupported: async (config: Config) => ({ supported: supports(config) }) });
}

function browser(parts: Record<string, unknown>): void {
  for (const name of ['VideoEncoder', 'VideoFrame', 'AudioEncoder']) vi.stubGlobal(name, parts[name]);
}

describe('a browser encodes', () => {
  const [all, none, VideoFrame] = [encoder(() => true), encoder(() => false), () => {}];

  test.each([
    ['both', { VideoEncoder: all, VideoFrame, AudioEncoder: all }, { video: true, audio: true }],
    ['nothing without encoders', {}, { video: false, audio: false }],
    ['no video without a codec', { VideoEncoder: none, VideoFrame, AudioEncoder: all }, { video: false, audio: true }],
    ['no audio without an encoder', { VideoEncoder: all, VideoFrame }, { video: true, audio: false }],
    ['no audio without Opus', { VideoEncoder: all, VideoFrame, AudioEncoder: none }, { video: true, audio: false }],
  ])('%s', async (_, parts, expected) => {
    browser(parts);
    expect(await encodable()).toEqual(expected);
  });

  test('video of one size only', async () => {
    browser({ VideoEncoder: encoder(({ width }) => width === 640), VideoFrame, AudioEncoder: all });
    expect((await encodable()).video).toBe(true);
  });
});
