import { describe, expect, test } from 'vitest';
import { text, u8 } from './bytes';
import { videoName } from './codec';
import { fragment, type TrackRun } from './fragment';
import { initSection } from './init';
import { find, runs, view, walk } from './walk';

const AVCC = u8(1, 0x42, 0xc0, 0x1f, 0xff, 0xe1, 0, 1, 0x67, 1, 0, 1, 0x68);
const avc = { codec: 'avc1.42e01f', width: 1280, height: 720, description: AVCC };
const opusHead = Uint8Array.from([...text('OpusHead'), 1, 2, 0x38, 1, 0x80, 0xbb, 0, 0, 0, 0, 0]);

/** Numbers that look random and are the same in every run. */
function numbers(seed: number): (bound: number) => number {
  let state = seed;
  return (bound) => {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31;
    return state % bound;
  };
}

describe('the initialization section', () => {
  test('names both tracks, their rates and their defaults', () => {
    const boxes = walk(initSection(avc, { channels: 2, description: opusHead }));
    expect(boxes.map(({ type }) => type)).toEqual(['ftyp', 'moov']);
    const rate = (track: number) => view(find(boxes, `moov/trak:${track}/mdia/mdhd`).content).getUint32(12);
    expect([rate(0), rate(1)]).toEqual([90_000, 48_000]);
    const extended = [0, 1].map((n) => view(find(boxes, `moov/mvex/trex:${n}`).content).getUint32(4));
    expect(extended).toEqual([1, 2]);
    const size = view(find(boxes, 'moov/trak/tkhd').content);
    expect([size.getUint32(76) / 65_536, size.getUint32(80) / 65_536]).toEqual([1280, 720]);
  });

  test('carries the configuration of H.264 as it is', () => {
    const boxes = walk(initSection(avc, undefined));
    expect(find(boxes, 'moov/trak/mdia/minf/stbl/stsd/avc1/avcC').content).toEqual(AVCC);
    expect(() => find(boxes, 'moov/trak:1')).toThrow();
    expect(videoName(avc)).toBe('avc1.42c01f');
  });

  test('turns the numbers of the Opus header round', () => {
    const boxes = walk(initSection(avc, { channels: 2, description: opusHead }));
    const entry = find(boxes, 'moov/trak:1/mdia/minf/stbl/stsd/Opus/dOps').content;
    expect([...entry]).toEqual([0, 2, 1, 0x38, 0, 0, 0xbb, 0x80, 0, 0, 0]);
  });

  test('says 48 kHz of Opus, whatever rate the microphone had', () => {
    const head = Uint8Array.from(opusHead);
    view(head).setUint32(12, 44_100, true);
    const boxes = walk(initSection(avc, { channels: 2, description: head }));
    expect(view(find(boxes, 'moov/trak:1/mdia/minf/stbl/stsd/Opus/dOps').content).getUint32(4)).toBe(48_000);
  });

  test('has an Opus header of its own where the encoder gives none', () => {
    const boxes = walk(initSection(avc, { channels: 1 }));
    const entry = find(boxes, 'moov/trak:1/mdia/minf/stbl/stsd/Opus/dOps').content;
    expect([...entry]).toEqual([0, 1, 1, 0x38, 0, 0, 0xbb, 0x80, 0, 0, 0]);
  });

  test('says of VP9 what its name says', () => {
    const vp9 = { codec: 'vp09.00.31.08', width: 640, height: 360 };
    const boxes = walk(initSection(vp9, undefined));
    const entry = find(boxes, 'moov/trak/mdia/minf/stbl/stsd/vp09/vpcC').content;
    expect([...entry]).toEqual([1, 0, 0, 0, 0, 31, 0x82, 1, 1, 1, 0, 0]);
    expect(videoName(vp9)).toBe('vp09.00.31.08');
  });
});

describe('a fragment', () => {
  test('of any samples reads back as it was written, and its offsets lead to their bytes', () => {
    for (let seed = 1; seed <= 50; seed += 1) {
      const pick = numbers(seed);
      const track = (id: number): TrackRun => ({
        track: id,
        begin: pick(2 ** 30) * (1 + pick(1000)),
        samples: Array.from({ length: 1 + pick(20) }, (_, index) => ({
          data: Uint8Array.from({ length: pick(300) }, () => pick(256)),
          duration: 1 + pick(5000),
          sync: index === 0,
        })),
      });
      const written = [track(1), track(2)];
      const bytes = fragment(seed, written);
      expect(walk(bytes).map(({ type }) => type)).toEqual(['moof', 'mdat']);
      expect(view(find(walk(bytes), 'moof/mfhd').content).getUint32(4)).toBe(seed);
      for (const [index, read] of runs(bytes).entries()) {
        const run = written[index];
        expect([read.track, read.begin]).toEqual([run?.track, run?.begin]);
        let at = read.offset;
        for (const [n, sample] of read.samples.entries()) {
          const original = run?.samples[n];
          expect(sample.duration).toBe(original?.duration);
          expect(bytes.subarray(at, at + sample.size)).toEqual(original?.data);
          expect(sample.flags).toBe(original?.sync ? 0x02000000 : 0x01010000);
          at += sample.size;
        }
      }
    }
  });

  test('leaves out a track without samples', () => {
    const sample = { data: u8(7), duration: 1, sync: true };
    const bytes = fragment(1, [
      { track: 1, begin: 0, samples: [sample] },
      { track: 2, begin: 0, samples: [] },
    ]);
    expect(runs(bytes).map(({ track }) => track)).toEqual([1]);
  });
});
