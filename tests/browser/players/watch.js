// The page of the tests: one player as its makers ship it, and a record of how it plays. It repairs nothing.

const video = document.querySelector('video');
// Its frames are of another origin and must be readable.
video.crossOrigin = 'anonymous';
const samples = [];
const shown = [];
const errors = [];
const notes = {};
const asked = new URLSearchParams(location.search);
const SAMPLE_MS = 100;

/** A player's own script, as it is installed. */
function script(src) {
  return new Promise((resolve, reject) => {
    const element = Object.assign(document.createElement('script'), { src, onload: resolve, onerror: () => reject(new Error(src)) });
    document.head.append(element);
  });
}

function note(name) {
  notes[name] = (notes[name] ?? 0) + 1;
}

async function startHls(url) {
  await script('/hls.js');
  // As it is set, hls.js stays a second further behind after every stall.
  const hls = new Hls({ lowLatencyMode: true, maxLiveSyncPlaybackRate: 1.5, liveSyncOnStallIncrease: 0, startLevel: 0 });
  hls.on(Hls.Events.ERROR, (_, data) => {
    note(data.details);
    if (data.fatal) errors.push(`${data.type} ${data.details} ${data.reason ?? ''} ${data.error ?? ''}`);
  });
  hls.loadSource(url);
  hls.attachMedia(video);
  const byHeight = (height) => hls.levels.findIndex((level) => level.height === height);
  return {
    hls,
    date: () => hls.playingDate?.getTime(),
    choose: (height) => { hls.nextLevel = byHeight(height); },
  };
}

async function startShaka(url) {
  await script('/shaka.js');
  shaka.polyfill.installAll();
  const player = new shaka.Player();
  await player.attach(video);
  player.configure({
    // As the settings are, shaka begins anew with every part when the media's own time is a hair behind the
    // playlist's, and loses the list when the date leaps; so it is told to go by the order of the segments.
    // Its live edge is by up to half a second too old, for it reckons from when it happened to load; hence the delay,
    // which else were PART-HOLD-BACK.
    manifest: { availabilityWindowOverride: 60, defaultPresentationDelay: 0.75, hls: { sequenceMode: true } },
    streaming: { lowLatencyMode: true, liveSync: { enabled: true, targetLatency: 0, targetLatencyTolerance: 0.1, maxPlaybackRate: 1.25 } },
    abr: { enabled: false },
  });
  player.addEventListener('error', ({ detail }) => {
    note(`${detail.severity === 2 ? 'critical' : 'recoverable'} ${detail.code}`);
    // 1001: an HTTP status. It is told for every part that is lost on the way, and shaka goes on.
    if (detail.severity === 2 && detail.code !== 1001) errors.push(`shaka ${detail.code} ${detail.data}`);
  });
  await player.load(url);
  return {
    player,
    date: () => player.getPlayheadTimeAsDate()?.getTime(),
    // With what is buffered of the other picture cleared: going up over it, shaka 5.2.12 ends with error 3014.
    choose: (height) => player.selectVariantTrack(player.getVariantTracks().find((track) => track.height === height), true, 0),
  };
}

/** With the configuration of docs/broadcasting.md. */
async function startDocumented(url) {
  await script('/shaka.js');
  shaka.polyfill.installAll();
  const player = new shaka.Player();
  await player.attach(video);
  player.configure(asked.has('config') ? JSON.parse(asked.get('config')) : {
    abr: { clearBufferSwitch: true },
    streaming: { lowLatencyMode: true, liveSync: { enabled: true, targetLatency: 1, targetLatencyTolerance: 0.3, minPlaybackRate: 1 } },
    manifest: { availabilityWindowOverride: 60, hls: { sequenceMode: true } },
  });
  player.addEventListener('error', ({ detail }) => {
    note(`${detail.severity === 2 ? 'critical' : 'recoverable'} ${detail.code}`);
    if (detail.severity === 2 && detail.code !== 1001) errors.push(`shaka ${detail.code} ${detail.data}`);
  });
  await player.load(url);
  return { player, date: () => player.getPlayheadTimeAsDate()?.getTime() };
}

async function startNative(url) {
  if (!video.canPlayType('application/vnd.apple.mpegurl')) throw new Error('this browser has no HLS player');
  video.src = url;
  return { date: () => undefined };
}

const START = { hls: startHls, shaka: startShaka, documented: startDocumented, native: startNative };

/** Reads the number of each frame that is shown, where frames carry theirs as so many bars, the lowest bit on the left. */
function readClock(bits) {
  const canvas = document.createElement('canvas');
  [canvas.width, canvas.height] = [bits, 1];
  const context = canvas.getContext('2d', { willReadFrequently: true });
  const read = (now, { mediaTime }) => {
    context.drawImage(video, 0, 0, video.videoWidth, video.videoHeight, 0, 0, bits, 1);
    const { data } = context.getImageData(0, 0, bits, 1);
    let number = 0;
    for (let bit = 0; bit < bits; bit += 1) number += data[bit * 4] > 127 ? 2 ** bit : 0;
    shown.push({ at: performance.timeOrigin + now, number, time: mediaTime, decoded: video.getVideoPlaybackQuality().totalVideoFrames });
    video.requestVideoFrameCallback(read);
  };
  video.requestVideoFrameCallback(read);
}

async function start() {
  const player = await START[asked.get('player')](asked.get('url'));
  video.addEventListener('error', () => errors.push(`video: ${video.error.message}`));
  if (asked.has('clock')) readClock(Number(asked.get('clock')));
  await video.play();
  setInterval(() => {
    const date = player.date();
    samples.push({
      at: Date.now(), time: video.currentTime, behind: date === undefined ? undefined : (Date.now() - date) / 1000,
      height: video.videoHeight,
    });
  }, SAMPLE_MS);
  return player;
}

window.watch = { video, samples, errors, notes, shown };
window.watch.started = start().catch((error) => {
  errors.push(`start: ${error.message ?? error} ${error.code ?? ''} ${error.data ?? ''}`);
});
