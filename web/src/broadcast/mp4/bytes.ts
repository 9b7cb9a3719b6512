/**
 * The bytes of ISO boxes: big-endian numbers, four-letter names, a box around its content (ISO/IEC 14496-12, 4.2).
 * Pure. Knows no box by name.
 */

export type Bytes = Uint8Array<ArrayBuffer>;

export const u8 = (...values: number[]): Bytes => new Uint8Array(values);

export const u16 = (...values: number[]): Bytes => numbers(2, values, (view, at, value) => view.setUint16(at, value));

export const u32 = (...values: number[]): Bytes => numbers(4, values, (view, at, value) => view.setUint32(at, value));

/** Whole numbers up to 2^53. */
export const u64 = (...values: number[]): Bytes =>
  numbers(8, values, (view, at, value) => view.setBigUint64(at, BigInt(value)));

export const text = (value: string): Bytes => Uint8Array.from(value, (letter) => letter.charCodeAt(0));

export function join(parts: readonly Uint8Array[]): Bytes {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

export function box(type: string, ...content: Uint8Array[]): Bytes {
  const length = content.reduce((sum, part) => sum + part.length, 8);
  return join([u32(length), text(type), ...content]);
}

/** A box with a version and 24 bits of flags. */
export function fullBox(type: string, version: number, flags: number, ...content: Uint8Array[]): Bytes {
  return box(type, u32(version * 2 ** 24 + flags), ...content);
}

function numbers(size: number, values: number[], put: (view: DataView, at: number, value: number) => void): Bytes {
  const bytes = new Uint8Array(size * values.length);
  const view = new DataView(bytes.buffer);
  for (const [index, value] of values.entries()) put(view, index * size, value);
  return bytes;
}
