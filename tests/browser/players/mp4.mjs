// Reads fragmented MP4 as ffmpeg writes it: the initialization section, and every fragment with its time.
//
// For the tests' own media only: one track, no data offsets into other fragments. ISO/IEC 14496-12, 8.8.

import assert from 'node:assert/strict';

const NON_SYNC = 0x10000;

/** The boxes between two places: type, start, start of what is inside, end. */
function* boxes(bytes, start = 0, end = bytes.length) {
  for (let at = start; at + 8 <= end;) {
    let size = bytes.readUInt32BE(at);
    let head = 8;
    if (size === 1) {
      size = Number(bytes.readBigUInt64BE(at + 8));
      head = 16;
    }
    assert.ok(size >= head && at + size <= end, `a box of ${size} bytes at ${at}`);
    yield { type: bytes.toString('latin1', at + 4, at + 8), at, inside: at + head, end: at + size };
    at += size;
  }
}

function find(bytes, path, within) {
  return path.reduce((outer, type) => {
    const found = [...boxes(bytes, outer?.inside, outer?.end)].find((box) => box.type === type);
    assert.ok(found, `there is no ${path.join('/')}`);
    return found;
  }, within);
}

/** The initialization section, the codec in words of RFC 6381, and the fragments in order. */
export function readMp4(bytes) {
  const top = [...boxes(bytes)];
  const firstMoof = top.find(({ type }) => type === 'moof');
  const mdhd = find(bytes, ['moov', 'trak', 'mdia', 'mdhd']);
  const timescale = bytes.readUInt32BE(mdhd.inside + (bytes[mdhd.inside] === 1 ? 20 : 12));
  const inits = top.filter(({ type, at }) => ['ftyp', 'moov'].includes(type) && at < firstMoof.at);
  const init = Buffer.concat(inits.map(({ at, end }) => bytes.subarray(at, end)));
  const fragments = [];
  top.forEach((box, index) => {
    if (box.type !== 'moof') return;
    const mdat = top[index + 1];
    assert.equal(mdat?.type, 'mdat', 'a moof is followed by its mdat');
    const { time, duration, sync } = readMoof(bytes, box);
    fragments.push({ time: time / timescale, end: (time + duration) / timescale, sync, bytes: bytes.subarray(box.at, mdat.end) });
  });
  return { init, codec: codecOf(init), fragments };
}

function readMoof(bytes, moof) {
  const traf = find(bytes, ['traf'], moof);
  const tfdt = find(bytes, ['tfdt'], traf);
  const time = bytes[tfdt.inside] === 1 ? Number(bytes.readBigUInt64BE(tfdt.inside + 4)) : bytes.readUInt32BE(tfdt.inside + 4);
  const defaults = readTfhd(bytes, find(bytes, ['tfhd'], traf));
  return { time, ...readTrun(bytes, find(bytes, ['trun'], traf), defaults) };
}

function readTfhd(bytes, { inside }) {
  const has = bytes.readUIntBE(inside + 1, 3);
  let at = inside + 8 + (has & 0x1 ? 8 : 0) + (has & 0x2 ? 4 : 0);
  const take = (bit) => {
    if (!(has & bit)) return undefined;
    at += 4;
    return bytes.readUInt32BE(at - 4);
  };
  const duration = take(0x8);
  take(0x10);
  return { duration, flags: take(0x20) };
}

function readTrun(bytes, { inside }, defaults) {
  const has = bytes.readUIntBE(inside + 1, 3);
  const count = bytes.readUInt32BE(inside + 4);
  let at = inside + 8 + (has & 0x1 ? 4 : 0);
  const take = (bit) => {
    if (!(has & bit)) return undefined;
    at += 4;
    return bytes.readUInt32BE(at - 4);
  };
  let first = take(0x4);
  let duration = 0;
  for (let sample = 0; sample < count; sample += 1) {
    const lasts = take(0x100) ?? defaults.duration;
    assert.ok(lasts > 0, 'a sample has a duration');
    duration += lasts;
    take(0x200);
    const flags = take(0x400);
    first ??= flags;
    take(0x800);
  }
  return { duration, sync: ((first ?? defaults.flags ?? 0) & NON_SYNC) === 0 };
}

function codecOf(init) {
  const avcC = init.indexOf('avcC');
  return avcC < 0 ? 'mp4a.40.2' : `avc1.${init.toString('hex', avcC + 5, avcC + 8)}`;
}
