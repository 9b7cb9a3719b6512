/** Hands on the sound that goes through, in pieces of about 10 ms. Runs in the audio thread of the browser. */

const PIECE = 512;

class Tap extends AudioWorkletProcessor {
  #planes = [];
  #filled = 0;
  #at = 0;

  process([input]) {
    if (!input || input.length === 0) return true;
    if (this.#filled === 0) {
      this.#at = currentTime;
      this.#planes = input.map(() => new Float32Array(PIECE));
    }
    for (const [index, plane] of this.#planes.entries()) plane.set(input[index] ?? input[0], this.#filled);
    this.#filled += input[0].length;
    if (this.#filled < PIECE) return true;
    this.port.postMessage({ at: this.#at, planes: this.#planes });
    this.#filled = 0;
    return true;
  }
}

registerProcessor('roomcast-tap', Tap);
