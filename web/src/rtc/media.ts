/**
 * Camera and microphone of this person: asked for once, switched on and off, released at the end.
 * Takes what there is: both, one or none, and keeps the reason for what is missing.
 * A camera that is switched off is released, so that its light goes out.
 */

export type Kind = 'audio' | 'video';
/** Why there is no camera or microphone. */
export type Problem = 'insecure' | 'refused' | 'missing' | 'busy' | 'ended' | 'other';

const KINDS: readonly Kind[] = ['audio', 'video'];

const CONSTRAINTS: Record<Kind, MediaTrackConstraints> = {
  audio: { echoCancellation: true, noiseSuppression: true, autoGainControl: true },
  video: { width: { ideal: 1280 }, height: { ideal: 720 }, facingMode: 'user' },
};

/** The tracks that are sent to others: all of them, or those that a room lets this person send. */
export type OutgoingMedia = Pick<LocalMedia, 'stream' | 'track' | 'isAvailable'>;

export class LocalMedia {
  readonly stream = new MediaStream();
  readonly problems: Partial<Record<Kind, Problem>> = {};
  /** Called after every change, with the kind whose track is another one now. */
  onchange: (kind: Kind) => void = () => {};
  readonly #constraints = { ...CONSTRAINTS };
  #released = false;
  /** Counts the releases: an answer of the browser that was asked for before the latest one is not taken. */
  #releases = 0;
  #supplied: MediaStreamTrack | undefined;
  #retrying = false;
  /** The microphone was not only muted, but let go of. */
  #isMicrophoneLeftAlone = false;
  #wanted: Record<Kind, boolean> = { audio: true, video: true };
  #available: Record<Kind, boolean> = { audio: false, video: false };

  /** Asks the browser, and thereby the person, for both devices. Never rejects. */
  async acquire(): Promise<void> {
    if (!navigator.mediaDevices?.getUserMedia) {
      this.problems.audio = this.problems.video = 'insecure';
      return;
    }
    this.#released = false;
    const kinds = KINDS.filter((kind) => this.#isWorthTaking(kind));
    if (kinds.length === 0) return;
    const problem = await this.#request(kinds);
    if (problem) await this.#acquireEach(problem, kinds);
    // Switched off while the browser was still asking.
    for (const kind of KINDS) if (this.#isLeftAlone(kind)) this.#remove(kind);
  }

  /** Takes a track from elsewhere in the place of a device. */
  supply(track: MediaStreamTrack): void {
    this.#add(track);
    this.#supplied = track;
    this.onchange(track.kind as Kind);
  }

  /** The track is one from elsewhere, and no device is in use for it. */
  isSupplied(kind: Kind): boolean {
    return this.#supplied !== undefined && this.track(kind) === this.#supplied;
  }

  /** Tries again what failed, where that needs no question: a device that is there now, a permission given since. */
  async retry(): Promise<void> {
    if (this.#released || this.#retrying) return;
    this.#retrying = true;
    for (const kind of ['video', 'audio'] as const) await this.#retryOne(kind);
    this.#retrying = false;
  }

  async #retryOne(kind: Kind): Promise<void> {
    const problem = this.problems[kind];
    if (!problem || problem === 'insecure') return;
    if (!(await isGranted(kind === 'video' ? 'camera' : 'microphone'))) return;
    await this.#request([kind]);
    if (this.#isLeftAlone(kind)) this.#remove(kind);
    this.onchange(kind);
  }

  /** The switches of camera and microphone, as a note for `restore`. */
  get switches(): string {
    return JSON.stringify(this.#wanted);
  }

  /** Sets the switches as they were in the page before; anything else is ignored. */
  restore(switches: string | undefined): void {
    const { audio = true, video = true } = parse(switches);
    this.#wanted = { audio: audio !== false, video: video !== false };
    // Only a camera that is there can have been switched off: it is not touched until it is switched on.
    if (!this.#wanted.video) this.#available.video = true;
  }

  /** Switches both off and lets go of them: neither is taken until the person switches it on. */
  switchOff(): void {
    this.#wanted = { audio: false, video: false };
    this.#isMicrophoneLeftAlone = true;
    for (const kind of KINDS) {
      this.#remove(kind);
      if (!this.problems[kind]) this.#available[kind] = true;
    }
  }

  /** Switched off, and let go of. A muted microphone is not: it is back at once. */
  #isLeftAlone(kind: Kind): boolean {
    return !this.#wanted[kind] && (kind === 'video' || this.#isMicrophoneLeftAlone);
  }

  /** A device that is known and left alone stays off; of one that is not known, the person is to read why. */
  #isWorthTaking(kind: Kind): boolean {
    return !this.#isLeftAlone(kind) || !this.#available[kind];
  }

  /** A camera or a microphone is on. */
  get isLive(): boolean {
    return this.stream.getTracks().length > 0;
  }

  track(kind: Kind): MediaStreamTrack | null {
    return this.stream.getTracks().find((track) => track.kind === kind) ?? null;
  }

  isAvailable(kind: Kind): boolean {
    return this.#available[kind];
  }

  isOn(kind: Kind): boolean {
    return this.#available[kind] && this.#wanted[kind];
  }

  async setMicrophone(on: boolean): Promise<void> {
    this.#wanted.audio = on;
    const track = this.track('audio');
    if (track) track.enabled = on;
    this.onchange('audio');
    if (!on || !this.#isMicrophoneLeftAlone) return;
    this.#isMicrophoneLeftAlone = false;
    if (track) return;
    await this.#request(['audio']);
    this.onchange('audio');
  }

  /** Constraints for a device from the next time on. */
  constrain(kind: Kind, constraints: MediaTrackConstraints): void {
    this.#constraints[kind] = { ...CONSTRAINTS[kind], ...constraints };
  }

  /** Takes another device in the place of the one in use, which is let go of first: some serve one at a time. */
  async replace(kind: Kind, constraints: MediaTrackConstraints): Promise<void> {
    this.constrain(kind, constraints);
    this.#remove(kind);
    await this.#request([kind]);
    this.onchange(kind);
  }

  async setCamera(on: boolean): Promise<void> {
    this.#wanted.video = on;
    if (!on) this.#remove('video');
    this.onchange('video');
    if (!on || this.track('video')) return;
    await this.#request(['video']);
    // The person may have switched it off again while the camera was starting.
    if (!this.#wanted.video) this.#remove('video');
    this.onchange('video');
  }

  /** Lets go of the devices; `acquire` takes them again. */
  release(): void {
    this.#released = true;
    this.#releases += 1;
    for (const track of this.stream.getTracks()) this.#remove(track.kind as Kind);
  }

  get isReleased(): boolean {
    return this.#released;
  }

  async #acquireEach(problem: Problem, kinds: Kind[]): Promise<void> {
    for (const kind of await worthAsking(problem)) if (kinds.includes(kind)) await this.#request([kind]);
    for (const kind of kinds) if (!this.track(kind)) this.problems[kind] ??= problem;
  }

  /** Asks for devices; those that come after a release are let go of at once. */
  async #request(kinds: Kind[]): Promise<Problem | undefined> {
    if (this.#released) return undefined;
    const releases = this.#releases;
    const constraints = Object.fromEntries(kinds.map((kind) => [kind, this.#constraints[kind]]));
    try {
      const stream = await navigator.mediaDevices.getUserMedia(constraints);
      for (const track of stream.getTracks()) {
        if (releases === this.#releases) this.#add(track);
        else track.stop();
      }
      return undefined;
    } catch (error) {
      if (releases !== this.#releases) return undefined;
      const problem = problemOf(error);
      if (kinds.length === 1 && kinds[0]) {
        this.problems[kinds[0]] = problem;
        this.#available[kinds[0]] = false;
      }
      return problem;
    }
  }

  #add(track: MediaStreamTrack): void {
    const kind = track.kind as Kind;
    this.#remove(kind);
    this.#available[kind] = true;
    delete this.problems[kind];
    track.enabled = kind === 'video' || this.#wanted.audio;
    track.onended = () => {
      this.problems[kind] = 'ended';
      this.#available[kind] = false;
      this.#remove(kind);
      this.onchange(kind);
    };
    this.stream.addTrack(track);
  }

  #remove(kind: Kind): void {
    const track = this.track(kind);
    if (!track) return;
    track.onended = null;
    track.stop();
    this.stream.removeTrack(track);
  }
}

function parse(switches: string | undefined): { audio?: unknown; video?: unknown } {
  try {
    const value: unknown = JSON.parse(switches ?? '');
    return typeof value === 'object' && value !== null ? value : {};
  } catch {
    return {};
  }
}

/** After a refusal of both only what is not blocked is asked for again: a second question would annoy. */
async function worthAsking(problem: Problem): Promise<Kind[]> {
  if (problem !== 'refused') return ['video', 'audio'];
  const [camera, microphone] = await Promise.all([isGranted('camera'), isGranted('microphone')]);
  return [...(camera ? (['video'] as const) : []), ...(microphone ? (['audio'] as const) : [])];
}

async function isGranted(name: 'camera' | 'microphone'): Promise<boolean> {
  try {
    return (await navigator.permissions.query({ name })).state === 'granted';
  } catch {
    return false;
  }
}

function problemOf(error: unknown): Problem {
  switch (error instanceof DOMException ? error.name : '') {
    case 'NotAllowedError':
    case 'SecurityError':
      return 'refused';
    case 'NotFoundError':
    case 'OverconstrainedError':
      return 'missing';
    case 'NotReadableError':
    case 'AbortError':
      return 'busy';
    default:
      return 'other';
  }
}
