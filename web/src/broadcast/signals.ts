/**
 * The data signals of a broadcast (wire protocol, section 9), and how one is put into a request.
 *
 * As multipart/form-data the media bytes go as they are; as JSON they go as base64, a third longer. Pure.
 */

import type { EndStreamPayload, UpdatePartOfVariantPayload, UpdateVariantPayload } from '../client';
import type { Bytes } from './mp4/bytes';

export type Upload =
  | { action: 'updateVariant'; id: string; payload: UpdateVariantPayload; media: Bytes }
  | { action: 'updatePart'; id: string; payload: UpdatePartOfVariantPayload; media: Bytes | undefined }
  | { action: 'endStream'; id: string; payload: EndStreamPayload; media: undefined };

export type PartUpload = Extract<Upload, { action: 'updatePart' }>;

export type Form = 'multipart' | 'json';

/** The body of a request; its content type comes with it, but for JSON. */
export function body(upload: Upload, now: number, form: Form): FormData | string {
  const { action, id, media } = upload;
  const head = { action, version: 1, id, timestamp: String(now), numbytes: media?.length ?? 0 };
  if (form === 'json')
    return JSON.stringify({ ...head, payload: media ? withData(upload, base64(media)) : upload.payload });
  const made = new FormData();
  made.append('signal', JSON.stringify({ ...head, payload: upload.payload }));
  const name = action === 'updateVariant' ? 'map' : 'data';
  if (media) made.append(name, new Blob([media], { type: 'application/octet-stream' }), `${name}.mp4`);
  return made;
}

/** The same part without its bytes: what is announced of a part that was given up. */
export function asGap(upload: PartUpload, id: string): PartUpload {
  const { independent: _, ...part } = upload.payload.part;
  return { ...upload, id, payload: { ...upload.payload, part: { ...part, gap: true } }, media: undefined };
}

function withData(upload: Upload, data: string): object {
  switch (upload.action) {
    case 'updateVariant':
      return { ...upload.payload, segment: { map: { ...upload.payload.segment.map, data } } };
    case 'updatePart':
      return { ...upload.payload, part: { ...upload.payload.part, data } };
    default:
      return upload.payload;
  }
}

function base64(bytes: Uint8Array): string {
  const pieces: string[] = [];
  for (let at = 0; at < bytes.length; at += 8192) pieces.push(String.fromCharCode(...bytes.subarray(at, at + 8192)));
  return btoa(pieces.join(''));
}
