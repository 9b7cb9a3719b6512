/** Reads boxes back, for tests of the writer. Never part of the built page. */

export interface ReadBox {
  type: string;
  /** Without the head. */
  content: Uint8Array;
  children: ReadBox[];
}

/** Boxes that hold boxes, and how many bytes of their own stand before them. */
const CONTAINERS: Record<string, number> = {
  moov: 0,
  trak: 0,
  mdia: 0,
  minf: 0,
  dinf: 0,
  stbl: 0,
  mvex: 0,
  moof: 0,
  traf: 0,
  stsd: 8,
  dref: 8,
  avc1: 78,
  vp09: 78,
  Opus: 28,
};

/** Throws where boxes do not fill their surroundings exactly. */
export function walk(bytes: Uint8Array): ReadBox[] {
  const boxes: ReadBox[] = [];
  for (let at = 0; at < bytes.length; ) {
    const length = view(bytes).getUint32(at);
    if (length < 8 || at + length > bytes.length) throw new Error(`a box of ${length} bytes at ${at}`);
    const type = String.fromCharCode(...bytes.subarray(at + 4, at + 8));
    const content = bytes.subarray(at + 8, at + length);
    const own = CONTAINERS[type];
    boxes.push({ type, content, children: own === undefined ? [] : walk(content.subarray(own)) });
    at += length;
  }
  return boxes;
}

/** Follows a path of types, at each step the first of its name unless `type:n` names another. */
export function find(boxes: ReadBox[], path: string): ReadBox {
  let level = boxes;
  let found: ReadBox | undefined;
  for (const step of path.split('/')) {
    const [type, index = '0'] = step.split(':');
    found = level.filter((one) => one.type === type)[Number(index)];
    if (!found) throw new Error(`no ${step} of ${path}`);
    level = found.children;
  }
  if (!found) throw new Error('an empty path');
  return found;
}

export interface ReadRun {
  track: number;
  begin: number;
  samples: { duration: number; size: number; flags: number }[];
  /** Where the bytes begin, from the start of the fragment. */
  offset: number;
}

export function runs(bytes: Uint8Array): ReadRun[] {
  const moof = find(walk(bytes), 'moof');
  return moof.children
    .filter(({ type }) => type === 'traf')
    .map((traf) => {
      const trun = view(find([traf], 'traf/trun').content);
      const count = trun.getUint32(4);
      const row = (index: number) => 12 + index * 12;
      return {
        track: view(find([traf], 'traf/tfhd').content).getUint32(4),
        begin: Number(view(find([traf], 'traf/tfdt').content).getBigUint64(4)),
        offset: trun.getUint32(8),
        samples: Array.from({ length: count }, (_, index) => ({
          duration: trun.getUint32(row(index)),
          size: trun.getUint32(row(index) + 4),
          flags: trun.getUint32(row(index) + 8),
        })),
      };
    });
}

export function view(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}
