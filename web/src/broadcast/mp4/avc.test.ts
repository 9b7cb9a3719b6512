import { describe, expect, test } from 'vitest';
import { avcSample } from './avc';

const SPS = [0x67, 0x42, 0xe0, 0x1f, 0xda, 0x01];
const PPS = [0x68, 0xce, 0x3c, 0x80];
const SLICE = [0x65, 0x88, 0x84, 0x00, 0x00, 0x03, 0x01];
const DELIMITER = [0x09, 0x10];

const START = [0, 0, 0, 1];
const byteStream = (...units: number[][]) => Uint8Array.from(units.flatMap((unit) => [...START, ...unit]));
const withLengths = (...units: number[][]) => Uint8Array.from(units.flatMap((unit) => [0, 0, 0, unit.length, ...unit]));

const RECORD = [1, 0x42, 0xe0, 0x1f, 0xff, 0xe1, 0, 6, ...SPS, 1, 0, 4, ...PPS.slice(0, 3), 0x80];

describe.each([
  ['in the byte stream format', byteStream],
  ['with lengths', withLengths],
])('a key frame %s', (_, made) => {
  test('is a sample without parameter sets, and the record made from them', () => {
    const { data, record } = avcSample(made(DELIMITER, SPS, PPS, SLICE));
    expect([...data]).toEqual([0, 0, 0, SLICE.length, ...SLICE]);
    expect([...(record ?? [])]).toEqual(RECORD);
  });

  test('with more than one picture parameter set keeps them all', () => {
    const { record } = avcSample(made(SPS, PPS, [0x68, 1], SLICE));
    expect([...(record ?? [])].slice(14)).toEqual([2, 0, 4, ...PPS, 0, 2, 0x68, 1]);
  });

  test('of the High profile has a record that names chroma and bit depth', () => {
    const { record } = avcSample(made([0x67, 100, 0, 0x28, 0xac], PPS, SLICE));
    expect([...(record ?? [])].slice(-4)).toEqual([0xfd, 0xf8, 0xf8, 0]);
  });

  test('without parameter sets has no record', () => {
    expect(avcSample(made(SLICE)).record).toBeUndefined();
    expect(avcSample(made([0x67, 1], PPS, SLICE)).record, 'a set that is cut off').toBeUndefined();
  });
});

test('short start codes and zeros at the end belong to no unit', () => {
  const chunk = Uint8Array.from([0, 0, 1, ...SLICE, 0, 0, 0, 0, 1, 0x41, 0x9a, 0, 0]);
  expect([...avcSample(chunk).data]).toEqual([0, 0, 0, SLICE.length, ...SLICE, 0, 0, 0, 2, 0x41, 0x9a]);
});

test('anything else is taken without a fault', () => {
  for (const bytes of [[], [0], [0, 0, 1], [0, 0, 0, 1], [0, 0, 0, 9, 1], [255, 255, 255, 255, 1]]) {
    expect(() => avcSample(Uint8Array.from(bytes))).not.toThrow();
  }
});
