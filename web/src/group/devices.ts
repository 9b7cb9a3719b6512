/**
 * Camera and microphone of a group's member: on only while the page shows that they are, and what for. Off as soon as
 * a request is declined, or the member only watches, leaves or is removed.
 */

import type { LocalMedia } from '../rtc/media';
import type { PageState } from './model';

/** Use of the devices; `kept` while it is unknown. */
export type Purpose = 'preview' | 'kept' | 'request' | 'publishing' | 'none';

export function purposeOf({ stage, publishing, asked }: Pick<PageState, 'stage' | 'publishing' | 'asked'>): Purpose {
  if (stage === 'lobby') return 'preview';
  if (stage === 'gone' || stage === 'failed') return 'none';
  if (publishing) return 'publishing';
  if (asked === 'permission' || asked === 'waiting') return 'request';
  return stage === 'joining' || stage === 'recovering' ? 'kept' : 'none';
}

export class Devices {
  readonly #media: LocalMedia;
  #acquired: Promise<void> | undefined;
  #purpose: Purpose = 'none';

  constructor(media: LocalMedia) {
    this.#media = media;
  }

  /** Says of a camera that is on why it is, where nobody else sees it. */
  get note(): string {
    return this.#purpose === 'request' || this.#purpose === 'kept' ? 'Only you see this so far' : '';
  }

  /** Takes the devices of whoever begins to publish, and lets go of them when there is nothing left to use them for. */
  follow(purpose: Purpose): void {
    // Without a use nothing stays on, whatever asked for it.
    if (purpose === 'none') this.release();
    if (purpose === this.#purpose) return;
    this.#purpose = purpose;
    if (purpose === 'publishing') void this.acquire();
  }

  /** Goes on without camera and microphone until the person switches them on. */
  switchOff(): void {
    this.#media.switchOff();
  }

  /** Asks for the devices, once until they are let go of. */
  acquire(): Promise<void> {
    this.#acquired ??= this.#media.acquire().then(() => {
      this.#media.onchange('audio');
      this.#media.onchange('video');
    });
    return this.#acquired;
  }

  release(): void {
    if (!this.#acquired) return;
    this.#acquired = undefined;
    this.#media.release();
  }
}
