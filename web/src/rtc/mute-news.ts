/** Announces, for those who do not see it, when somebody switches the microphone off or on. Pure. */

export interface Speaker {
  key: string;
  name: string;
  audio: boolean;
}

export class MuteNews {
  #heard = new Map<string, boolean>();

  /** Words for what changed since the call before; none for people who are new, or gone. */
  tell(speakers: readonly Speaker[]): string {
    const changed = speakers.filter(({ key, audio }) => this.#heard.get(key) === !audio);
    this.#heard = new Map(speakers.map(({ key, audio }) => [key, audio]));
    return changed.map(({ name, audio }) => `${name} ${audio ? 'unmuted' : 'muted'} the microphone`).join('. ');
  }
}
