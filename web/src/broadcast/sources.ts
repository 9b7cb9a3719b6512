/**
 * Raw pictures and sound of a track: from a track processor where the browser has one, else from a video element and
 * an audio worklet. The code that takes a frame or a piece of sound closes it. Decides nothing.
 */

import tapUrl from './tap.worklet.js?url';

/** Lets go of what delivers; the track itself stays. */
export type Close = () => void;

/** Sound of one moment, a plane of samples for each channel. */
export interface Sound {
  /** Milliseconds by the clock of the device. */
  timestamp: number;
  rate: number;
  planes: Float32Array<ArrayBuffer>[];
}

type Processor<T> = new (init: { track: MediaStreamTrack }) => { readable: ReadableStream<T> };

function processor<T>(): Processor<T> | undefined {
  return (globalThis as { MediaStreamTrackProcessor?: Processor<T> }).MediaStreamTrackProcessor;
}

export function frames(track: MediaStreamTrack, take: (frame: VideoFrame) => void): Close {
  const Frames = processor<VideoFrame>();
  if (!Frames) return framesOfElement(track, take);
  return pump(new Frames({ track }).readable, take);
}

export function sounds(track: MediaStreamTrack, take: (sound: Sound) => void): Close {
  const Sounds = processor<AudioData>();
  if (!Sounds) return soundsOfWorklet(track, take);
  return pump(new Sounds({ track }).readable, (data) => {
    take(read(data));
    data.close();
  });
}

function pump<T>(readable: ReadableStream<T>, take: (item: T) => void): Close {
  const reader = readable.getReader();
  const run = async () => {
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      take(value);
    }
  };
  run().catch((error) => console.warn('roomcast: a source ended', error));
  return () => void reader.cancel().catch(() => {});
}

function read(data: AudioData): Sound {
  const planes = Array.from({ length: data.numberOfChannels }, (_, planeIndex) => {
    const plane = new Float32Array(data.numberOfFrames);
    data.copyTo(plane, { planeIndex, format: 'f32-planar' });
    return plane;
  });
  return { timestamp: data.timestamp / 1000, rate: data.sampleRate, planes };
}

function framesOfElement(track: MediaStreamTrack, take: (frame: VideoFrame) => void): Close {
  const video = document.createElement('video');
  video.muted = true;
  video.playsInline = true;
  video.srcObject = new MediaStream([track]);
  let open = true;
  const next = (now: number, { captureTime }: VideoFrameCallbackMetadata) => {
    if (!open) return;
    video.requestVideoFrameCallback(next);
    // The callback may come before the first frame can be taken: one that fails costs itself alone.
    const frame = frameOf(video, Math.round((captureTime ?? now) * 1000));
    if (frame) take(frame);
  };
  video.requestVideoFrameCallback(next);
  void video.play().catch((error) => console.warn('roomcast: the camera', error));
  return () => {
    open = false;
    video.srcObject = null;
  };
}

function frameOf(video: HTMLVideoElement, timestamp: number): VideoFrame | undefined {
  try {
    return new VideoFrame(video, { timestamp });
  } catch (error) {
    console.warn('roomcast: a frame of the camera', error);
    return undefined;
  }
}

function soundsOfWorklet(track: MediaStreamTrack, take: (sound: Sound) => void): Close {
  const context = new AudioContext();
  const start = async () => {
    await context.audioWorklet.addModule(tapUrl);
    const tap = new AudioWorkletNode(context, 'roomcast-tap', { numberOfOutputs: 0 });
    tap.port.onmessage = ({ data }: MessageEvent<{ at: number; planes: Float32Array<ArrayBuffer>[] }>) =>
      take({ timestamp: data.at * 1000, rate: context.sampleRate, planes: data.planes });
    context.createMediaStreamSource(new MediaStream([track])).connect(tap);
    await context.resume();
  };
  start().catch((error) => console.warn('roomcast: the microphone', error));
  return () => void context.close().catch(() => {});
}
